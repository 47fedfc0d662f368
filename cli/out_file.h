/* SPDX-License-Identifier: Apache-2.0 */
/* out_file.h: -o FILE of verbs that write an archive: standard output without it; a file, or a folder, is there when it is whole. */
#ifndef CLI_OUT_FILE_H
#define CLI_OUT_FILE_H

#include <limits.h>

#include "base/err.h"

struct out_file {
	int fd;
	int dir;		 /* where it gets its name; -1: it has it */
	char temp[NAME_MAX + 1]; /* until then */
	char name[NAME_MAX + 1]; /* in @dir */
};
#define OUT_FILE_NONE { .fd = -1, .dir = -1 }

/**
 * out_file_open() - Open what is written to
 * @path:	NULL or "-": standard output, which may be no terminal. What is there and no file, a pipe say, is written to at once
 *
 * Return: 0, or -errno with @e filled
 */
int out_file_open(const char *path, struct out_file *ret, struct err *e);

/* The same for a folder; one that is there must be empty. */
int out_file_open_folder(const char *path, struct out_file *ret, struct err *e);

/* It is whole: it gets its name, in place of what had it. Return: 0, or -errno with @e filled */
int out_file_finish(struct out_file *f, struct err *e);

/* Without out_file_finish(), nothing is left. */
void out_file_close(struct out_file *f);
#define auto_out_file __attribute__((cleanup(out_file_close)))

#endif
