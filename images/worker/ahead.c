// SPDX-License-Identifier: Apache-2.0
/*
 * ahead.c: a ring of blocks. The producer owns the blocks from `made` on, the user those before it, from `used`
 * on; both numbers only grow, and change under the lock.
 */
#include "images/worker/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define BLOCKS 4

struct ahead {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	ahead_produce produce;
	void *arg;
	uint64_t made, used;
	bool holding; /* the user has the block `used` in hand */
	bool ended;   /* nothing comes after `made` */
	bool stop;
	int result;
	struct err err; /* of a result below 0 */
	size_t len[BLOCKS];
	unsigned char block[BLOCKS][AHEAD_BLOCK_BYTES];
};

/* Wait for a free block. Return: its index, or -1: stop */
static int wait_for_room(struct ahead *a)
{
	pthread_mutex_lock(&a->lock);
	while (a->made - a->used == BLOCKS && !a->stop)
		pthread_cond_wait(&a->changed, &a->lock);
	int i = a->stop ? -1 : (int)(a->made % BLOCKS);

	pthread_mutex_unlock(&a->lock);
	return i;
}

static void *producer(void *arg)
{
	struct ahead *a = arg;
	bool ended = false;

	while (!ended) {
		int i = wait_for_room(a), r = 0;
		size_t len = 0;

		if (i < 0)
			break;
		r = a->produce(a->arg, a->block[i], AHEAD_BLOCK_BYTES, &len, &a->err);
		ended = r < 0 || len < AHEAD_BLOCK_BYTES;
		pthread_mutex_lock(&a->lock);
		a->len[i] = len;
		a->made += r == 0 && len > 0;
		a->result = r;
		a->ended = ended;
		pthread_cond_signal(&a->changed);
		pthread_mutex_unlock(&a->lock);
	}
	return NULL;
}

int ahead_start(ahead_produce produce, void *arg, struct ahead **ret, struct err *e)
{
	struct ahead *a = malloc(sizeof(*a));

	if (!a)
		return err_nomem(e);
	memset(a, 0, offsetof(struct ahead, block)); /* the blocks stay untouched until they are needed */
	a->produce = produce;
	a->arg = arg;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	int r = pthread_create(&a->thread, NULL, producer, a);

	if (r != 0) {
		free(a);
		return err_set(e, r, "start a thread");
	}
	*ret = a;
	return 0;
}

int ahead_next(struct ahead *a, const void **ret_data, size_t *ret_len, struct err *e)
{
	int r = 0;

	*ret_len = 0;
	pthread_mutex_lock(&a->lock);
	if (a->holding) {
		a->used++;
		a->holding = false;
		pthread_cond_signal(&a->changed);
	}
	while (a->made == a->used && !a->ended)
		pthread_cond_wait(&a->changed, &a->lock);
	if (a->made != a->used) {
		*ret_data = a->block[a->used % BLOCKS];
		*ret_len = a->len[a->used % BLOCKS];
		a->holding = true;
	} else if (a->result < 0) {
		*e = a->err;
		r = a->result;
	}
	pthread_mutex_unlock(&a->lock);
	return r;
}

void ahead_stop(struct ahead *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}
