/* SPDX-License-Identifier: Apache-2.0 */
/* stats_watch.h: the containers that `paene stats` looks at, again and again: they come, run, end, run again, and go. */
#ifndef CLI_STATS_WATCH_H
#define CLI_STATS_WATCH_H

#include "cli/spark.h"
#include "runtime/usage.h"

struct watched {
	char *id;
	struct settings settings;
	int64_t started_s; /* of the present run, since the epoch; 0: not known */
	struct meter meter;
	struct usage before, now;
	bool runs;
	size_t looks; /* at the present run; 0: it does not run, or cannot be looked at */
	struct spark cpu, memory;
	bool there; /* seen by the present look */
};

struct watch_list {
	const struct engine *g;
	const struct strv *only; /* ids; NULL: all that there are */
	bool all;		 /* those that do not run, too */
	struct watched **v;
	size_t n, room;
};

/**
 * watch_list_look() - Find out which containers there are, and look at each that runs
 * @w:		g, only and all set by the caller, the rest zero; to be freed with watch_list_free()
 *
 * One that ends meanwhile, or cannot be looked at, is no failure.
 *
 * Return: 0, or -errno with @e filled
 */
int watch_list_look(struct watch_list *w, struct err *e);
void watch_list_free(struct watch_list *w);
#define auto_watch_list __attribute__((cleanup(watch_list_free)))

#endif
