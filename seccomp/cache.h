/* SPDX-License-Identifier: Apache-2.0 */
/* cache.h: compiled filters by the content of their policy. */
#ifndef SECCOMP_CACHE_H
#define SECCOMP_CACHE_H

#include "seccomp/policy.h"

/* Every byte that the compiled filters depend on. */
struct cache_key {
	char *bytes; /* owned */
	size_t len;
};

void cache_key_free(struct cache_key *k);
#define auto_cache_key __attribute__((cleanup(cache_key_free)))

/* Write down a policy. @ret is freed with cache_key_free(). Return: 0, or -ENOMEM with @e filled. */
int cache_key_of(const struct policy *p, struct cache_key *ret, struct err *e);

/**
 * cache_load() - Look for compiled filters
 * @dir:	Folder fd; everything in it is our own user's
 * @ret:	On success the code of its filters is filled, and n
 *
 * A file that is damaged, that another user owns or can write, or whose key is another one, is as good as none.
 *
 * Return: whether they were found
 */
bool cache_load(int dir, const struct cache_key *key, struct seccomp_plan *ret);

/* Keep compiled filters. Best effort: without a cache everything works, slower. */
void cache_store(int dir, const struct cache_key *key, const struct seccomp_plan *p);

#endif
