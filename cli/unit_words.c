// SPDX-License-Identifier: Apache-2.0
#include "cli/unit_words.h"

/* Whatever a word may have without quotes; UTF-8, too. */
static bool is_plain(unsigned char c)
{
	return c > ' ' && c != 0x7f && !strchr("\"'\\;", c);
}

char *unit_word(struct arena *a, const char *word, unsigned escapes)
{
	size_t n = strlen(word), plain = 0;
	char *ret = arena_alloc(a, 4 * n + sizeof("\"\"")), *p = ret;

	while (word[plain] && is_plain((unsigned char)word[plain]))
		plain++;
	bool quoted = plain < n || n == 0;

	if (!ret)
		return NULL;
	if (quoted)
		*p++ = '"';
	for (; *word; word++) {
		unsigned char c = (unsigned char)*word;

		if (c < ' ' || c == 0x7f) {
			p += snprintf(p, sizeof("\\x00"), "\\x%02x", c);
			continue;
		}
		if (c == '"' || c == '\\')
			*p++ = '\\';
		if ((c == '%' && (escapes & UNIT_PERCENT)) || (c == '$' && (escapes & UNIT_DOLLAR)))
			*p++ = (char)c;
		*p++ = (char)c;
	}
	if (quoted)
		*p++ = '"';
	return ret;
}

int unit_print_words(FILE *out, const char *key, const struct strv *words, unsigned escapes, struct err *e)
{
	auto_arena struct arena a = { 0 };

	for (size_t i = 0; i < words->n; i++) {
		const char *word = unit_word(&a, words->v[i], escapes);

		if (!word)
			return err_nomem(e);
		fprintf(out, "%s%s%s", i ? " " : key, i ? "" : "=", word);
	}
	fputs(words->n ? "\n" : "", out);
	return 0;
}
