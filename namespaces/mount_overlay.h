/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_overlay.h: an overlay that a container has beside its root: over a folder of the host, or of an image's layers.
 *
 * As with the root (rootfs.h), overlayfs wants its folders attached where it is mounted, and with the container's ids: so the
 * parent clones them, maps their ids, and init attaches them at the target, below the overlay that is to hide them:
 *
 *   hub/lower    the folder whose folders are the layers
 *   hub/upper, hub/work     what is written; or, where the user has named such folders, below hub/own
 *
 * Where the hub is a folder of the container's own (spec_overlay.inside), nothing has to be cloned or mapped: what is overlaid is
 * named by its path on the host, which init still sees.
 */
#ifndef NAMESPACES_MOUNT_OVERLAY_H
#define NAMESPACES_MOUNT_OVERLAY_H

#include "namespaces/mount_list.h"

/* Clone what it is made of; in the parent. Return: 0, or -errno with @e filled */
int mount_overlay_open(struct mount_op *op, struct err *e);

/* Map the ids of what is open. Return: 0, or -errno with @e filled */
int mount_overlay_idmap(const struct mount_op *op, int userns, struct err *e);

/* Mount it at its target; in init. Changes the working directory. Return: 0, or -errno with @e filled */
int mount_overlay_run(struct mount_op *op, int root, struct err *e);

#endif
