/* SPDX-License-Identifier: Apache-2.0 */
/* choose.h: which image of an index is for a platform. Pure. */
#ifndef IMAGES_WORKER_CHOOSE_H
#define IMAGES_WORKER_CHOOSE_H

#include "images/worker/manifest.h"

/* How well does one of its entries suit (platform_rank())? One that names no platform suits everybody, but least. */
unsigned choose_rank(const struct descriptor *d, const struct image_platform *want);

/* The one that suits best, the first of equals; NULL: there is none. @want is normal. */
const struct descriptor *choose_manifest(const struct manifest *index, const struct image_platform *want);

/* For a message: "linux/amd64, linux/arm/v7", harmless, cut where it is long. */
#define CHOOSE_LIST_MAX 400
const char *choose_list(const struct manifest *index, char buf[CHOOSE_LIST_MAX]);

#endif
