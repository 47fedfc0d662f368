/* SPDX-License-Identifier: Apache-2.0 */
/* header.h: the values of the other headers that registries answer with. Pure; what is malformed is false. */
#ifndef IMAGES_FETCH_HEADER_H
#define IMAGES_FETCH_HEADER_H

#include "base/util.h"

/* Content-Range: "bytes 100-199/200"; @ret_total is UINT64_MAX where it is "*". */
bool header_content_range(const char *value, uint64_t *ret_first, uint64_t *ret_last, uint64_t *ret_total);

/*
 * Range, as an upload says how far it has come: "0-99", "bytes=0-99".
 * "0-0" is nothing: Docker's registry has no other word for that.
 */
bool header_received(const char *value, uint64_t *ret_bytes);

/* Link, of RFC 8288: the target of the first that is rel="next". */
bool header_next(const char *value, char *ret, size_t size);

/* Content-Type without its parameters, in lower case. */
bool header_media_type(const char *value, char *ret, size_t size);

#endif
