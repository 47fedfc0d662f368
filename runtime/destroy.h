/* SPDX-License-Identifier: Apache-2.0 */
/* destroy.h: giving back what a container took: after a failed create, for delete, and after a crash. Idempotent. */
#ifndef RUNTIME_DESTROY_H
#define RUNTIME_DESTROY_H

#include "runtime/state.h"

/**
 * container_remove_all() - Kill and remove, from what its state says was taken; any part may be missing
 * @root:	Folder of states
 * @dir:	The container's folder, locked by the caller
 * @s:		Its state
 *
 * Return: 0, or -errno with @e filled: the first failure, after everything else was tried
 */
int container_remove_all(int root, int dir, const struct state *s, struct err *e);

/**
 * container_delete() - The verb: a stopped container, or with @force any
 *
 * poststop hooks run after it is gone; their failures are reported in @e with a return of 1.
 *
 * Return: 0, 1, or -errno with @e filled (-EBUSY: not stopped)
 */
int container_delete(int root, const char *id, bool force, struct err *e);

/* Whether @id was left by a crashed creation; then it is removed. */
bool container_clear_crashed(int root, const char *id);

#endif
