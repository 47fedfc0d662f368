/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toml.h: TOML 1.0 to jansson's values, for the files of other programs; https://toml.io/en/v1.0.0. All but dates, and of numbers
 * integers in decimal alone: no file that is read has others. Debian has no C library for it.
 */
#ifndef SPEC_TOML_H
#define SPEC_TOML_H

#include <jansson.h>

#include "base/err.h"

/**
 * toml_read() - Parse a file
 * @text:	@len bytes; need not end with a zero
 * @ret:	A new reference: an object
 *
 * Return: 0, or -EINVAL (the line is in @e) or -ENOMEM with @e filled
 */
int toml_read(const char *text, size_t len, json_t **ret, struct err *e);

#endif
