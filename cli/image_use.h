/* SPDX-License-Identifier: Apache-2.0 */
/* image_use.h: which containers need an image, whether they run or not. */
#ifndef CLI_IMAGE_USE_H
#define CLI_IMAGE_USE_H

#include "runtime/engine.h"

/* For image_remove(), which asks anew each time: containers are made meanwhile. */
struct image_asker {
	const struct engine *g;
	char words[sizeof("container ") + 128]; /* str_check_name() allows no longer name */
};
const char *image_user(const char *manifest, void *asker);

/* All there are at one moment, for lists. */
struct image_use {
	struct arena arena;
	struct strv manifests, names; /* of each container made of an image: the image's manifest, its own name */
};
int image_use_read(const struct engine *g, struct image_use *ret, struct err *e);
/* How many containers an image has. */
size_t image_use_count(const struct image_use *u, const char *manifest);

#endif
