/* SPDX-License-Identifier: Apache-2.0 */
/* derive.h: an image that is made here: of another one's layers and a new one, or of a tar archive alone. */
#ifndef IMAGES_DERIVE_H
#define IMAGES_DERIVE_H

#include "images/images.h"
#include "images/trees.h"

struct derive {
	const struct store *store;
	const struct load_options *options;
	const struct image *base; /* whose layers are below, and whose config is where the new one begins; NULL: none */
	/* what the new one says: platform, created, author, defaults; history and layers are added here, to those of @base */
	struct image *image;
	struct image_history history; /* of the new layer */
	bool alone;		      /* the new layer has all of the image: those of @base are not below it */
	bool docker;		      /* the manifest is docker's (schema 2), else OCI's */
	enum work_compression compression; /* of the new layer */
	const char *name;	      /* NULL: it gets none */
	/* Make the file WORK_LAYER_FILE in this folder. Return: 0 with @ret of the worker's job, or -errno with @e filled */
	int (*write_layer)(const struct derive *d, int work, struct work_done *ret, struct err *e);
	void *arg;
};

struct derived {
	char config[DIGEST_HEX + 1];  /* the image's id */
	char name[IMAGE_REF_MAX];     /* normal text; "": none */
	bool moved;		      /* the name meant another image before */
};

/**
 * image_derive() - Make the layer, write config and manifest, and publish it all as load does
 *
 * Killed at any instant, it leaves work for store_sweep() only.
 *
 * Return: 0, or -errno with @e filled
 */
int image_derive(const struct derive *d, struct derived *ret, struct err *e);

#endif
