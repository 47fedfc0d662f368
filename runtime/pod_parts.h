/* SPDX-License-Identifier: Apache-2.0 */
/* pod_parts.h: what the files about pods have in common. */
#ifndef RUNTIME_POD_PARTS_H
#define RUNTIME_POD_PARTS_H

#include "runtime/pods.h"

/* The folder of all. Return: its fd, or -errno with @e filled (-ENOENT: there never was one) */
int pods_open(const struct engine *g, bool make, struct err *e);

/* pod.json, whole or not at all. Return: 0, or -errno with @e filled */
int pod_write(int dir, const struct pod *p, struct err *e);

/* Its cgroup, in which nobody is any more. Return: 0, also where there is none, or -errno with @e filled */
int pod_cgroup_remove(const struct engine *g, const struct pod *p, struct err *e);

#endif
