/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meta.h: owner, mode, extended attributes and times of a file of a
 * layer: where they come from, and how they are set.
 */
#ifndef IMAGES_WORKER_META_H
#define IMAGES_WORKER_META_H

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "base/arena.h"
#include "base/err.h"

struct meta_xattr {
	const char *name;
	const void *value;
	size_t size;
};

struct meta {
	mode_t mode; /* the twelve permission bits */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	const struct meta_xattr *xattrs;
	size_t n_xattrs;
};

/* What a folder gets that nobody describes: root's, 0755, and the same time in every unpacking. */
extern const struct meta meta_default;

/* Mark a folder so that overlayfs shows nothing of the lower layers in it. Return: 0 or -errno */
int meta_set_opaque(int fd);

/**
 * meta_apply() - Make an open file or folder what @m says; the file's content must be written before
 * @fd:		Not an O_PATH one
 * @acls:	A folder above may have left it an access control list that is not its own
 *
 * Attributes that steer overlayfs or security modules never come from outside (rule U09): kept are
 * security.capability, user.* but for user.overlay.*, and POSIX access control lists where the file system has
 * them.
 *
 * Return: 0, or -errno with @e filled, without the file's name
 */
int meta_apply(int fd, const struct meta *m, bool acls, struct err *e);

/* The same for what can't be opened: a symbolic link, a device node, a fifo. They have no attributes that we keep. */
int meta_apply_at(int dir, const char *name, const struct meta *m, struct err *e);

/* Whether this folder's children inherit a list from it. */
bool meta_has_default_acl(const struct meta *m);

/* Read what meta_apply() would set from an open file or folder. Return: 0, or -errno with @e filled */
int meta_read(int fd, struct arena *a, struct meta *ret, struct err *e);

/* Part of meta_read() that needs no attributes. */
void meta_from_stat(const struct stat *st, struct meta *ret);

#endif
