/* SPDX-License-Identifier: Apache-2.0 */
/* top_columns.h: what `paene top` can show of a process, one column each, by the names that podman and ps have for them; pure. */
#ifndef CLI_TOP_COLUMNS_H
#define CLI_TOP_COLUMNS_H

#include "runtime/processes.h"
#include "runtime/user.h"

/* What a column may need besides the process. */
struct top_context {
	const struct process_list *list;
	struct user_names users, groups, host_users, host_groups;
	int64_t boot_s; /* since the epoch */
};

struct top_column {
	const char *name, *title;
	/* Its text in the arena, or NULL where there is no memory */
	char *(*text)(const struct process *p, const struct top_context *c, const struct top_column *column, struct arena *a);
	size_t member; /* of struct process, for @text */
	bool number;   /* in JSON */
};

extern const struct top_column top_columns[];
extern const size_t top_n_columns;

/* One of them. Return: NULL: there is none of this name */
const struct top_column *top_column_find(const char *name, size_t len);

#endif
