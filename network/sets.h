/* SPDX-License-Identifier: Apache-2.0 */
/* sets.h: elements of our table's sets and maps as the kernel has them, whoever has put them there. */
#ifndef NETWORK_SETS_H
#define NETWORK_SETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "network/nl.h"

/* Bytes as they lie in registers. */
struct sets_bytes {
	const uint8_t *v;
	uint16_t len; /* 0: it has none */
};
struct sets_element {
	const char *set;
	struct sets_bytes key, end, data;
};

/**
 * sets_list() - Every element of every set that rules.c has
 * @a:		What the list lives in
 *
 * Return: 0, or -errno with @e filled. A set that is not there is an empty one
 */
int sets_list(struct nl *nf, struct arena *a, struct sets_element **ret, size_t *ret_n, struct err *e);

/* Remove one. One that is not there is fine. Return: 0, or -errno with @e filled */
int sets_drop(struct nl *nf, const struct sets_element *x, struct err *e);

#endif
