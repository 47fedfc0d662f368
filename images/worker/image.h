/* SPDX-License-Identifier: Apache-2.0 */
/* image.h: from a manifest's parts to a record of the image, whatever kind of archive they lie in. */
#ifndef IMAGES_WORKER_IMAGE_H
#define IMAGES_WORKER_IMAGE_H

#include "images/record.h"
#include "images/worker/files.h"

struct image_part {
	const struct file *file;
	const char *media_type;
	bool elsewhere; /* not among the files: of the blob only digest and size are known, from the manifest */
};

struct image_parts {
	const char *label; /* what to call it in messages, harmless */
	const struct file *manifest, *config;
	const char *media_type;	   /* of the manifest; NULL: it names none, and is OCI's */
	struct image_part *layers; /* lowest first */
	size_t n_layers;
};

/* What an import gathers. */
struct import {
	struct files files;
	struct arena arena; /* owns the images */
	struct image_list images;
	size_t room;
};

/**
 * image_add() - Check an image, keep its blobs and add its record
 * @ret:	The record, to add names to; an image that is there already is given again
 *
 * Return: 0, or -errno with @e filled
 */
int image_add(struct import *i, const struct image_parts *p, struct image **ret, struct err *e);

/* Add a name that the archive lists; a second time is fine, one with a digest is left out. Return: 0, or -errno */
int image_add_name(struct import *i, struct image *image, const char *name, struct err *e);

/* An image that is there already, by its manifest's digest, or NULL. */
struct image *image_of_manifest(const struct import *i, const char *hex);

/* Write images.json, and remove the files that no image has. Return: 0, or -errno with @e filled */
int image_write_all(struct import *i, struct err *e);

#endif
