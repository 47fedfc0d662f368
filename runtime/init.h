/* SPDX-License-Identifier: Apache-2.0 */
/* init.h: the first process of a container, from the clone to the user's command. */
#ifndef RUNTIME_INIT_H
#define RUNTIME_INIT_H

#include "runtime/plan.h"
#include "runtime/state.h"

struct init {
	struct plan *plan; /* our copy */
	struct state *state; /* for the hooks that run in here */
	int sock;	   /* to the parent */
	int start;	   /* listening socket on which `start` comes; -1: execute as soon as all is ready */
	bool debug;	   /* the parent wants to hear what is being done */
	/* filled on the way */
	struct spec_process process; /* the configuration's, with the user looked up */
	int root;	   /* the new root */
	int terminal;	   /* the pty's terminal side */
	bool filtered;	   /* the seccomp filter is in */
	char command[4096]; /* the file to execute */
};

/* Does not return: becomes the command, or tells the parent why not and exits. */
_Noreturn void init_run(struct init *in);

#endif
