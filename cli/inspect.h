/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.h: all that is known of a container or an image, as JSON; keys are those of podman and docker, where they have one. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include <jansson.h>

#include "cli/args.h"
#include "runtime/engine.h"

/* What the verbs called inspect have in common: each argument is found, and all are printed as a list, or each by the template. */
struct inspection {
	const struct engine *g;
	const char *format; /* NULL or "json": a list */
	const void *options; /* what @find wants to know */
	struct arena *arena; /* lives as long as the call */
	/* One of them. @template: by its names. @ret: a new reference. Return: 0, or -errno with @e filled */
	int (*find)(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e);
};

/* What is not found is said, and the next one has its turn. Return: 0, 1 where one has failed, or -errno with @e filled */
int inspect_each(const struct call *c, const struct inspection *how, struct err *e);

/* inspection.find of other things than containers and images; what they take as options may be NULL. */
int inspect_network(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e);
int inspect_pod(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e);
int inspect_secret(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e);
int inspect_volume(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e);

/* @ret: a new reference. Return: 0, or -errno with @e filled */
int inspect_container(const struct engine *g, const char *id, bool sizes, json_t **ret, struct err *e);
/* What it may use: members of HostConfig. */
int inspect_limits(const struct container *c, const struct spec *s, json_t **ret, struct err *e);
/* What is mounted in it. */
int inspect_mounts(const struct settings *s, const struct spec *spec, json_t **ret, struct err *e);
int inspect_image(const struct engine *g, struct image *image, json_t **ret, struct err *e);

#endif
