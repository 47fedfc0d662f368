/* SPDX-License-Identifier: Apache-2.0 */
/* compare.h: are two trees the same, as far as a container could tell? */
#ifndef IMAGES_COMPARE_H
#define IMAGES_COMPARE_H

#include "base/err.h"

#define COMPARE_TEXT_MAX 256

/**
 * compare_trees() - Names, kinds, modes, owners, sizes, links, attributes, times of files, and every byte
 * @a, @b:	Folder fds; nothing below them is a mount, and nobody changes them
 * @ret_what:	The first difference: "usr/bin/x: its content"; not harmless
 *
 * Times of folders do not count: those that a layer does not list got theirs when it was unpacked.
 *
 * Return: 1: they are the same; 0 with @ret_what filled; or -errno with @e filled
 */
int compare_trees(int a, int b, char ret_what[COMPARE_TEXT_MAX], struct err *e);

#endif
