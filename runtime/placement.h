/* SPDX-License-Identifier: Apache-2.0 */
/* placement.h: on which CPUs a process runs, and from which NUMA nodes its memory comes. */
#ifndef RUNTIME_PLACEMENT_H
#define RUNTIME_PLACEMENT_H

#include <sys/types.h>

#include "base/err.h"
#include "spec/spec.h"

/* Is process.execCPUAffinity made of lists as "0-3,7"? Return: 0, or -EINVAL with @e filled */
int placement_check_cpus(const struct spec_cpu_affinity *a, struct err *e);

/**
 * placement_cpus() - Where a process may run, within what its cgroup allows
 * @pid:	The process; 0: this one
 * @cpus:	A list as "0-3,7"; NULL: everywhere
 *
 * For a container's first process: everywhere, whatever the caller was bound to. For an exec: the parent binds itself to the
 * initial list, where one is given, clones, frees itself again, and calls placement_of_exec().
 */
int placement_cpus(pid_t pid, const char *cpus, struct err *e);

/* Where an exec's process may run once it is in its cgroup: the final list, else where it is by the initial one, else everywhere. */
int placement_of_exec(pid_t pid, const struct spec_cpu_affinity *a, struct err *e);

/* Does linux.memoryPolicy make sense? Return: 0, or -EINVAL with @e filled */
int placement_check_memory(const struct spec_memory_policy *m, struct err *e);

/* Where the calling process takes memory from, and what it becomes by exec. Nothing is done where nothing is configured. */
int placement_memory(const struct spec_memory_policy *m, struct err *e);

#endif
