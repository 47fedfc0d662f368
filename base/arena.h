/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h: memory that lives and dies together: what a spec or a plan points to is freed in one call. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>

#include "base/util.h"

struct arena_block;
struct arena {
	struct arena_block *head; /* the block that is being filled; NULL: nothing yet */
};

/* Memory set to zero, aligned for anything, owned by @a. Return: NULL where there is none. */
void *arena_alloc(struct arena *a, size_t size);

/* The same for @n things of @size bytes; NULL on overflow too. */
void *arena_array(struct arena *a, size_t n, size_t size);

/* A copy owned by @a, NULL where there is no memory or @s is NULL. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);

/* A formatted string owned by @a, or NULL. */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Free everything; the arena can be used again. */
void arena_free(struct arena *a);

#define auto_arena __attribute__((cleanup(arena_free)))

#endif
