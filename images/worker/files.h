/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.h: the files of an image archive, or of a layout folder, by name. Each is stored as "HEX.part" under
 * the digest of what it holds, since only the manifests, which may come last, say which of them are blobs of
 * images; those then lose their ".part", and the rest is removed.
 */
#ifndef IMAGES_WORKER_FILES_H
#define IMAGES_WORKER_FILES_H

#include "base/arena.h"
#include "images/worker/inflate.h"
#include "images/worker/stream.h"

struct file {
	char *name;		    /* name_clean()ed */
	char *link;		    /* a symbolic or hard link: the name it leads to; NULL: a file */
	char hex[DIGEST_HEX + 1];   /* sha256 of its content */
	uint64_t bytes;
	unsigned char magic[COMPRESSION_MAGIC_MAX]; /* its first bytes */
	size_t n_magic;
};

struct files {
	int work;   /* the folder that they are stored in; not owned */
	uint64_t max_bytes; /* of one of them; 0: no limit */
	int folder; /* layout folder: files are taken from it when they are asked for; -1: an archive */
	struct arena arena;
	struct file **v; /* sorted by name once the archive has been read */
	size_t n, room;
};

/* Take all files of a tar stream. Return: 0, or -errno with @e filled */
int files_read(struct files *f, struct stream *s, struct err *e);

/**
 * files_find() - A file by its name, links followed
 *
 * Return: 1 with *ret set, 0: there is none, or -errno with @e filled
 */
int files_find(struct files *f, const char *name, const struct file **ret, struct err *e);

/*
 * The content of a small one (a manifest, a config), to be freed by
 * the caller. Return: 0, or -errno with @e filled
 */
#define FILES_TEXT_MAX (4 << 20)
int files_text(struct files *f, const struct file *file, const char *what, char **ret, size_t *ret_len, struct err *e);

/* Store bytes of our own making like a file. */
int files_add(struct files *f, const void *data, size_t len, struct file *ret, struct err *e);

/* It is a blob of an image: it gets its name. Return: 0, or -errno with @e filled */
int files_keep(struct files *f, const struct file *file, struct err *e);

/* Remove all that was not kept. Return: 0, or -errno with @e filled */
int files_sweep(struct files *f, struct err *e);

void files_close(struct files *f);

#endif
