/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.h: all that is known of a container or an image, as JSON; keys are those of podman and docker, where they have one. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include <jansson.h>

#include "runtime/engine.h"

/* @ret: a new reference. Return: 0, or -errno with @e filled */
int inspect_container(const struct engine *g, const char *id, bool sizes, json_t **ret, struct err *e);
/* What it may use: members of HostConfig. */
int inspect_limits(const struct container *c, const struct spec *s, json_t **ret, struct err *e);
int inspect_image(const struct engine *g, struct image *image, json_t **ret, struct err *e);

#endif
