/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflate.h: an input as plain bytes: as it is, gzip or zstd, in bounded memory.
 *
 * Compressed data may be several gzip members or zstd frames in a row (zstd's skippable frames are skipped).
 * What follows the last one and does not begin another is an error, as it is to docker and containerd: two
 * tools must not see two different layers in one blob. A zstd window of more than 128 MiB is refused; whoever shares the memory
 * with others takes one of 8, which zstd's own levels up to 19 do not exceed.
 */
#ifndef IMAGES_WORKER_INFLATE_H
#define IMAGES_WORKER_INFLATE_H

#include "images/worker/input.h"

struct inflate;

/**
 * inflate_open() - Begin; nothing is read yet
 * @in:		Must live as long as the result
 * @kind:	COMPRESSION_DETECT looks at the first bytes
 * @small_window: A window of more than 8 MiB is -ENOBUFS
 *
 * Return: 0, or -ENOMEM with @e filled
 */
int inflate_open(struct input *in, enum work_compression kind, bool small_window, struct inflate **ret, struct err *e);

/**
 * inflate_read() - The next plain bytes
 * @room:	Bytes at @buf; all of them are filled unless the end comes before
 * @ret_len:	How many came; fewer than @room only at the end
 *
 * Return: 0, or -errno with @e filled (-EINVAL: damaged, ends too early, or of a kind that is not supported)
 */
int inflate_read(struct inflate *z, void *buf, size_t room, size_t *ret_len, struct err *e);

void inflate_close(struct inflate *z);

/**
 * compression_of() - What the first bytes of a file say
 * @len:	Up to COMPRESSION_MAGIC_MAX are looked at; fewer are what a short file has
 *
 * Return: GZIP, ZSTD or NONE; -ENOTSUP with @e filled for xz, bzip2 and the like
 */
#define COMPRESSION_MAGIC_MAX 6
int compression_of(const void *data, size_t len, struct err *e);

#endif
