// SPDX-License-Identifier: Apache-2.0
#include "images/tar_header.h"

#include <stdio.h>

/* pax(1), "ustar Interchange Format": where each field lies */
#define NAME	 0
#define MODE	 100
#define UID	 108
#define GID	 116
#define SIZE	 124
#define MTIME	 136
#define CHECKSUM 148
#define TYPE	 156
#define MAGIC	 257
#define NAME_MAX_BYTES 100
#define SIZE_DIGITS    11
#define SIZE_MAX_OCTAL ((UINT64_C(1) << 33) - 1)

static void octal(char *at, size_t digits, uint64_t v)
{
	for (at[digits] = '\0'; digits > 0; v >>= 3)
		at[--digits] = (char)('0' + (v & 7));
}

/* Beyond 8 GiB the number is binary, which all readers know from GNU tar. */
static void binary(char *at, size_t bytes, uint64_t v)
{
	memset(at, 0, bytes);
	for (size_t i = bytes; v; v >>= 8)
		at[--i] = (char)(v & 0xff);
	at[0] = (char)0x80;
}

void tar_header(const char *name, uint64_t size, char ret[TAR_BLOCK])
{
	size_t len = strlen(name);
	bool folder = len > 0 && name[len - 1] == '/';
	unsigned sum = 0;

	memset(ret, 0, TAR_BLOCK);
	memcpy(ret + NAME, name, len < NAME_MAX_BYTES ? len : NAME_MAX_BYTES);
	octal(ret + MODE, 7, folder ? 0755 : 0644);
	octal(ret + UID, 7, 0);
	octal(ret + GID, 7, 0);
	octal(ret + MTIME, 11, 0);
	if (size <= SIZE_MAX_OCTAL)
		octal(ret + SIZE, SIZE_DIGITS, size);
	else
		binary(ret + SIZE, SIZE_DIGITS + 1, size);
	ret[TYPE] = folder ? '5' : '0';
	memcpy(ret + MAGIC, "ustar\00000", 8);
	memset(ret + CHECKSUM, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)ret[i];
	octal(ret + CHECKSUM, 6, sum);
}

size_t tar_padding(uint64_t size)
{
	return (size_t)(-size % TAR_BLOCK);
}
