/* SPDX-License-Identifier: Apache-2.0 */
/* import.h: the job of taking an image archive apart. */
#ifndef IMAGES_WORKER_IMPORT_H
#define IMAGES_WORKER_IMPORT_H

#include "images/worker/stream.h"

/**
 * import_archive() - Store the blobs of every image of an archive and write images.json
 * @stream:	The archive, where it is one; its fd is the folder of an OCI layout if @is_folder
 * @work:	An empty folder
 *
 * On failure there may be litter in the work folder.
 *
 * Return: 0, or -errno with @e filled
 */
int import_archive(const struct stream_options *stream, bool is_folder, int work, struct work_done *ret,
		   struct err *e);

#endif
