/* SPDX-License-Identifier: Apache-2.0 */
/* describe.h: the job of finding out what an image of a registry is. */
#ifndef IMAGES_WORKER_DESCRIBE_H
#define IMAGES_WORKER_DESCRIBE_H

#include "images/protocol.h"

/**
 * describe_image() - From a manifest or an index to a record of the image, as far as what is needed was fetched
 * @job:	blob_digest, media_type and platform
 * @folder:	What was fetched: files named by their digests, none of which is trusted
 * @work:	Gets manifest, config and images.json
 * @ret:	want: what is to be fetched next
 *
 * Refused: schema 1, artifacts, layers that registries do not have, an index without anything for the platform.
 *
 * Return: 0, or -errno with @e filled
 */
int describe_image(const struct work_job *job, int folder, int work, struct work_done *ret, struct err *e);

#endif
