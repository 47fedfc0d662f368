/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_root.h: the root file system as criu(8) wants it for a restore: a mount point whose parent is not mounted over, with
 * a mount point in it for whatever is mounted there later. It lies in the container's state folder, in a mount namespace of
 * its own that ends with criu: nothing is left of it.
 */
#ifndef RUNTIME_RESTORE_ROOT_H
#define RUNTIME_RESTORE_ROOT_H

#include <limits.h>

#include "runtime/plan.h"
#include "runtime/wire.h"

struct restore_root {
	char path[PATH_MAX];
	int mounts, root, cwd; /* of the caller, to come back; -1 */
};
#define RESTORE_ROOT_NONE { .mounts = -1, .root = -1, .cwd = -1 }

/**
 * restore_root_enter() - Move into a new mount namespace that has it
 * @dir:	The container's state folder
 * @options:	Get the sources of the container's mounts
 *
 * Return: 0, or -errno with @e filled; restore_root_leave() in any case
 */
int restore_root_enter(struct restore_root *r, struct plan *p, int dir, struct wire *options, struct err *e);

/* Return to the caller's own mount namespace, root and folder. Return: 0, or -errno with @e filled. */
int restore_root_leave(struct restore_root *r, struct err *e);

#endif
