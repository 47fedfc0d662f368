/* SPDX-License-Identifier: Apache-2.0 */
/* store_layer.h: the job of making a layer's blob of a tar stream from outside. */
#ifndef IMAGES_WORKER_STORE_LAYER_H
#define IMAGES_WORKER_STORE_LAYER_H

#include "images/worker/stream.h"

/**
 * store_layer() - Write the plain bytes of a stream to the file WORK_LAYER_FILE
 * @to:		How they are compressed there
 * @work:	Folder without that file
 *
 * Return: 0, or -errno with @e filled
 */
int store_layer(const struct stream_options *from, enum work_compression to, int work, struct work_done *ret,
		struct err *e);

#endif
