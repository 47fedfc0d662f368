/* SPDX-License-Identifier: Apache-2.0 */
/* str.h: numbers, sizes, names and lists of strings, read strictly; text that came from outside, made harmless. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"

/**
 * str_to_u64() - A decimal number, and nothing else: no sign, no blank, no leading '+', the whole string
 * @max:	The largest value allowed
 * @ret:	The value
 *
 * Return: 0, or -EINVAL, or -ERANGE above @max
 */
int str_to_u64(const char *s, uint64_t max, uint64_t *ret);

/* The same for a uid or gid: 0 to 4294967294 (4294967295 means "no change" to the kernel). */
int str_to_id(const char *s, uint32_t *ret);

/* A number with a sign, within [min, max]. Return: 0, -EINVAL or -ERANGE */
int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret);

/**
 * str_to_bytes() - A size: digits, a fraction if you like ("1.5g"), and a unit of b, k, m, g, t (powers of 1024; "kb",
 * "kib" and capitals too)
 *
 * Return: 0, -EINVAL, or -ERANGE above INT64_MAX
 */
int str_to_bytes(const char *s, uint64_t *ret_bytes);

/**
 * str_to_milli() - A decimal fraction in thousandths: "1.5" is 1500
 *
 * Return: 0, -EINVAL or -ERANGE
 */
int str_to_milli(const char *s, uint64_t *ret);

/**
 * str_to_set() - A list of numbers and ranges as "0-3,7", as the kernel writes CPUs and memory nodes; blanks around commas and
 * empty parts do not matter
 * @n_bits:	Numbers are below this; a multiple of the bits of a long
 * @bits:	Bit N is set for number N; the others are cleared
 *
 * Return: 0, -EINVAL, or -ERANGE for a number that is too large
 */
int str_to_set(const char *s, size_t n_bits, unsigned long *bits);

/* A length of time: "90s", "1h30m", "500ms"; units are d, h, m, s, ms. Return: 0, or -EINVAL (too long a one, too) */
int str_to_duration(const char *text, int64_t *ret_ns);

/**
 * str_check_name() - The rule for ids and names of everything: [A-Za-z0-9][A-Za-z0-9_.-]*, at most 128 bytes
 * @what:	What it names, for the message ("container name")
 *
 * Return: 0, or -EINVAL with @e filled
 */
int str_check_name(const char *name, const char *what, struct err *e);

/* Bytes as people read them: "1.5 MB" (powers of 1000, as podman and docker print). */
#define STR_BYTES_MAX 24
const char *str_bytes(uint64_t bytes, char buf[STR_BYTES_MAX]);

/* How long ago or how long: "3 minutes", "About an hour". */
#define STR_AGE_MAX 32
const char *str_age(uint64_t seconds, char buf[STR_AGE_MAX]);

/**
 * str_harmless() - Write text of unknown origin so that a terminal shows it and obeys nothing
 *
 * C0 and C1 controls, DEL, bytes that are no UTF-8 and the bidirectional controls become \xNN or \uNNNN; newline and
 * tab stay where @keep_lines.
 */
void str_harmless(FILE *out, const char *s, size_t len, bool keep_lines);

/* A list of strings that ends in NULL, as argv and environ do. Both live in the arena. */
struct strv {
	char **v; /* NULL where n is 0 and nothing was ever added */
	size_t n, room;
};

/* Append a copy of @s. Return: 0 or -ENOMEM */
int strv_add(struct arena *a, struct strv *list, const char *s);

/* Append the pointer itself: @s must live as long as the arena. Return: 0 or -ENOMEM */
int strv_push(struct arena *a, struct strv *list, char *s);

/* By their bytes. */
void strv_sort(struct strv *list);

/* Is it in a sorted list? */
bool strv_sorted_has(const struct strv *list, const char *s);

/* The value of "NAME=value" in a list of such strings (the last one counts), or NULL. */
const char *strv_env(const struct strv *list, const char *name);

/* Set "NAME=value", replacing an older one. @assignment is copied. Return: 0 or -ENOMEM */
int strv_set_env(struct arena *a, struct strv *list, const char *assignment);

#endif
