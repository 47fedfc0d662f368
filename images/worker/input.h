/* SPDX-License-Identifier: Apache-2.0 */
/* input.h: the bytes of a job as they come in: counted, bounded, and digested if that is wanted. */
#ifndef IMAGES_WORKER_INPUT_H
#define IMAGES_WORKER_INPUT_H

#include "images/worker/digest.h"

struct input {
	int fd;			 /* file or pipe; not owned */
	bool grows;		 /* the file: a byte in @more says so (protocol.h); total_bytes is known */
	int more;		 /* not owned */
	uint64_t total_bytes;	 /* it must have exactly so many; 0: not known */
	const char *expected;	 /* sha256 hex that they must have; NULL or "": not checked */
	void (*progress)(void *arg, uint64_t done, uint64_t total); /* now and then; NULL: not wanted */
	void *progress_arg;

	/* filled while reading */
	uint64_t done_bytes, reported_bytes;
	struct digest digest;
};

/**
 * input_read() - The next bytes
 * @room:	Bytes at @buf
 * @ret_len:	How many came; 0 only at the end
 *
 * Return: 0, or -errno with @e filled (more than total_bytes is an error)
 */
int input_read(struct input *in, void *buf, size_t room, size_t *ret_len, struct err *e);

/* After the end: do size and digest fit? Return: 0, or -errno with @e filled. */
int input_check(struct input *in, struct err *e);

void input_close(struct input *in);

#endif
