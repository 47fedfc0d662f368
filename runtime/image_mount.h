/* SPDX-License-Identifier: Apache-2.0 */
/* image_mount.h: images mounted read-only to be looked at, by the manifest's digest; a mount keeps the image from being removed. */
#ifndef RUNTIME_IMAGE_MOUNT_H
#define RUNTIME_IMAGE_MOUNT_H

#include "runtime/engine.h"

/**
 * image_mount() - Mount an image, or count one more who wants it mounted
 * @ret_path:	Where
 *
 * Return: 0, or -errno with @e filled
 */
int image_mount(const struct engine *g, const struct image *image, char ret_path[PATH_MAX], struct err *e);

/**
 * image_unmount() - One fewer wants it; with the last one it is no longer mounted
 * @force:	Whoever else may want it
 *
 * Return: 0, or -ENOENT (it is not mounted), -EBUSY (somebody is in there) and others with @e filled
 */
int image_unmount(const struct engine *g, const char *manifest, bool force, struct err *e);

bool image_is_mounted(const struct engine *g, const char *manifest);

/* Every one that is: @f with its manifest and path; a result other than 0 ends the walk. */
int image_mount_each(const struct engine *g, int (*f)(const char *manifest, const char *path, void *arg, struct err *e),
		     void *arg, struct err *e);

#endif
