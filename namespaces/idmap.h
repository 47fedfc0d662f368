/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.h: uid and gid maps of user namespaces (user_namespaces(7)), and mounts that are seen through a map
 * (mount_setattr(2), MOUNT_ATTR_IDMAP). Where the ids come from: idrange.h for containers of root, subid.h for those of users.
 */
#ifndef NAMESPACES_IDMAP_H
#define NAMESPACES_IDMAP_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/idrange.h"
#include "namespaces/subid.h"
#include "spec/spec.h"

/* No overlap, no wrap, no empty entry, at most 340 entries (the kernel's limit). Pure. Return: 0, or -EINVAL with @e. */
int idmap_check(const struct spec_id_maps *maps, const char *what, struct err *e);

/* Where an id of the container lies on the host; false where it is not mapped. Pure. */
bool idmap_to_host(const struct spec_id_maps *maps, uint32_t id, uint32_t *ret);

/**
 * idmap_write() - Write both maps of a process that has a new user namespace
 * @pid:	That process, a child of ours that waits
 *
 * With rights over the ids directly, one write each; without, by newuidmap(1) and newgidmap(1), and for a single id of our
 * own directly with setgroups denied.
 *
 * Return: 0, or -errno with @e filled and a hint (subuid entry missing, package uidmap)
 */
int idmap_write(pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids, struct err *e);

/* Those of a process's user namespace, as ids of ours. Return: 0, or -errno with @e filled */
int idmap_read(pid_t pid, struct arena *a, struct spec_id_maps *ret_uids, struct spec_id_maps *ret_gids, struct err *e);

/**
 * idmap_mount() - Let a detached tree be seen through a user namespace's map
 * @tree:	From open_tree(OPEN_TREE_CLONE), not yet attached
 * @userns:	fd of the user namespace
 * @recursive:	Mounts below it too
 * @what:	Names it in messages
 *
 * Return: 0, or -errno with @e filled (-EINVAL: that file system can't; -EPERM: not by us, or it has been done already)
 */
int idmap_mount(int tree, int userns, bool recursive, const char *what, struct err *e);

/**
 * idmap_nest() - Enter a new user namespace below the present one, in which there is only the caller
 * @uid, @gid:	Who that is there
 *
 * Needs a procfs on /proc. All rights over what belongs to the namespace above are lost.
 *
 * Return: 0, or -errno with @e filled
 */
int idmap_nest(uint32_t uid, uint32_t gid, struct err *e);

/* A user namespace with these maps and nobody in it, for mounts with maps of their own. Return: its fd, or -errno. */
int idmap_userns(const struct spec_id_maps *uids, const struct spec_id_maps *gids, struct err *e);

#endif
