// SPDX-License-Identifier: Apache-2.0
#include "cli/quadlet/unit_file.h"

#include <ctype.h>
#include <errno.h>

#define BLANKS	 " \t\r"
#define COMMENTS "#;"
#define CODE_MAX 0x10ffff

static char *trim(char *s)
{
	s += strspn(s, BLANKS);
	for (char *end = s + strlen(s); end > s && strchr(BLANKS, end[-1]); end--)
		end[-1] = '\0';
	return s;
}

static int add_line(struct arena *a, struct unit_file *u, const struct unit_line *line, struct err *e)
{
	if (u->n == u->room) {
		size_t room = u->room ? 2 * u->room : 32;
		struct unit_line *v = arena_array(a, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (u->n)
			memcpy(v, u->v, u->n * sizeof(*v));
		u->v = v;
		u->room = room;
	}
	u->v[u->n++] = *line;
	return 0;
}

/* "[Section]", or "KEY=VALUE" of the one before. */
static int take_line(struct arena *a, char *text, struct unit_line *l, struct unit_file *u, struct err *e)
{
	char *line = trim(text), *equals = strchr(line, '=');
	size_t n = strlen(line);

	if (n == 0)
		return 0;
	if (*line == '[') {
		if (line[n - 1] != ']')
			return err_say(e, EINVAL, "%s:%u: a section is [NAME]", l->file, l->line);
		line[n - 1] = '\0';
		l->section = line + 1;
		return 0;
	}
	if (!equals || equals == line)
		return err_say(e, EINVAL, "%s:%u: neither [SECTION] nor KEY=VALUE", l->file, l->line);
	if (!l->section)
		return err_say(e, EINVAL, "%s:%u: it belongs to no section", l->file, l->line);
	*equals = '\0';
	l->value = trim(equals + 1);
	l->key = trim(line);
	return add_line(a, u, l, e);
}

/* Does it end in a backslash that no other one escapes? */
static bool goes_on(const char *s)
{
	bool escaped = false;

	for (; *s; s++)
		escaped = !escaped && *s == '\\';
	return escaped;
}

int unit_parse(struct arena *a, char *text, const char *file, struct unit_file *u, struct err *e)
{
	struct unit_line l = { .file = file };
	char *whole = NULL; /* of a line that goes on: what there is so far; it grows towards the end of the same text */
	unsigned number = 0;
	int r = 0;

	for (char *line; r >= 0 && (line = strsep(&text, "\n"));) {
		number++;
		line += strspn(line, BLANKS);
		if (*line && strchr(COMMENTS, *line)) /* also in the midst of a line that goes on */
			continue;
		if (!whole)
			l.line = number;
		char *put = whole ? whole + strlen(whole) : line;

		memmove(put, line, strlen(line) + 1);
		whole = whole ? whole : line;
		bool more = goes_on(whole) && text;

		if (goes_on(whole))
			whole[strlen(whole) - 1] = ' ';
		if (more)
			continue;
		r = take_line(a, whole, &l, u, e);
		whole = NULL;
	}
	if (whole && r >= 0) /* all that followed was comments */
		r = take_line(a, whole, &l, u, e);
	return r < 0 ? r : 0;
}

static bool is_key(const struct unit_line *l, const char *section, const char *key)
{
	return streq(l->section, section) && streq(l->key, key);
}

const struct unit_line *unit_last(const struct unit_file *u, const char *section, const char *key)
{
	for (size_t i = u->n; i > 0; i--)
		if (is_key(&u->v[i - 1], section, key))
			return *u->v[i - 1].value ? &u->v[i - 1] : NULL;
	return NULL;
}

size_t unit_next(const struct unit_file *u, const char *section, const char *key, size_t i)
{
	size_t found = u->n;

	for (; i < u->n; i++) {
		if (!is_key(&u->v[i], section, key))
			continue;
		if (!*u->v[i].value)
			found = u->n;
		else if (found == u->n)
			found = i;
	}
	return found;
}

int unit_bool(const struct unit_file *u, const char *section, const char *key, bool missing, struct err *e)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1", "n", "y", "f", "t" };
	const struct unit_line *l = unit_last(u, section, key);

	if (!l)
		return missing;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(l->value, words[i]) == 0)
			return (int)(i % 2);
	return err_say(e, EINVAL, "%s:%u: %s is true or false, not \"%s\"", l->file, l->line, key, l->value);
}

/* So many digits of a base; -1: they are not there. */
static long digits(const char **s, int n, int base)
{
	long value = 0;

	for (int i = 0; i < n; i++) {
		int c = tolower((unsigned char)(*s)[i]);
		int digit = isdigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : base;

		if (digit >= base)
			return -1;
		value = value * base + digit;
	}
	*s += n;
	return value;
}

static char *put_utf8(char *out, long code)
{
	int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const unsigned char first[] = { 0, 0xc0, 0xe0, 0xf0 };

	*out++ = (char)(first[more] | (code >> (6 * more)));
	while (more-- > 0)
		*out++ = (char)(0x80 | ((code >> (6 * more)) & 0x3f));
	return out;
}

/* What follows a backslash; an escape that there is none of stays as it is. */
static char *unescape(const char **s, char *out)
{
	static const char simple[] = "abfnrtvs\\\"'", meaning[] = "\a\b\f\n\r\t\v \\\"'";
	static const struct {
		char letter;
		int n, base;
		bool byte;
	} numbers[] = { { 'x', 2, 16, true }, { 'u', 4, 16, false }, { 'U', 8, 16, false } };
	const char *p = *s, *found = *p ? strchr(simple, *p) : NULL;
	long code = digits(&p, 3, 8);
	bool byte = code >= 0;

	if (found) {
		*out++ = meaning[found - simple];
		++*s;
		return out;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers) && code < 0; i++)
		if (**s == numbers[i].letter) {
			p = *s + 1;
			code = digits(&p, numbers[i].n, numbers[i].base);
			byte = numbers[i].byte;
		}
	if (code <= 0 || code > (byte ? 0xff : CODE_MAX)) {
		*out++ = '\\';
		return out;
	}
	*s = p;
	if (!byte)
		return put_utf8(out, code);
	*out++ = (char)code;
	return out;
}

int unit_split(struct arena *a, const char *value, struct strv *words, struct err *e)
{
	for (const char *s = value + strspn(value, BLANKS "\n"); *s; s += strspn(s, BLANKS "\n")) {
		char *word = arena_alloc(a, strlen(s) + 1), *out = word, quote = 0;

		if (!word)
			return err_nomem(e);
		for (; *s && (quote || !strchr(BLANKS "\n", *s));) {
			char c = *s++;

			if (c == '\\' && *s)
				out = unescape(&s, out);
			else if (c == quote)
				quote = 0;
			else if (!quote && (c == '"' || c == '\''))
				quote = c;
			else
				*out++ = c;
		}
		if (quote)
			return err_say(e, EINVAL, "a quotation mark is left open: %s", value);
		if (strv_push(a, words, word) < 0)
			return err_nomem(e);
	}
	return 0;
}
