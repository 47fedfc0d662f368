/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_text.h: is this string a digest? Asked before any such string becomes part of a path (rule K11).
 */
#ifndef IMAGES_DIGEST_TEXT_H
#define IMAGES_DIGEST_TEXT_H

#include "base/util.h"
#include "images/protocol.h"

#define HEX_DIGITS "0123456789abcdef"

/* The form of a sha256: exactly 64 hexadecimal digits in lower case. */
static inline bool digest_is_hex(const char *s)
{
	return strlen(s) == DIGEST_HEX && strspn(s, HEX_DIGITS) == DIGEST_HEX;
}

#endif
