/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_header.h: the 512 bytes before a file of an image archive (POSIX ustar). The archives that we write have a few files with
 * short names, root's, of the year 1970: for these the program needs no library that reads archives, too. Pure.
 */
#ifndef IMAGES_TAR_HEADER_H
#define IMAGES_TAR_HEADER_H

#include "base/util.h"

#define TAR_BLOCK 512

/* A folder's name ends in "/", and its size is 0. @name: at most 100 bytes. */
void tar_header(const char *name, uint64_t size, char ret[TAR_BLOCK]);

/* Zeros behind a file of this size. */
size_t tar_padding(uint64_t size);

#endif
