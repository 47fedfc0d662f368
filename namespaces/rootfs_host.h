/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_host.h: the steps of rootfs.h for ROOTFS_HOST, each called from the function there that has the same name. */
#ifndef NAMESPACES_ROOTFS_HOST_H
#define NAMESPACES_ROOTFS_HOST_H

#include "namespaces/rootfs.h"

/* Fill @r->parts and @r->notes, and make the folders of each overlay. @r->container_tree is open. */
int rootfs_host_open(struct rootfs_plan *r, struct err *e);

/* The root must be idmapped; another part that can't be is left out and noted. */
int rootfs_host_idmap(struct rootfs_plan *r, int userns, struct err *e);

/* Return: fd of the new root, or -errno with @e filled */
int rootfs_host_mount(struct rootfs_plan *r, struct err *e);

#endif
