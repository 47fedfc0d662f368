/* SPDX-License-Identifier: Apache-2.0 */
/* push.h: an image of the store to a registry. */
#ifndef IMAGES_PUSH_H
#define IMAGES_PUSH_H

#include "images/remote.h"

struct push_options {
	struct remote_options remote;
	void (*progress)(const struct image_progress *p, void *arg); /* called now and then; NULL: not wanted */
	void *progress_arg;
};

/**
 * image_push() - See that a registry has an image, under a name
 * @image:	From image_find()
 * @to:		By tag, or by the image's own digest
 *
 * What it gets is byte for byte what is here, manifest included. What it has already is not sent, nor what another repository of
 * it has, as far as names here tell. The manifest goes last: a push that is killed has changed no name.
 *
 * Return: 0, or -errno with @e filled
 */
int image_push(const struct store *s, const struct image *image, const struct image_ref *to, const struct push_options *o,
	       struct err *e);

#endif
