/* SPDX-License-Identifier: Apache-2.0 */
/* run_image.h: the image of a new container: --pull, and what comes where it is not here. */
#ifndef CLI_RUN_IMAGE_H
#define CLI_RUN_IMAGE_H

#include "cli/registry.h"

struct run_image {
	const char *policy; /* --pull; NULL: missing */
	struct pull_request how;
};

/**
 * run_image_before() - What is to be done before anybody looks for the image
 *
 * Nothing, by default: then this costs nothing.
 *
 * @name:	As it was given; where it is short and was pulled, *name becomes the whole one, owned by the call's arena
 *
 * Return: 0, or -errno with @e filled
 */
int run_image_before(const struct call *c, const struct engine *g, const struct run_image *o, const char **name, struct err *e);

/* The image is not here, as @e says. Return: 0: now it is; or -errno with @e filled */
int run_image_missing(const struct call *c, const struct engine *g, const struct run_image *o, const char **name, struct err *e);

#endif
