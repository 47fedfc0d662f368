/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ahead.h: a thread that produces blocks of bytes while another uses the ones before: inflating and hashing on one
 * processor, placing files on the other.
 */
#ifndef IMAGES_WORKER_AHEAD_H
#define IMAGES_WORKER_AHEAD_H

#include "base/err.h"

#define AHEAD_BLOCK_BYTES (256 << 10)

struct ahead;

/*
 * Fill @buf; fewer than @room bytes, or none, mean that it was the
 * last block. Return: 0, or -errno with @e filled.
 */
typedef int (*ahead_produce)(void *arg, void *buf, size_t room, size_t *ret_len, struct err *e);

/**
 * ahead_start() - Start the thread
 * @produce:	Called in it, with @arg, until the end or a failure
 * @ret:	To be given to ahead_stop()
 *
 * Return: 0, or -errno with @e filled
 */
int ahead_start(ahead_produce produce, void *arg, struct ahead **ret, struct err *e);

/**
 * ahead_next() - The next block, as soon as it is there
 * @ret_data:	Valid until the next call
 * @ret_len:	0: the end
 *
 * Return: 0, or what @produce has failed with
 */
int ahead_next(struct ahead *a, const void **ret_data, size_t *ret_len, struct err *e);

/*
 * Wait for the thread, which stops after the block it is at; NULL is
 * fine. What it used is then the caller's again.
 */
void ahead_stop(struct ahead *a);

#endif
