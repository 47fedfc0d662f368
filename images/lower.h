/* SPDX-License-Identifier: Apache-2.0 */
/* lower.h: layers seen as one tree, for a layer that leaves to them what it does not bring itself. */
#ifndef IMAGES_LOWER_H
#define IMAGES_LOWER_H

#include "base/err.h"

/**
 * lower_open() - A detached read-only mount of layers on top of each other
 * @dirs:	Their folders, topmost first, no folder twice; not consumed
 * @n:		1 or more
 *
 * Return: an fd whose closing ends the mount, or -errno with @e filled
 */
int lower_open(const int *dirs, size_t n, struct err *e);

#endif
