/* SPDX-License-Identifier: Apache-2.0 */
/* content.h: what is in a file, from the archive to the disk. */
#ifndef IMAGES_WORKER_CONTENT_H
#define IMAGES_WORKER_CONTENT_H

#include "images/worker/tar.h"

/**
 * content_write() - Write the content of the entry that tar_next() gave
 * @fd:	An empty file
 *
 * What the archive has left out becomes a hole, and so do long runs of zeroes, for most who write archives do not see holes:
 * a lastlog of a user with a high number would else take gigabytes.
 *
 * Return: 0, or -errno with @e filled; of what could not be written the name is said
 */
int content_write(struct tar *tar, const struct tar_entry *entry, int fd, struct err *e);

#endif
