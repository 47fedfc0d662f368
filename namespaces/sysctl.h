/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl.h: kernel parameters that a container gets: only those of namespaces that it owns. */
#ifndef NAMESPACES_SYSCTL_H
#define NAMESPACES_SYSCTL_H

#include "base/err.h"
#include "spec/spec.h"

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
 *
 * Return: 0, or -errno with @e filled ("sysctl net.ipv4.ip_forward: …")
 */
int sysctl_apply(const struct spec_map *sysctls, struct err *e);

#endif
