/* SPDX-License-Identifier: Apache-2.0 */
/* find.h: image_find() for those who must know by what kind of name the image was found. */
#ifndef IMAGES_FIND_H
#define IMAGES_FIND_H

#include "images/images.h"

/**
 * image_resolve() - image_find(), and the name as it is in refs/
 * @ret_ref:	The reference that led to the image; its host is "" where an id did
 *
 * Return: as image_find()
 */
int image_resolve(const struct store *s, const char *name, struct image *ret, struct image_ref *ret_ref, struct err *e);

/* The store that it is in. */
const struct store *image_home(const struct store *s, const struct image *image);

#endif
