/* SPDX-License-Identifier: Apache-2.0 */
/* ps_entry.h: a container as `ps` shows it: a row of its tables, an object with podman's keys, what a template finds. */
#ifndef CLI_PS_ENTRY_H
#define CLI_PS_ENTRY_H

#include "cli/output.h"
#include "cli/port_view.h"
#include "runtime/storage.h"

struct ps_entry {
	char *id, *short_id, *name, *image, *image_id, *created, *ago, *state, *status;
	char *command_words, *mount_words, *network_words, *port_words; /* of tables and templates */
	char *size_words;
	char *pod, *pod_short, *pod_name; /* "": it is in none */
	bool infra;
	struct strv names, command, mounts, networks;
	struct port_view ports;
	int64_t created_s, started_s, exited_s;
	uint32_t pid;
	int32_t exit_code;
	uint64_t restarts;
	bool exited, remove;
	struct spec_map labels;
	struct spec_map namespaces; /* their numbers, of one that runs */
	struct {
		struct storage_sizes bytes;
		bool asked;
	} size;
};

/* How containers are shown. */
struct ps_view {
	const struct engine *g;
	struct arena *arena; /* of what entries point to */
	bool size, namespaces, pods; /* are asked for */
	bool whole;	       /* ids and commands */
	char manifest[65], image_id[65]; /* of the image that was asked for last */
};

/* The table, or that of --ns; JSON and templates have words of their own. @format: of --format. */
void ps_listing(const struct ps_view *v, const char *format, struct listing *ret);

/**
 * ps_entry_fill() - Describe a container
 * @c:		Must live as long as @ret
 * @objects:	Not for a table: what only JSON and templates have, too
 *
 * Return: 0, or -errno with @e filled (-ENOENT: it is just being removed)
 */
int ps_entry_fill(struct ps_view *v, const struct container *c, bool objects, struct ps_entry *ret, struct err *e);

#endif
