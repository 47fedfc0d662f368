/* SPDX-License-Identifier: Apache-2.0 */
/* block_device.h: from a path to the disk that the kernel limits, and back. */
#ifndef RUNTIME_BLOCK_DEVICE_H
#define RUNTIME_BLOCK_DEVICE_H

#include "base/arena.h"
#include "base/err.h"

/**
 * block_device_find() - The whole disk that a path names
 * @path:	A device node; or a file or a folder: the disk of its file system. A partition stands for its disk
 *
 * Return: 0, or -errno with @e filled (-ENOTBLK: there is no disk below: tmpfs, overlay, btrfs …)
 */
int block_device_find(const char *path, int64_t *ret_major, int64_t *ret_minor, struct err *e);

/* "/dev/sda"; where that is not known, "8:0". Return: text owned by @a, or NULL where there is no memory */
char *block_device_path(int64_t major, int64_t minor, struct arena *a);

#endif
