/* SPDX-License-Identifier: Apache-2.0 */
/* timestamp.h: moments as text, RFC 3339 with nanoseconds, UTC; and the clock by which one waits. */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_MAX 40

/* Now: "2026-11-22T01:02:03.000000004Z". */
const char *timestamp_now(char buf[TIMESTAMP_MAX]);

/* Seconds since the epoch of such a text (a fraction is dropped). Return: 0, or -EINVAL */
int timestamp_parse(const char *text, int64_t *ret_s);

/* Microseconds of CLOCK_MONOTONIC. */
int64_t clock_us(void);

#endif
