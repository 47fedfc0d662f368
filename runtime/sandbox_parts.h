/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox_parts.h: from the options of a sandbox to a configuration: one file each for what it sees, and what it is told. */
#ifndef RUNTIME_SANDBOX_PARTS_H
#define RUNTIME_SANDBOX_PARTS_H

#include "runtime/compose.h"
#include "runtime/create.h"
#include "runtime/sandbox.h"

#define SANDBOX_INIT "/run/paene-init" /* its first process */

struct sandbox {
	const struct engine *g;
	const struct sandbox_options *o;
	struct spec spec;
	size_t mounts_room;
	const char *home;  /* a folder, absolute and normal; NULL: there is none to hide */
	const char *cwd;   /* the current folder */
	const char *store; /* folder in which upper/ and work/ lie; NULL: in memory */
	struct strv notes; /* for the user */
	char id[13]; /* of the one on record */
	struct engine recorded; /* its run and states are open for those on record; states -1: this one is not */
};

/* Its mounts, in their order. Return: 0, or -errno with @e filled */
int sandbox_view(struct sandbox *s, struct err *e);

/* Its environment: ours, without what looks like a secret. Return: 0, or -ENOMEM with @e filled */
int sandbox_environment(struct sandbox *s, struct err *e);

/* Put it on record if anything of it must be given back, and plan that. Return: 0, or -errno with @e filled */
int sandbox_take_resources(struct sandbox *s, struct create_request *q, struct err *e);

/* After its end, and for those whose command was killed. */
void sandbox_give_back(struct sandbox *s);

/* Is it the name of a variable that a sandbox is not told? */
bool sandbox_is_secret(const char *name);

#endif
