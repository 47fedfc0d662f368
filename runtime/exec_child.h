/* SPDX-License-Identifier: Apache-2.0 */
/* exec_child.h: what exec.c hands to the process that it has cloned, and the one function of that process. */
#ifndef RUNTIME_EXEC_CHILD_H
#define RUNTIME_EXEC_CHILD_H

#include <limits.h>

#include "runtime/exec.h"

struct exec_child {
	const struct exec_request *q;
	struct spec_process process; /* its own copy, completed by what is found in the container */
	struct arena arena;	     /* for that */
	int init;		     /* pidfd of the container's first process */
	uint64_t join;		     /* its namespaces that differ from ours, but for the pid namespace, which we are in */
	bool become_root;	     /* there is a user namespace among them, be it joined already */
	int root;		     /* to be changed to; -1: that of its mount namespace */
	int null_fd;
	int sock;		     /* to the parent */
	int terminal;		     /* -1 */
	char command[PATH_MAX];	     /* the file to execute */
};

/* Become the process that was asked for, or tell the parent why not. */
_Noreturn void exec_child(struct exec_child *x);

#endif
