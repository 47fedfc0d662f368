/* SPDX-License-Identifier: Apache-2.0 */
/* pairs.h: options that are given as KEY=VALUE, any number of times: --label, --opt. */
#ifndef CLI_PAIRS_H
#define CLI_PAIRS_H

#include "base/str.h"
#include "spec/spec.h"

/**
 * pairs_read() - Read them all
 * @option:	Whose they are, for messages
 * @ret:	Lists in @a, the values are those of @words; a word without '=' has an empty value
 *
 * Return: 0, or -EINVAL (no key, or one twice) and -ENOMEM with @e filled
 */
int pairs_read(const char *option, const struct strv *words, struct arena *a, struct spec_map *ret, struct err *e);

/* --filter label=KEY[=VALUE] */
bool pairs_fit(const struct spec_map *pairs, const char *wanted);

#endif
