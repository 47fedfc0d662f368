/* SPDX-License-Identifier: Apache-2.0 */
/* unit_file.h: files in the syntax of systemd's units (systemd.syntax(7)): lines of sections; words of a value. Pure. */
#ifndef CLI_QUADLET_UNIT_FILE_H
#define CLI_QUADLET_UNIT_FILE_H

#include "base/str.h"

struct unit_line {
	const char *section, *key;
	const char *value; /* as it stands there, its lines put together; quotes and specifiers are untouched */
	const char *file;
	unsigned line;
};

struct unit_file {
	struct unit_line *v;
	size_t n, room;
};

/**
 * unit_parse() - Add the lines of a file
 * @text:	Changed, and borrowed: sections, keys and values are in it
 * @file:	For messages; borrowed
 *
 * Return: 0, or -EINVAL with @e filled: "FILE:LINE: …"; or -ENOMEM
 */
int unit_parse(struct arena *a, char *text, const char *file, struct unit_file *u, struct err *e);

/* The last line with this key that is not empty; NULL: there is none, or an empty one after it. */
const struct unit_line *unit_last(const struct unit_file *u, const char *section, const char *key);

/* The next line with this key after number @i, none of those that an empty one has taken back. Return: its number, or n */
size_t unit_next(const struct unit_file *u, const char *section, const char *key, size_t i);

/* Whether it is true; @missing where it is not there. Return: 0 or 1, or -EINVAL with @e filled */
int unit_bool(const struct unit_file *u, const char *section, const char *key, bool missing, struct err *e);

/**
 * unit_split() - The words of a value, as systemd takes them apart: 'quotes', "quotes" and \escapes
 *
 * Return: 0, or -EINVAL with @e filled (a quote is left open), or -ENOMEM
 */
int unit_split(struct arena *a, const char *value, struct strv *words, struct err *e);

#endif
