/* SPDX-License-Identifier: Apache-2.0 */
/* run_parts.h: steps of a run that have a file of their own. */
#ifndef RUNTIME_RUN_PARTS_H
#define RUNTIME_RUN_PARTS_H

#include "runtime/run.h"

/* Hold its volumes, plan its overlays, and say so in its configuration. Return: 0, or -errno with @e filled */
int run_take_mounts(struct run *r, struct err *e);

/* @mounted: they are, so the container's own record holds them from now on */
void run_let_volumes_go(struct run *r, bool mounted);

#endif
