/* SPDX-License-Identifier: Apache-2.0 */
/* unit_words.h: words as units of systemd have them (systemd.service(5), COMMAND LINES). */
#ifndef CLI_UNIT_WORDS_H
#define CLI_UNIT_WORDS_H

#include <stdio.h>

#include "base/str.h"

enum unit_escapes {
	UNIT_PERCENT = BIT(0), /* % is a character, and begins no specifier */
	UNIT_DOLLAR = BIT(1),  /* $ is one, and begins no variable: in command lines */
};

/* A word, in quotes where it needs them. Return: text owned by @a, NULL where there is no memory */
char *unit_word(struct arena *a, const char *word, unsigned escapes);

/* A line "KEY=WORD WORD…" where there are any. Return: 0, or -ENOMEM with @e filled */
int unit_print_words(FILE *out, const char *key, const struct strv *words, unsigned escapes, struct err *e);

#endif
