/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt.h: shares of caches and memory bandwidth (linux.intelRdt): a group is a folder of the kernel's resctrl file system, whose
 * "schemata" says what it may use and whose "tasks" who is in it (Documentation/filesystems/resctrl.rst).
 */
#ifndef RUNTIME_RDT_H
#define RUNTIME_RDT_H

#include <sys/types.h>

#include "base/err.h"
#include "runtime/state.h"
#include "spec/spec.h"

/**
 * rdt_plan() - Decide, and see that this machine can do it
 * @id:		The container's: its group's name where the configuration names none
 * @ret:	rdt_group, rdt_monitor and rdt_made are set; strings are borrowed from @r and @id
 *
 * Return: 0, or -errno with @e filled
 */
int rdt_plan(const struct spec_intel_rdt *r, const char *id, struct state *ret, struct err *e);

/* Make the group, where that is ours to do, and say what it may use. Nothing is done for a container without one. */
int rdt_make(const struct spec_intel_rdt *r, const struct state *s, struct err *e);

/* Put a process into a container's group; its children are born there. */
int rdt_enter(const struct state *s, pid_t pid, struct err *e);

/**
 * rdt_change() - Other shares, for `update`
 * @l3_cache:	A line of schemata ("L3:0=7f0;1=1f"), NULL: as it is
 * @mem_bw:	The same for memory bandwidth
 *
 * Return: 0, or -errno with @e filled, with the kernel's own words where it has some
 */
int rdt_change(const struct state *s, const char *l3_cache, const char *mem_bw, struct err *e);

/* Remove what rdt_make() has made. What is gone already is fine. */
int rdt_remove(const struct state *s, struct err *e);

#endif
