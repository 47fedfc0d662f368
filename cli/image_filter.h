/* SPDX-License-Identifier: Apache-2.0 */
/* image_filter.h: --filter of `images` and of `image prune`. */
#ifndef CLI_IMAGE_FILTER_H
#define CLI_IMAGE_FILTER_H

#include "images/images.h"

#define IMAGE_FILTERS_HELP "dangling=, reference=, before=, since=, until=, label=, id= or readonly="

/* What was asked for, understood. */
struct image_filter {
	size_t kind;
	const char *value;
	int64_t moment_s; /* of before, since, until */
	bool yes;	  /* of dangling, readonly */
};
struct image_filters {
	struct image_filter *v;
	size_t n;
	bool need_labels; /* image_each_head() does not give them */
};

/**
 * image_filters_read() - Understand all of them
 * @texts:	"KEY=VALUE" each; borrowed
 *
 * Return: 0, or -EINVAL, -ENOENT (before= and since= name an image) with @e filled
 */
int image_filters_read(const struct store *s, const struct strv *texts, struct arena *a, struct image_filters *ret,
		       struct err *e);

/* Does an image, with its names, fit? Of several reference= one must; of all others each. */
bool image_filters_fit(const struct image_filters *filters, const struct image *image);

#endif
