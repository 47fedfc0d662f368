/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h: bytes as text and back: RFC 4648, section 4. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <sys/types.h>

#include "base/util.h"

/* Room for the text of @n bytes, with the zero at its end. */
#define BASE64_ROOM(n) (((n) + 2) / 3 * 4 + 1)

/* @ret: BASE64_ROOM(@n) bytes */
void base64_encode(const void *data, size_t n, char *ret);

/**
 * base64_decode() - Strictly: no blanks, no lines, whole groups of four, padded
 * @text:	Ends with a zero
 * @ret:	No zero is put behind them
 *
 * Return: the number of bytes, or -EINVAL (it is not such a text), or -EOVERFLOW (more than @max)
 */
ssize_t base64_decode(const char *text, void *ret, size_t max);

#endif
