/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore.h: a container from a checkpoint (checkpoint.h), by criu(8).
 *
 * A checkpoint is data from wherever it was carried here. What the container may do comes from the configuration alone: its
 * cgroup, mount sources, namespaces to join and labels are given to criu, and what is in the image all the same (capabilities,
 * filters, limits, mounts) is compared with the configuration before any restored process runs: see restored.h.
 */
#ifndef RUNTIME_RESTORE_H
#define RUNTIME_RESTORE_H

#include "runtime/create.h"
#include "runtime/criu.h"

/**
 * container_restore() - Make the container, and let its processes go on
 * @q:		As for container_create(); of the hooks, prestart and createRuntime are run
 * @choices:	What the user says about the checkpoint
 *
 * Return: 0, or -errno with @e filled: nothing is left, but restore.log in the work folder, which says more
 */
int container_restore(const struct create_request *q, const struct criu_choices *choices, struct created *ret, struct err *e);

#endif
