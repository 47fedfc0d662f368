/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_cgroup.h: the cgroup that criu(8) is to run in, so that all that it restores is born there, and the cgroup namespace.
 *
 * Both may need a process that is in the cgroup before criu is there: systemd makes a scope around one, and the root of a cgroup
 * namespace is the cgroup of whoever makes it. That process does nothing else, and ends when criu has come.
 */
#ifndef RUNTIME_RESTORE_CGROUP_H
#define RUNTIME_RESTORE_CGROUP_H

#include "runtime/plan.h"

struct restore_cgroup {
	int cgroup;	  /* -1: none */
	int own;	  /* our own cgroup namespace, while we are in the container's; -1 */
	int sock, pidfd;  /* of that process; -1 */
};
#define RESTORE_CGROUP_NONE { -1, -1, -1, -1 }

/**
 * restore_cgroup_enter() - Make the cgroup with its limits; where asked, join a cgroup namespace of it: who is started now has it
 * @namespace_too: The container has one of its own, and criu does not make it
 *
 * Return: 0, or -errno with @e filled; restore_cgroup_leave() in any case
 */
int restore_cgroup_enter(struct restore_cgroup *r, const struct plan *p, bool namespace_too, struct err *e);

/* Move a process into the cgroup. Return: 0, or -errno with @e filled. */
int restore_cgroup_move(const struct restore_cgroup *r, pid_t pid, struct err *e);

/* Return to the own cgroup namespace. The cgroup stays. Return: 0, or -errno with @e filled. */
int restore_cgroup_leave(struct restore_cgroup *r, struct err *e);

#endif
