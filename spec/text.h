/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h: JSON text to jansson's values and back, with what jansson alone does not do: integers up to 2^64-1 (rlimits and
 * seccomp arguments need them, jansson's are signed), and a limit of depth.
 *
 * An integer above INT64_MAX is held as a string of a zero byte and its digits. No string of a text can be like it: a zero
 * byte in a string is an error.
 */
#ifndef SPEC_TEXT_H
#define SPEC_TEXT_H

#include <jansson.h>

#include "base/err.h"

#define JSON_TEXT_DEPTH 64 /* deeper nesting is refused; real files have 8 levels */

/* Parse one JSON value; duplicate keys and anything after it are errors. Return: 0, or -EINVAL or -ENOMEM; @e filled */
int json_from_text(const char *text, size_t len, json_t **ret, struct err *e);

/* On one line; @ret is freed by the caller. Return: 0, or -ENOMEM with @e filled */
int json_to_text(json_t *value, char **ret, struct err *e);

/* The same in another layout: jansson's flags, such as JSON_INDENT(4). */
int json_to_layout(json_t *value, size_t flags, char **ret, struct err *e);

/* An integer of any size as a value; NULL on no memory. */
json_t *json_from_u64(uint64_t v);

/* Whether a value is an integer above INT64_MAX. @ret: that integer; may be NULL */
bool json_is_big(json_t *value, uint64_t *ret);

#endif
