/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h: is the store what it says that it is? Every blob against its digest, every layer against what its blob unpacks to, every
 * record against its manifest, every name against the records; and what nobody needs. It can be mended, too.
 *
 * A layer is compared with a second one that is unpacked from its blob, by the same worker as the first: so nothing has to be
 * written down about a layer while it is unpacked, and what is found wrong is mended by an exchange of the two.
 *
 * Others go on working meanwhile: what they have locked is looked at, and left as it is.
 */
#ifndef IMAGES_CHECK_H
#define IMAGES_CHECK_H

#include "images/images.h"

enum check_outcome {
	CHECK_FOUND,  /* and left so */
	CHECK_MENDED,
	CHECK_OUTCOMES,
};

struct check_finding {
	const char *what; /* "blob", "layer", "image", "name", "litter" */
	const char *name; /* of it */
	const char *text; /* what is wrong, and what was done or can be; not harmless */
	enum check_outcome outcome;
};

struct check_options {
	const char *worker; /* path of the paene-worker program */
	bool rootless, one_id; /* as in struct load_options */
	bool quick;  /* what is there and how large it is, no content */
	bool repair; /* mend what can be mended */
	bool force;  /* with repair: remove an image that cannot be, unless a container has it */
	/* Told of each finding as it comes. */
	void (*tell)(const struct check_finding *f, void *arg);
	/* A running container that sees a layer: it must not change then. NULL: none does */
	const char *(*layer_user)(const char *folder, void *arg);
	/* A container that an image has: for image_remove() */
	const char *(*image_user)(const char *manifest, void *arg);
	/* Get an image again from its registry, by its name with a digest. Return: 0, or -errno with @e filled */
	int (*fetch)(const struct image_ref *ref, void *arg, struct err *e);
	void *arg; /* of all four */
};

struct check_result {
	size_t images, layers, blobs; /* that were looked at */
	size_t outcomes[CHECK_OUTCOMES];
};

/* Return: 0, whatever was found; or -errno with @e filled where it could not be looked at */
int store_check(const struct store *s, const struct check_options *o, struct check_result *ret, struct err *e);

#endif
