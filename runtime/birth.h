/* SPDX-License-Identifier: Apache-2.0 */
/*
 * birth.h: the clone of a container's first process into its new namespaces and its cgroup.
 *
 * One clone3 does it, but where something must have been joined or set before: who may join a namespace is decided by the user
 * namespace that one is in, offsets of a time namespace are taken only while nobody is in it, and both that and a joined user
 * namespace would stay with the caller. There a process stands between, which joins all there is to join, makes the first
 * process as its own sibling (CLONE_PARENT: our child), hands us its pidfd, and ends.
 */
#ifndef RUNTIME_BIRTH_H
#define RUNTIME_BIRTH_H

#include <sys/types.h>

#include "runtime/plan.h"

/**
 * birth() - Make the first process
 * @p:		Opened. In the child, @p->joins holds what it has still to join
 * @cgroup:	It is born there; -1: in the caller's
 * @child:	What it does; does not return
 * @ret_pidfd:	Owned by the caller, who is its parent
 *
 * Return: 0, or -errno with @e filled
 */
int birth(struct plan *p, int cgroup, void (*child)(void *arg), void *arg, pid_t *ret_pid, int *ret_pidfd, struct err *e);

#endif
