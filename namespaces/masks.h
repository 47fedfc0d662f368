/* SPDX-License-Identifier: Apache-2.0 */
/*
 * masks.h: paths of /proc and /sys that a container must not read or write, and kernel parameters that it gets.
 *
 * A masked file is covered by our own /dev/null, verified as 1:3 (rule K5), a masked folder by one shared, read-only, empty
 * tmpfs; a read-only path by a read-only bind of itself. A path that does not exist is skipped.
 */
#ifndef NAMESPACES_MASKS_H
#define NAMESPACES_MASKS_H

#include "base/err.h"
#include "spec/spec.h"

/**
 * masks_apply() - In init, in the new root, before capabilities go
 * @root:	fd of the container's root
 * @null_fd:	An O_PATH or open fd of a device 1:3
 *
 * Return: 0, or -errno with @e filled ("mask /proc/kcore: …")
 */
int masks_apply(int root, int null_fd, const struct strv *masked, const struct strv *readonly, struct err *e);

/**
 * sysctl_check() - Is this a parameter of a namespace that the container owns? Pure
 * @spec:	Its namespaces: net.* needs a network namespace of its own, and so on
 *
 * Keys with '.' or '/' as separators; ".." and empty parts are refused (S26).
 *
 * Return: 0, or -EPERM or -EINVAL with @e filled (it says which namespace is needed)
 */
int sysctl_check(const struct spec *spec, const char *key, struct err *e);

/**
 * sysctl_apply() - Write them through a private procfs that nobody can have mounted over (rule K4); in init
 */
int sysctl_apply(const struct spec_map *sysctls, struct err *e);

#endif
