/* SPDX-License-Identifier: Apache-2.0 */
/* lower.h: copying a file of the lower layers into this one, as overlayfs does before it makes a hard link to it. */
#ifndef IMAGES_WORKER_LOWER_H
#define IMAGES_WORKER_LOWER_H

#include "images/worker/tree.h"

/**
 * lower_copy_up() - Have a file of the lower layers in this one too, under the same name
 * @dir:	The folder of this layer that it goes into
 * @real:	That folder's path, of tree_folder()
 *
 * Return: 0; -ENOENT where there is none (or a folder), @e as it was; other -errno with @e filled
 */
int lower_copy_up(struct tree *t, int dir, const char *real, const char *name, struct err *e);

#endif
