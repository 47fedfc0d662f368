/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform.h: for which machines an image is, in the words of the OCI specifications, which are Go's: linux/amd64,
 * linux/arm/v7. What means the same is written in one way: arm64/v8 is arm64, amd64/v1 is amd64, arm is arm/v7.
 */
#ifndef IMAGES_PLATFORM_H
#define IMAGES_PLATFORM_H

#include "base/err.h"

struct image_platform {
	char os[32], architecture[32], variant[32]; /* variant "": none */
};

/* "OS/ARCH[/VARIANT]", or an architecture alone, as uname or Go call it. Return: 0, or -EINVAL with @e filled */
int platform_parse(const char *text, struct image_platform *ret, struct err *e);

/* This machine's own. */
void platform_own(struct image_platform *ret);

/* Write it in the one way. */
void platform_normalize(struct image_platform *p);

/**
 * platform_rank() - How well does an image for @have suit somebody who wants @want? Both are normal
 *
 * Return: 0: not at all; the higher, the better: the very variant is best, then lower ones (a v7 machine runs what is for v6),
 *	   then none
 */
unsigned platform_rank(const struct image_platform *want, const struct image_platform *have);

/* Are two the same? Both are normal. */
bool platform_same(const struct image_platform *a, const struct image_platform *b);

/* "linux/arm/v7" */
#define PLATFORM_MAX 104
const char *platform_text(const struct image_platform *p, char buf[PLATFORM_MAX]);

#endif
