/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts.h: the mounts of a container: a list of plain operations made from the configuration (mount_list.h, pure), their
 * sources opened in the host (mount_sources.h), run in the container's mount namespace, by fd and with the new mount API, in
 * order.
 *
 * Theory of operation. A bind's source is a detached tree (open_tree with OPEN_TREE_CLONE). For a private user namespace the
 * parent takes it where it has CAP_SYS_ADMIN in the host (so that trees can be had which init could not reach, and so that
 * the parent can idmap them); else init does, in its turn and before it leaves the host's tree, so that mounts are made, and
 * listed, in the order of the configuration. What earlier mounts have made is there for init alone: where its ids are to be
 * mapped, init clones it and hands the tree to the parent (mount_context.idmap). A new file system is made by init, so that it
 * belongs to the container's user namespace; /dev alone is made by the parent where that has the rights, so that device nodes
 * on it work. Targets are walked with RESOLVE_IN_ROOT from the new root's fd, made where missing, and never walked again:
 * move_mount attaches by two fds.
 */
#ifndef NAMESPACES_MOUNTS_H
#define NAMESPACES_MOUNTS_H

#include <sys/types.h>

#include "namespaces/mount_list.h"
#include "namespaces/mount_sources.h"

/**
 * mount_list_run() - Do them, in order, in the container's mount namespace; in init
 * @root:	fd of the new root, attached in the calling mount namespace; replaced where something is mounted on the root
 *
 * A tmpfs that shall be read-only stays writable until mount_list_seal(): mount points and device nodes are still to be made
 * in it. Trees stay open for mount_list_close().
 *
 * Return: 0, or -errno with @e filled ("mount /data: …")
 */
int mount_list_run(struct mount_list *l, int *root, const struct mount_context *c, struct err *e);

/* Give those away that are to be the process's user's. Return: 0, or -errno with @e filled. */
int mount_list_chown(const struct mount_list *l, uid_t uid, gid_t gid, struct err *e);

/* Make those tmpfs read-only, when mounts and devices are in place. Return: 0, or -errno with @e filled. */
int mount_list_seal(struct mount_list *l, struct err *e);

#endif
