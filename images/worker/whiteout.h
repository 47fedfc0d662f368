/* SPDX-License-Identifier: Apache-2.0 */
/* whiteout.h: what hides a file of a lower layer, as overlayfs knows it: a character device 0:0 in its place. */
#ifndef IMAGES_WORKER_WHITEOUT_H
#define IMAGES_WORKER_WHITEOUT_H

#include <sys/stat.h>

#include "base/err.h"

bool whiteout_is(const struct stat *st);

/**
 * whiteout_make() - Hide what lower layers have under a name
 * @dir:	Folder of this layer
 *
 * What this layer itself has there stays: a file hides by being there, a folder is marked opaque.
 *
 * Return: 0 or -errno
 */
int whiteout_make(int dir, const char *name);

#endif
