/* SPDX-License-Identifier: Apache-2.0 */
/* detach_keys.h: the keys that take somebody away from a container's terminal, found in what is typed. */
#ifndef RUNTIME_DETACH_KEYS_H
#define RUNTIME_DETACH_KEYS_H

#include "base/err.h"

#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"
#define DETACH_KEYS_MAX	    16

struct detach_keys {
	char keys[DETACH_KEYS_MAX];
	size_t n;      /* 0: there are none */
	size_t typed;  /* how many of them have come, and are held back */
};

/**
 * detach_keys_parse() - "ctrl-p,ctrl-q", "ctrl-@", "a,b": characters, or ctrl- with one of a to z @ [ \ ] ^ _; "": none
 *
 * Return: 0, or -EINVAL with @e filled
 */
int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *e);

/**
 * detach_keys_pass() - What was typed, without what may be the beginning of the keys
 * @out:	Room for @n + DETACH_KEYS_MAX bytes
 * @ret_out:	How many are there; what was held back before and is no beginning after all goes first
 *
 * Return: whether all of the keys have come; what was typed after them is dropped
 */
bool detach_keys_pass(struct detach_keys *k, const char *typed, size_t n, char *out, size_t *ret_out);

#endif
