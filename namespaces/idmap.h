/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.h: uid and gid maps of user namespaces (user_namespaces(7)), the ranges of ids that containers get, and mounts that
 * are seen through a map (mount_setattr(2), MOUNT_ATTR_IDMAP).
 */
#ifndef NAMESPACES_IDMAP_H
#define NAMESPACES_IDMAP_H

#include <sys/types.h>

#include "base/err.h"
#include "spec/spec.h"

#define IDMAP_RANGE 65536 /* ids of one container, and the alignment of a range */

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
 * Return: 0, or -errno with @e filled and a hint (subuid entry missing, package uidmap, sysctl that forbids)
 */
int idmap_write(pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids, struct err *e);

/**
 * idmap_take_range() - Reserve 65,536 ids for a container: idranges/START made with O_EXCL, holding the container's id
 * @ranges:	Folder fd of idranges/
 * @id:		Container id
 * @ret_start:	First host id
 *
 * Ranges come from the `paene` entries of /etc/subuid and /etc/subgid (both must allow it); where there is no such entry,
 * from 2,147,483,648 - 65,536 downwards outside every other entry and every user of /etc/passwd.
 *
 * Return: 0, or -errno with @e filled (-ENOSPC: all are in use)
 */
int idmap_take_range(int ranges, const char *id, uint32_t *ret_start, struct err *e);

/* Give it back, if it is @id's. What is not there is fine. */
int idmap_release_range(int ranges, const char *id, uint32_t start, struct err *e);

/* The calling user's own sub-ids, for containers without root. @ret: maps 0 to the user, 1… to the sub-ids; in @arena. */
int idmap_own(struct arena *arena, struct spec_id_maps *ret_uids, struct spec_id_maps *ret_gids, struct err *e);

/**
 * idmap_mount() - Let a detached tree be seen through a user namespace's map
 * @tree:	From open_tree(OPEN_TREE_CLONE), not yet attached
 * @userns:	fd of the user namespace
 * @recursive:	Mounts below it too
 *
 * Return: 0, or -errno with @e filled (-EINVAL, -EPERM: that file system can't; @what is named in the hint)
 */
int idmap_mount(int tree, int userns, bool recursive, const char *what, struct err *e);

/* A user namespace with these maps and nobody in it, for mounts with maps of their own. Return: its fd, or -errno. */
int idmap_userns(const struct spec_id_maps *uids, const struct spec_id_maps *gids, struct err *e);

#endif
