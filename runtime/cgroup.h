/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h: a container's cgroup by whoever manages it. Ours is there before the first process, which is born in it; systemd
 * makes one around a process that exists, and moves it.
 */
#ifndef RUNTIME_CGROUP_H
#define RUNTIME_CGROUP_H

#include "runtime/plan.h"
#include "runtime/state.h"

/**
 * container_cgroup_make() - Make it, before the first process is born
 * @ret:	Its fd, owned by the caller; -1 where there is none, or none yet
 *
 * Return: 0, or -errno with @e filled
 */
int container_cgroup_make(const struct plan *p, int *ret, struct err *e);

/* The same for systemd's, with a process to move into it. Nothing where it was made already, or is not to be. */
int container_cgroup_enter(const struct plan *p, pid_t pid, int *ret, struct err *e);

/* Set the plan's limits, and hand the cgroup over where it is the container's own to use. */
int container_cgroup_settle(const struct plan *p, int cgroup, struct err *e);

/* Where it is the container's to use: move the first process below, once that sees it as the root of its own hierarchy. */
int container_cgroup_step_down(const struct plan *p, int cgroup, pid_t pid, struct err *e);

/* Set the plan's device rules: before anything of the container runs. Return: 0, or -errno with @e filled */
int container_cgroup_devices(const struct plan *p, int cgroup, struct err *e);

/* Other limits, and @wishes where their files are there; systemd is told, too. Return: 0, or -errno with @e filled */
int container_cgroup_update(const struct state *s, const struct spec_resources *want, const struct spec_map *wishes,
			    struct err *e);

/* Other device rules, at once: there is no moment with too few. Return: 0, or -errno with @e filled */
int container_cgroup_rules(const struct state *s, const struct spec_device_rules *rules, struct err *e);

/* Move a process into it that could not be born there. Return: 0, or -errno with @e filled */
int container_cgroup_attach(const struct state *s, pid_t pid, struct err *e);

/* Kill what is in it, and remove it. One that is not there is fine. Return: 0, or -errno with @e filled */
int container_cgroup_remove(const struct state *s, struct err *e);

#endif
