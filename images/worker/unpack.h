/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h: the job of unpacking one layer. */
#ifndef IMAGES_WORKER_UNPACK_H
#define IMAGES_WORKER_UNPACK_H

#include "images/worker/stream.h"

struct unpack {
	struct stream_options stream;
	int target; /* empty folder, readable; nobody else may be in it */
	int lower;  /* as struct tree has them */
	bool lowest;
	bool no_devices, one_id;
	uint64_t max_files; /* entries; 0: no limit */
	const char *diff_id; /* sha256 hex that the tar must have; "": not checked */
};

/**
 * unpack_layer() - Read a layer to its end and place every entry
 * @ret:	What was done; needs_lower, needs_memory: it ended early, nothing was checked
 *
 * The umask must be 0. On failure a part of the layer is in the target.
 *
 * Return: 0, or -errno with @e filled
 */
int unpack_layer(const struct unpack *u, struct work_done *ret, struct err *e);

#endif
