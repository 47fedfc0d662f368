/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar.h: the entries of a tar stream (ustar, GNU, pax, sparse files of each), read by libarchive, checked here:
 * what is malformed or out of bounds is refused, not guessed at. Names are bytes, as on disk: no character set
 * is applied to them.
 */
#ifndef IMAGES_WORKER_TAR_H
#define IMAGES_WORKER_TAR_H

#include "images/worker/meta.h"
#include "images/worker/stream.h"

enum tar_kind {
	TAR_FILE,
	TAR_FOLDER,
	TAR_SYMLINK,
	TAR_HARDLINK,
	TAR_CHAR,
	TAR_BLOCK,
	TAR_FIFO,
	TAR_KIND_COUNT,
};

/* Valid until the next tar_next(). */
struct tar_entry {
	enum tar_kind kind;
	const char *name;  /* as in the archive; not empty */
	const char *link;  /* of TAR_SYMLINK and TAR_HARDLINK; not empty */
	struct meta meta;
	dev_t device;	   /* of TAR_CHAR and TAR_BLOCK */
	uint64_t size;	   /* of a file, holes included */
};

struct tar;

/*
 * Make libarchive ready without any file of the C library, which after
 * the lock-in would be one of the image (rule K15).
 */
void tar_prepare(void);

/* @s must live longer than the result. Return: 0, or -errno with @e filled */
int tar_open(struct stream *s, struct tar **ret, struct err *e);

/* The next entry; what was not read of the last one is skipped. Return: 1, 0 at the end, or -errno with @e filled */
int tar_next(struct tar *t, struct tar_entry *ret, struct err *e);

/**
 * tar_data() - The next piece of a file's content
 * @ret_data:	Valid until the next call
 * @ret_offset:	Where it lies in the file: at or behind the end of the last piece, within the entry's size
 *
 * Return: 1, 0 at the end of the file, or -errno with @e filled
 */
int tar_data(struct tar *t, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct err *e);

void tar_close(struct tar *t);

#endif
