/* SPDX-License-Identifier: Apache-2.0 */
/* container_diff.h: what a container has changed of its image's files, and an image of those below its last layer. */
#ifndef RUNTIME_CONTAINER_DIFF_H
#define RUNTIME_CONTAINER_DIFF_H

#include "images/diff.h"
#include "runtime/engine.h"

/*
 * Without what paene makes itself: the files and folders that something is mounted on.
 * Return: 0, or -errno with @e filled (-EOPNOTSUPP: it has no image)
 */
int container_diff(const struct engine *g, const char *id, struct changes *ret, struct err *e);

/* What its last layer changes of the others. Return: 0, or -errno with @e filled */
int image_diff(const struct store *s, const struct image *image, struct changes *ret, struct err *e);

#endif
