/* SPDX-License-Identifier: Apache-2.0 */
/* derive.h: the job of writing manifest and config of an image that is made here. */
#ifndef IMAGES_WORKER_DERIVE_H
#define IMAGES_WORKER_DERIVE_H

#include "images/protocol.h"

/**
 * derive_image() - Write manifest and config as a record has them
 * @job:	blob_digest: in @work, a config whose other keys stay as they are; "": none.
 *		media_type: of the manifest, MEDIA_OCI_MANIFEST or MEDIA_DOCKER_MANIFEST
 * @words:	The record, as image_encode() writes it; its digests of manifest and config mean nothing
 *
 * Return: 0, or -errno with @e filled
 */
int derive_image(const struct work_job *job, int words, int work, struct work_done *ret, struct err *e);

#endif
