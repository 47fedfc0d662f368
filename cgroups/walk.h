/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h: a cgroup and all below it. The tree may be a container's own work, as deep and wide as it liked: the walk
 * holds two fds however deep it goes.
 */
#ifndef CGROUPS_WALK_H
#define CGROUPS_WALK_H

#include "base/err.h"

struct cgroup_walk {
	/* For each cgroup, before those below it; NULL: not wanted. Return: 0, or -errno with @e: the walk ends */
	int (*enter)(int cgroup, void *arg, struct err *e);
	/* For each but the first, after those below it: it is @name in @parent; NULL: not wanted. Return: the same */
	int (*leave)(int parent, const char *name, void *arg, struct err *e);
	void *arg;
};

/**
 * cgroup_walk() - Visit a cgroup and all below it; one that vanishes meanwhile is skipped
 *
 * Return: 0, or what a visit returned, or -errno with @e filled
 */
int cgroup_walk(int cgroup, const struct cgroup_walk *w, struct err *e);

#endif
