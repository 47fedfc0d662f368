/* SPDX-License-Identifier: Apache-2.0 */
/*
 * download.h: the blobs of an image's layers that the store lacks, several at once, into a folder where others read them while
 * they grow. Nothing here waits but download_hear().
 */
#ifndef IMAGES_DOWNLOAD_H
#define IMAGES_DOWNLOAD_H

#include "images/images.h"
#include "images/transfer.h"

enum blob_state {
	BLOB_WAITING,
	BLOB_ASKED,
	BLOB_COMING, /* its file is there, and grows */
	BLOB_HERE,   /* all of it; size and digest are right, as the fetcher says */
};

struct blob {
	const char *hex;
	uint64_t bytes;
	enum blob_state state;
	uint32_t request;
	int more; /* until all of it is here: the reading end of the pipe that says so */
};

struct download {
	struct transfer *transfer;
	int folder; /* that of the transfer's session; not owned */
	const struct load_options *options;
	struct blob *v; /* each once, the largest first */
	size_t n;
	bool failed; /* the fetcher could not bring one */
};

/**
 * download_plan() - Decide what is to be fetched
 * @d:		transfer, folder and options set by the caller
 *
 * What the store has gets a second name in the folder, and is as good as fetched: whoever removes it there takes nothing away here.
 *
 * Return: 0, or -errno with @e filled; download_close() is fine after both
 */
int download_plan(struct download *d, const struct store *s, const struct image *image, struct arena *arena, struct err *e);

/* The one with this digest; never NULL for a layer of the image. */
const struct blob *download_blob(const struct download *d, const char *hex);

bool download_ended(const struct download *d);

/* Ask for blobs, as many as may be under way at once. Return: 0, or -errno with @e filled */
int download_ask(struct download *d, struct err *e);

/* Hear one answer. Return: 0, or -errno with @e filled: a blob cannot be had */
int download_hear(struct download *d, struct err *e);

void download_close(struct download *d);

#endif
