/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h: the layers of one image, unpacked in parallel: as many workers as there are processors. */
#ifndef IMAGES_UNPACK_H
#define IMAGES_UNPACK_H

#include "images/work.h"

/* Objects of the store that are held until what refers to them is published. */
struct holds {
	int *v;
	size_t n, room;
};
void holds_release(struct holds *h);

/**
 * unpack_layers() - See that every layer of an image has its folder, in the store or in the work folder
 * @blobs:	Folder with the layers' blobs, by digest
 * @image:	Its layers' folder members are set
 * @arena:	Owns what they point to
 * @holds:	Gets the folders that the store has already; room for one per layer is needed
 *
 * Return: 0, or -errno with @e filled; folders that were begun stay in the work folder
 */
int unpack_layers(const struct work *work, int blobs, const struct load_options *o, struct image *image,
		  struct arena *arena, struct holds *holds, struct err *e);

#endif
