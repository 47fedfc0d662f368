/* SPDX-License-Identifier: Apache-2.0 */
/*
 * masks.h: paths of /proc and /sys that a container must not read or write.
 *
 * A masked file is covered by our own /dev/null, verified as 1:3 (rule K5), a masked folder by one shared, read-only, empty
 * tmpfs; a read-only path by a read-only bind of itself. A path that does not exist is skipped.
 *
 * Sysctls (sysctl.h) must be set before: in a user namespace a new procfs, which that needs, can be mounted only while one
 * without masks is in sight.
 */
#ifndef NAMESPACES_MASKS_H
#define NAMESPACES_MASKS_H

#include "base/err.h"
#include "namespaces/sysctl.h"
#include "spec/spec.h"

/**
 * masks_apply() - In init, before capabilities go
 * @root:	fd of the container's root
 * @null_fd:	An fd of a device 1:3 in this mount namespace, for where the calling process's root (the host's, before pivot)
 *		has no /dev/null that is one; -1: none
 *
 * Return: 0, or -errno with @e filled ("mask /proc/kcore: …")
 */
int masks_apply(int root, int null_fd, const struct strv *masked, const struct strv *readonly, struct err *e);

#endif
