/* SPDX-License-Identifier: Apache-2.0 */
/* disk.h: how much room images take on the disk, with what several have counted once. */
#ifndef IMAGES_DISK_H
#define IMAGES_DISK_H

#include "images/images.h"

struct disk_image {
	char *manifest, *config, *created;
	struct strv names;
	bool active;		/* a container has it */
	uint64_t shared_bytes, unique_bytes; /* of its blobs and layers: with other images, its own */
};

struct disk_use {
	struct arena arena; /* owns what follows; to be freed */
	struct disk_image *v;
	size_t n, room;
	uint64_t bytes, reclaimable_bytes; /* of all; what no image with a container needs */
};

/**
 * disk_use() - Look at every file of every layer and blob that images of our own store have
 * @active:	Has a container an image? By its manifest
 *
 * Return: 0, or -errno with @e filled
 */
int disk_use(const struct store *s, bool (*active)(const char *manifest, void *arg), void *arg, struct disk_use *ret,
	     struct err *e);

#endif
