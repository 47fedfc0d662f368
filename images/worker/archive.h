/* SPDX-License-Identifier: Apache-2.0 */
/* archive.h: the two kinds of image archives. */
#ifndef IMAGES_WORKER_ARCHIVE_H
#define IMAGES_WORKER_ARCHIVE_H

#include "images/worker/image.h"

/* The images of an OCI layout: those of index.json that fit this machine. Return: 0, or -errno with @e filled */
int archive_oci(struct import *i, const struct file *index, struct err *e);

/* The images of a docker-archive; each gets an OCI manifest of our making. Return: 0, or -errno with @e filled */
int archive_docker(struct import *i, const struct file *manifest, struct err *e);

#endif
