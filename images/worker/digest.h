/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h: sha256 of a stream, and the text form of a digest, "sha256:HEX". */
#ifndef IMAGES_WORKER_DIGEST_H
#define IMAGES_WORKER_DIGEST_H

#include "images/protocol.h"

struct digest {
	struct evp_md_ctx_st *ctx; /* NULL: not begun */
	bool failed;
};

/*
 * Make the library ready without any file of its own, which after the
 * lock-in would be a file of the image (rule K15).
 */
int digest_prepare(struct err *e);

int digest_begin(struct digest *d, struct err *e);

/* A failure is kept and reported by digest_end(). */
void digest_add(struct digest *d, const void *data, size_t len);

/**
 * digest_end() - The digest of all that was added; nothing can be added afterwards
 * @hex:	Its 64 digits and a zero
 *
 * Return: 0, or -errno with @e filled
 */
int digest_end(struct digest *d, char hex[DIGEST_HEX + 1], struct err *e);

void digest_close(struct digest *d);
#define auto_digest __attribute__((cleanup(digest_close)))

/* Of bytes that are all here. */
int digest_of(const void *data, size_t len, char hex[DIGEST_HEX + 1], struct err *e);

/**
 * digest_hex() - Check "sha256:HEX", as manifests write it
 * @what:	What it is the digest of, for the message
 *
 * Return: where HEX begins in @text, or NULL with @e filled
 */
const char *digest_hex(const char *text, const char *what, struct err *e);

#endif
