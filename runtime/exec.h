/* SPDX-License-Identifier: Apache-2.0 */
/* exec.h: a further process in a running container: its namespaces by the pidfd of init, its cgroup by clone3. */
#ifndef RUNTIME_EXEC_H
#define RUNTIME_EXEC_H

#include "runtime/plan.h"
#include "runtime/state.h"

struct exec_request {
	int root;		       /* folder of states */
	const char *id;
	const struct spec_process *process; /* complete: nothing is taken from the container's own */
	const struct seccomp_plan *seccomp; /* NULL: no filter */
	int stdio[3];		       /* become 0, 1, 2 without a terminal; -1: /dev/null */
	const char *console_socket;    /* with process->terminal; NULL: keep the terminal */
	const char *pid_file;	       /* written when the exec is certain; NULL: none */
	unsigned preserve_fds;
	bool make_cwd;		       /* make a missing working folder */
};

struct exec_result {
	pid_t pid;
	int pidfd;   /* owned; a child of ours */
	int console; /* ptmx, -1: none; owned */
};

/**
 * container_exec() - Start it
 *
 * Return: 0 when the program runs, or -errno with @e filled (exit_status 126 or 127 where it can't be executed)
 */
int container_exec(const struct exec_request *q, struct exec_result *ret, struct err *e);

#endif
