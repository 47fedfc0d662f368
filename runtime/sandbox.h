/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h: a command in a throw-away view of this machine: what it writes is caught, what it has no business with is hidden.
 *
 * What one with a name has caught is kept: sandbox_store.h. A sandbox without a name has nothing on any disk: what it writes is in memory, and goes with it. See README.md, "Sandboxes".
 */
#ifndef RUNTIME_SANDBOX_H
#define RUNTIME_SANDBOX_H

#include "runtime/engine.h"
#include "runtime/limit_options.h"

/* As written on the command line; NULL: not given. */
struct sandbox_options {
	char *const *command; /* ends with NULL; not empty */
	const char *name;   /* keep what is caught; NULL: it is dropped, or with @keep it gets a name */
	const char *workdir, *hostname, *time;
	struct strv ro, rw;	/* PATH[:TARGET] */
	struct strv hide, tmp;	/* PATH */
	struct strv env, keep_env;
	bool copy, keep, net, read_only;
	struct limit_options limits; /* memory, memory_swap, cpus, pids_limit */
};

/**
 * sandbox_run() - Make it, pass on what goes in and out, wait for its end
 * @g:		From engine_locate(); nothing of it has to be open
 * @warn:	Is told what the user should know
 * @ret_status:	Its exit status as a shell says it
 *
 * Return: 0, or -errno with @e filled
 */
int sandbox_run(const struct engine *g, const struct sandbox_options *o, void (*warn)(const char *text, void *arg), void *arg,
		int *ret_status, struct err *e);

#endif
