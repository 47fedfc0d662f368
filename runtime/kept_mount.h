/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept_mount.h: trees mounted to be looked at, which outlive the command: RUN/KIND/NAME/.
 *
 *   root    where it is mounted
 *   count   how many have asked for it and not yet given it back
 *
 * Whoever changes something there holds the folder's lock.
 */
#ifndef RUNTIME_KEPT_MOUNT_H
#define RUNTIME_KEPT_MOUNT_H

#include "runtime/engine.h"

struct kept_mount {
	const char *kind, *name; /* each the name of a folder */
	/* The tree, attached nowhere; the folder is there by now. Return: its fd, or -errno with @e filled */
	int (*open)(void *arg, struct err *e);
	void *arg;
};

/**
 * kept_mount() - Mount it, or count one more who wants it mounted
 * @ret_path:	Where
 *
 * Return: 0, or -errno with @e filled
 */
int kept_mount(const struct engine *g, const struct kept_mount *m, char ret_path[PATH_MAX], struct err *e);

/**
 * kept_unmount() - One fewer wants it; with the last one it is no longer mounted
 * @force:	Whoever else may want it, or is in there
 * @all:	Nobody wants it any more
 *
 * Return: 0, or -ENOENT (it is not mounted), -EBUSY (somebody is in there) and others with @e filled
 */
int kept_unmount(const struct engine *g, const struct kept_mount *m, bool force, bool all, struct err *e);

/* Is it mounted, or about to be? */
bool kept_mount_exists(const struct engine *g, const struct kept_mount *m);

/* What is mounted, once more and attached nowhere. Return: its fd, or -errno with @e filled (-ENOENT: it is not) */
int kept_mount_tree(const struct engine *g, const struct kept_mount *m, struct err *e);

/* Every one that is: @f with its name and path; a result other than 0 ends the walk. */
int kept_mount_each(const struct engine *g, const char *kind,
		    int (*f)(const char *name, const char *path, void *arg, struct err *e), void *arg, struct err *e);

#endif
