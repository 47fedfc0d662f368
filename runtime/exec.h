/* SPDX-License-Identifier: Apache-2.0 */
/* exec.h: a further process in a running container: its namespaces by the pidfd of init, its cgroup by clone3. */
#ifndef RUNTIME_EXEC_H
#define RUNTIME_EXEC_H

#include "runtime/debug.h"
#include "runtime/plan.h"
#include "runtime/state.h"

struct exec_request {
	const struct state *state;	    /* the container */
	const struct spec *spec;	    /* its configuration: what no exec can change */
	const struct spec_process *process; /* complete: exec_inherit() */
	const struct seccomp_plan *seccomp; /* NULL: no filter */
	int stdio[3];			    /* become 0, 1, 2 without a terminal; -1: /dev/null */
	const char *console_socket;	    /* with process->terminal; NULL: keep the terminal */
	bool plain_lines; /* what is kept of it will be shown on no terminal */
	const char *pidfd_socket;	    /* send the pidfd there; NULL: nobody asks */
	const char *pid_file;		    /* written when the exec is certain; NULL: none */
	const char *cgroup;		    /* below the container's, "/": that itself; NULL: that, or where its init is by now */
	const struct debug *debug;	    /* is told what is being done; NULL: nobody asks */
	unsigned preserve_fds;
	bool ignore_paused;		    /* in a paused container it waits until that is resumed */
};

struct exec_result {
	pid_t pid;
	int pidfd;   /* owned; a child of ours */
	int console; /* ptmx, -1: none; owned */
};

/* Give a process, decoded from a file of its own, what it does not say: what the container's own has. */
void exec_inherit(struct spec_process *p, const struct spec_process *own);

/**
 * container_exec() - Start it
 *
 * Return: 0 when the program runs, or -errno with @e filled (exit_status 126 or 127 where it can't be executed)
 */
int container_exec(const struct exec_request *q, struct exec_result *ret, struct err *e);

void exec_result_close(struct exec_result *x);
#define auto_exec_result __attribute__((cleanup(exec_result_close)))

#endif
