/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink.h: plain bytes on their way out: digest → compression → digest → fd. The same bytes in give the same bytes out: no
 * names or times in headers.
 */
#ifndef IMAGES_WORKER_SINK_H
#define IMAGES_WORKER_SINK_H

#include "images/worker/digest.h"

struct sink_options {
	int fd;				   /* file or pipe; not owned */
	enum work_compression compression; /* none, gzip or zstd */
	bool digest;			   /* of both sides, for sink_finish() */
	void (*progress)(void *arg, uint64_t done, uint64_t total); /* plain bytes, now and then; NULL: not wanted */
	void *progress_arg;
};

struct sink;

/* Begin. Return: 0, or -errno with @e filled */
int sink_open(const struct sink_options *o, struct sink **ret, struct err *e);

/* Return: 0, or -errno with @e filled (-EPIPE: nobody reads any more) */
int sink_write(struct sink *s, const void *data, size_t len, struct err *e);

/* Write what is left; fill in the bytes and digests of @ret. Return: 0, or -errno with @e filled */
int sink_finish(struct sink *s, struct work_done *ret, struct err *e);

void sink_close(struct sink *s);

#endif
