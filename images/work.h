/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.h: a folder in tmp/ for work in flight, locked by who works in it. When the lock is free its owner has ended, and
 * whatever he left is settled by whoever comes next.
 *
 * Two kinds of files in it say what had been begun, so that no crash leaves litter outside of tmp/:
 *
 *	record-HEX	Content of this image may lie in blobs/ and layers/ without a record in records/: it is being loaded
 *			or removed. Settled by taking away what no record refers to (images/collect.h).
 *	removing-HEX	Somebody was about to remove the image and had not made sure that he may: it goes back to records/.
 *
 * Everything else in it is just removed.
 */
#ifndef IMAGES_WORK_H
#define IMAGES_WORK_H

#include "images/images.h"

#define WORK_RECORD   "record-"
#define WORK_REMOVING "removing-"
#define WORK_FILE_MAX (sizeof(WORK_REMOVING) + DIGEST_HEX)

struct work {
	const struct store *store;
	int fd;	       /* the folder, locked */
	char name[17]; /* in tmp/ */
};
#define WORK_NONE { .fd = -1 }

/* Make a work folder and lock it. Return: 0, or -errno with @e filled */
int work_begin(const struct store *s, struct work *ret, struct err *e);

/* Settle what was begun and is not finished, remove the folder. A WORK_NONE is fine. */
void work_end(struct work *w);
#define auto_work __attribute__((cleanup(work_end)))

/* "record-HEX" */
const char *work_file(const char *kind, const char *hex, char buf[WORK_FILE_MAX]);

#endif
