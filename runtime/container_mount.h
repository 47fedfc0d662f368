/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_mount.h: roots of containers mounted to be looked at and written to, by their ids.
 *
 * Of one that runs it is the very root that it sees, without what is mounted in it; its owners are those on the host, which are not
 * the container's where its ids are mapped: then it is read-only. Of others: the layers of its image and its own one. An upper folder must not be in two
 * overlays, so the next start ends such a mount, or fails where somebody is in there. That there may be a mount says
 * settings.mounted, which is on disk before: a start of others asks nobody.
 */
#ifndef RUNTIME_CONTAINER_MOUNT_H
#define RUNTIME_CONTAINER_MOUNT_H

#include "runtime/engine.h"

/* As kept_mount(). Return: 0, or -errno with @e filled (-EOPNOTSUPP: it has no layers) */
int container_mount(const struct engine *g, const char *id, char ret_path[PATH_MAX], struct err *e);

/* As kept_unmount(). Return: 0, or -errno with @e filled */
int container_unmount(const struct engine *g, const char *id, bool force, struct err *e);

/* For a start and a removal of one whose settings say that it may be mounted. @force: whoever is in there. Return: 0, or -errno with @e filled */
int container_mount_end(const struct engine *g, const struct settings *s, bool force, struct err *e);

/* Every one that is: @f with its id and path; a result other than 0 ends the walk. */
int container_mount_each(const struct engine *g, int (*f)(const char *id, const char *path, void *arg, struct err *e), void *arg,
			 struct err *e);

/* For a sweep: mounts of containers that are no more. */
void container_mount_sweep(const struct engine *g);

/* Of one that does not run and is mounted: the tree once more, attached nowhere. Return: its fd, or -ENOENT and others with @e filled */
int container_mount_tree(const struct engine *g, const char *id, struct err *e);

#endif
