/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h: the layers of one image, unpacked in parallel while they come: as many workers as there are processors. */
#ifndef IMAGES_UNPACK_H
#define IMAGES_UNPACK_H

#include "images/work.h"

/* Objects of the store that are held until what refers to them is published. */
struct holds {
	int *v;
	size_t n, room;
};
void holds_release(struct holds *h);

struct publication; /* images/publish.h */

/**
 * unpack_layers() - See that every layer of an image has its folder, in the store or in the work folder, and that all blobs came
 * @p:		Its holds get the folders that the store has already
 * @image:	Its layers' folder members are set, to what the arena of @p owns
 *
 * Return: 0, or -errno with @e filled; folders that were begun stay in the work folder
 */
int unpack_layers(struct publication *p, struct image *image, struct err *e);

#endif
