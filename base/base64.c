// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <errno.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t n, char *ret)
{
	const unsigned char *in = data;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t group = (uint32_t)in[i] << 16;

		group |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		group |= left > 2 ? in[i + 2] : 0;
		*ret++ = digits[group >> 18];
		*ret++ = digits[group >> 12 & 63];
		*ret++ = left > 1 ? digits[group >> 6 & 63] : '=';
		*ret++ = left > 2 ? digits[group & 63] : '=';
	}
	*ret = '\0';
}

static int digit_value(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* @n digits, 2 to 4, of a group: they stand for @n - 1 bytes, and bits beyond those are zero. Return: false where they are not */
static bool take_group(const char *text, size_t n, unsigned char ret[3])
{
	uint32_t group = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < n ? digit_value(text[i]) : 0;

		if (value < 0)
			return false;
		group = group << 6 | (uint32_t)value;
	}
	for (size_t i = 0; i < 3; i++)
		ret[i] = (unsigned char)(group >> (16 - 8 * i));
	return (group & ((UINT32_C(1) << (8 * (4 - n))) - 1)) == 0;
}

ssize_t base64_decode(const char *text, void *ret, size_t max)
{
	size_t len = strlen(text), padding = 0, done = 0;
	unsigned char *out = ret, bytes[3];

	if (len % 4)
		return -EINVAL;
	while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < len; i += 4) {
		size_t n = i + 4 == len ? 4 - padding : 4;

		if (!take_group(text + i, n, bytes))
			return -EINVAL;
		if (done + n - 1 > max)
			return -EOVERFLOW;
		memcpy(out + done, bytes, n - 1);
		done += n - 1;
	}
	return (ssize_t)done;
}
