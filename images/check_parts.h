/* SPDX-License-Identifier: Apache-2.0 */
/* check_parts.h: what check.c, check_image.c and check_layer.c share. */
#ifndef IMAGES_CHECK_PARTS_H
#define IMAGES_CHECK_PARTS_H

#include "images/check.h"
#include "images/work.h"

/* A verdict on something that several images have, so that it is asked for once. */
struct verdict {
	char *name; /* of the blob, or of the layer's folder */
	bool good;
};
struct verdicts {
	struct verdict *v;
	size_t n, room;
};

struct check {
	const struct store *store;
	const struct check_options *o;
	struct work work;
	struct arena arena;
	struct verdicts blobs, layers;
	struct check_result result;
};

/* The verdict on something, or NULL. */
const struct verdict *check_verdict(const struct verdicts *list, const char *name);
/* Return: 0, or -ENOMEM with @e filled */
int check_judge(struct check *c, struct verdicts *list, const char *name, bool good, struct err *e);

/* Tell a finding, and count it. */
void check_tell(struct check *c, enum check_outcome outcome, const char *what, const char *name, const char *fmt, ...)
	PRINTF_LIKE(5, 6);

/* Is it the machine that failed, so that nothing can be said of the store? */
bool check_cannot_go_on(int code);

/**
 * check_layer() - One layer of an image, and its blob
 * @image:	Those below layer number @i have been checked
 *
 * Return: 1: both are good, or mended; 0: not, and it was told; or -errno with @e filled
 */
int check_layer(struct check *c, const struct image *image, size_t i, struct err *e);

/* The same once more, for a blob that has come again. */
int check_layer_anew(struct check *c, const struct image *image, size_t i, struct err *e);

/**
 * check_image() - One image: its record, manifest, config and layers
 * @manifest:	Hex, name of its record
 * @lost:	There is no record, and nobody is about to remove it or to bring it
 *
 * Return: 0, or -errno with @e filled
 */
int check_image(struct check *c, const char *manifest, bool lost, struct err *e);

/* Take content out of the store that is not what its name says. Return: 1, 0 where others use it, or -errno with @e filled */
int check_drop(struct check *c, int dir, const char *name, struct err *e);

#endif
