/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h: a blob or an archive as the tar that is in it: input → digest → inflate → digest, in a thread of
 * its own.
 */
#ifndef IMAGES_WORKER_STREAM_H
#define IMAGES_WORKER_STREAM_H

#include "images/worker/input.h"

struct stream_options {
	struct input input;		   /* fd, total_bytes, expected, progress */
	enum work_compression compression;
	bool small_window;		   /* as inflate_open() has it */
	bool digest;			   /* of the plain bytes, for stream_finish() */
	uint64_t max_bytes;		   /* plain; 0: no limit */
};

struct stream;

/* Begin. The options' input is copied; its fd stays the caller's. Return: 0, or -errno with @e filled */
int stream_open(const struct stream_options *o, struct stream **ret, struct err *e);

/* The next plain bytes, as ahead_next(). */
int stream_next(struct stream *s, const void **ret_data, size_t *ret_len, struct err *e);

/**
 * stream_finish() - Read what is left, check the input's size and digest, and give the digest of the plain bytes
 * @hex:	Of all plain bytes; NULL where it is not wanted
 *
 * Return: 0, or -errno with @e filled
 */
int stream_finish(struct stream *s, char hex[DIGEST_HEX + 1], struct err *e);

void stream_close(struct stream *s);

#endif
