/* SPDX-License-Identifier: Apache-2.0 */
/*
 * controllers.h: which controllers a cgroup has, and switching them on on the way down to it. A set of controllers is
 * an unsigned with BIT(enum cgroup_controller).
 */
#ifndef CGROUPS_CONTROLLERS_H
#define CGROUPS_CONTROLLERS_H

#include "base/err.h"
#include "cgroups/cgroups.h"

#define CGROUP_ALL_CONTROLLERS (BIT(CGROUP_CONTROLLER_COUNT) - 1)

/* The set that "cpu io memory" names; words we have no use for are skipped. */
unsigned cgroup_controllers_parse(const char *text);

/* The set a cgroup has (@file "cgroup.controllers") or hands down ("cgroup.subtree_control"). */
int cgroup_controllers_read(int cgroup, const char *file, unsigned *ret, struct err *e);

/* The controller that the name of a file begins with ("memory.max"), or CGROUP_CONTROLLER_COUNT. */
enum cgroup_controller cgroup_controller_of_file(const char *file);

/**
 * cgroup_controllers_enable() - Hand controllers down to a cgroup
 * @root:	From cgroup_open_root()
 * @path:	A checked path; all folders above its last part exist
 * @needed:	These must reach it
 * @wanted:	These too where it is possible: limits given later, defaults and statistics need them
 *
 * Return: 0, or -errno with @e filled: it names the controller and the cgroup that does not hand it down
 */
int cgroup_controllers_enable(int root, const char *path, unsigned needed, unsigned wanted, struct err *e);

/* Say that a controller is not there, and what can be done. Return: -ENOENT */
int cgroup_controller_missing(const char *controller, struct err *e);

/* Say why a file is not there: no controller, or a kernel whose controller has no such file. Return: -ENOENT */
int cgroup_file_missing(int cgroup, const char *file, struct err *e);

#endif
