/* SPDX-License-Identifier: Apache-2.0 */
/* when.h: moments as people write them: --since and --until. */
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/**
 * when_parse() - "2026-11-22T01:02:03Z", "2026-11-22", seconds since 1970, or a length of time such as 1h30m or 500ms
 * @option:	Whose it is, for the message
 * @text:	Without a zone it is UTC; NULL: untouched @ret_ns
 * @ahead:	A length of time leads from now into the future, with a minus into the past; else into the past
 * @ret_ns:	Nanoseconds since 1970, at least 1
 *
 * Return: 0, or -EINVAL with @e filled
 */
int when_parse(const char *option, const char *text, bool ahead, uint64_t *ret_ns, struct err *e);

#endif
