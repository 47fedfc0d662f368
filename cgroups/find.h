/* SPDX-License-Identifier: Apache-2.0 */
/* find.h: what the kernel's two lists say about cgroups, as pure functions on their text: a fuzzer reaches them. */
#ifndef CGROUPS_FIND_H
#define CGROUPS_FIND_H

#include <limits.h>

#include "base/err.h"

/**
 * cgroup_find_mount() - The first mount of a whole cgroup2 hierarchy in /proc/self/mountinfo
 * @mountinfo:	The file's text; proc_pid_mountinfo(5)
 * @ret:	The mount point, its octal escapes undone
 *
 * Return: whether there is one
 */
bool cgroup_find_mount(const char *mountinfo, char ret[PATH_MAX]);

/* The path in the "0::" line of /proc/PID/cgroup. Return: whether there is one. */
bool cgroup_find_path(const char *proc_cgroup, char ret[PATH_MAX]);

/* Whether /proc/self/cgroup lists @controller ("memory", "io") in a hierarchy of version 1. */
bool cgroup_find_v1(const char *proc_cgroup, const char *controller);

#endif
