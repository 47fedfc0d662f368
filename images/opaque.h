/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opaque.h: folders of an overlay's upper folder that hide what is below them. The kernel says so by an attribute, fuse-overlayfs
 * by one that only root may read, and by two files: an empty one, and a whiteout.
 */
#ifndef IMAGES_OPAQUE_H
#define IMAGES_OPAQUE_H

#include <stdbool.h>

#define OPAQUE_ATTRIBUTE "user.overlay.opaque" /* "y" */

bool opaque_has_attribute(int folder);

/* By either of them. @folder: readable */
bool opaque_folder(int folder);

/* Is it one of fuse-overlayfs' two files? They count only where a folder is opaque, and are none of the container's */
bool opaque_file(const char *name);

#endif
