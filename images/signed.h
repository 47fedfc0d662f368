/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signed.h: what the worker writes about the signatures of an image (job `signatures`), read by the parent with the same tables.
 */
#ifndef IMAGES_SIGNED_H
#define IMAGES_SIGNED_H

#include "images/protocol.h"
#include "spec/decode.h"

#define SIGNED_FILE	  "signatures.json"
#define SIGNED_FILE_MAX	  (256 << 10)
#define SIGNED_MOST	  64 /* of one image: further ones are not looked at */
#define SIGNED_PAYLOAD_MAX (64 << 10)

struct signed_entry {
	char *payload;	 /* sha256 hex of the blob that is signed */
	uint64_t bytes;
	char *signature; /* base64 */
};

struct signed_list {
	struct signed_entry *v;
	size_t n;
};

extern const struct field signed_fields[1]; /* struct signed_list */

#endif
