// SPDX-License-Identifier: Apache-2.0
#include "spec/toml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

#define DEPTH_MAX  32
#define STRING_MAX (64 << 10)

struct reader {
	const char *at, *end;
	unsigned line, depth;
	json_t *root, *table; /* table: where keys go now */
	char *word;	      /* the last string or key; STRING_MAX + 1 bytes */
	size_t word_len;
	struct err *e;
};

static int fail(struct reader *r, const char *what)
{
	return err_say(r->e, EINVAL, "line %u: %s", r->line, what);
}

static int no_memory(struct reader *r)
{
	return err_nomem(r->e);
}

static bool at_end(const struct reader *r)
{
	return r->at == r->end;
}

static char peek(const struct reader *r)
{
	return at_end(r) ? '\0' : *r->at;
}

static bool sees(const struct reader *r, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(r->end - r->at) >= n && memcmp(r->at, text, n) == 0;
}

static bool take(struct reader *r, const char *text)
{
	if (!sees(r, text))
		return false;
	r->at += strlen(text);
	return true;
}

static void skip_blanks(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t')
		r->at++;
}

static bool take_newline(struct reader *r)
{
	if (!take(r, "\n") && !take(r, "\r\n"))
		return false;
	r->line++;
	return true;
}

static void skip_comment(struct reader *r)
{
	skip_blanks(r);
	if (peek(r) != '#')
		return;
	while (!at_end(r) && *r->at != '\n')
		r->at++;
}

/* Blanks, comments and ends of lines, as they may stand in an array. */
static void skip_lines(struct reader *r)
{
	do
		skip_comment(r);
	while (take_newline(r));
}

/* ---- strings ---- */

static int put_byte(struct reader *r, char c)
{
	if (r->word_len == STRING_MAX)
		return fail(r, "a string is too long");
	r->word[r->word_len++] = c;
	r->word[r->word_len] = '\0';
	return 0;
}

/* A character as UTF-8. */
static int put_character(struct reader *r, uint32_t c)
{
	static const struct {
		uint32_t below;
		unsigned char first;
	} lengths[] = { { 0x80, 0 }, { 0x800, 0xc0 }, { 0x10000, 0xe0 }, { 0x110000, 0xf0 } };
	size_t more = 0;

	while (more < ARRAY_SIZE(lengths) && c >= lengths[more].below)
		more++;
	if (more == ARRAY_SIZE(lengths) || (c >= 0xd800 && c < 0xe000) || c == 0)
		return fail(r, "an escape that is no character");
	int bad = put_byte(r, (char)(lengths[more].first | (c >> (6 * more))));

	while (more-- > 0 && bad >= 0)
		bad = put_byte(r, (char)(0x80 | ((c >> (6 * more)) & 0x3f)));
	return bad;
}

static int put_number(struct reader *r, size_t digits)
{
	uint32_t c = 0;

	for (size_t i = 0; i < digits; i++) {
		static const char hex[] = "0123456789abcdef";
		const char *digit = at_end(r) ? NULL : memchr(hex, *r->at | 0x20, 16);

		if (!digit || (digit - hex < 10 && *r->at != *digit))
			return fail(r, "an escape that is no character");
		c = c << 4 | (uint32_t)(digit - hex);
		r->at++;
	}
	return put_character(r, c);
}

/* What follows a backslash; one at the end of a line takes away all blanks that follow. */
static int put_escape(struct reader *r, bool lines)
{
	static const char from[] = "btnfre\"\\", to[] = "\b\t\n\f\r\033\"\\";
	char c = peek(r);
	const char *known = c ? strchr(from, c) : NULL;

	if (lines && strchr(" \t\r\n", c) && c) {
		skip_blanks(r);
		if (!take_newline(r))
			return fail(r, "a backslash before blanks");
		do
			skip_blanks(r);
		while (take_newline(r));
		return 0;
	}
	r->at += !at_end(r);
	if (c == 'u' || c == 'U')
		return put_number(r, c == 'u' ? 4 : 8);
	return known && c != 'e' ? put_byte(r, to[known - from]) : fail(r, "an escape that is not known");
}

/* The rest of a string, up to its closing quotes. */
static int read_rest(struct reader *r, const char *quotes, bool lines, bool escapes)
{
	int bad = 0;

	while (bad >= 0) {
		unsigned char c = (unsigned char)peek(r);

		if (at_end(r) || (c == '\n' && !lines))
			return fail(r, "a string has no end");
		if (take(r, quotes)) {
			for (int i = 0; i < 2 && lines && peek(r) == *quotes && bad >= 0; i++, r->at++)
				bad = put_byte(r, *quotes); /* """ may follow on two quotes of the string's own */
			return bad;
		}
		if ((c < ' ' && c != '\t' && c != '\n' && !(c == '\r' && lines)) || c == 0x7f)
			return fail(r, "a control character in a string");
		r->line += c == '\n';
		r->at++;
		bad = c == '\\' && escapes ? put_escape(r, lines) : put_byte(r, (char)c);
	}
	return bad;
}

/* Return: 1, 0 where no string begins, or -errno */
static int read_string(struct reader *r, bool may_have_lines)
{
	static const struct {
		const char *quotes;
		bool lines, escapes;
	} kinds[] = { { "\"\"\"", true, true }, { "'''", true, false }, { "\"", false, true }, { "'", false, false } };

	for (size_t i = may_have_lines ? 0 : 2; i < ARRAY_SIZE(kinds); i++) {
		if (!take(r, kinds[i].quotes))
			continue;
		r->word_len = 0;
		r->word[0] = '\0';
		if (kinds[i].lines)
			(void)take_newline(r); /* the first one is not part of it */
		int bad = read_rest(r, kinds[i].quotes, kinds[i].lines, kinds[i].escapes);

		return bad < 0 ? bad : 1;
	}
	return 0;
}

/* ---- values ---- */

static int read_value(struct reader *r, json_t **ret);

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* One part of a key, to r->word. */
static int read_key(struct reader *r)
{
	int found = read_string(r, false), bad = 0;

	if (found)
		return MIN(found, 0);
	r->word_len = 0;
	while (is_bare(peek(r)) && bad >= 0)
		bad = put_byte(r, *r->at++);
	return bad < 0 || r->word_len ? bad : fail(r, "a key is missing");
}

/* The table of this name in another; of an array of tables the last one. */
static json_t *go_down(struct reader *r, json_t *table, bool make)
{
	json_t *below = json_object_get(table, r->word);

	if (json_is_array(below))
		below = json_array_get(below, json_array_size(below) - 1);
	if (!below && make && json_object_set_new(table, r->word, json_object()) == 0)
		below = json_object_get(table, r->word);
	return json_is_object(below) ? below : NULL;
}

/* All parts of a key but the last, which stays in r->word. @table: moves down */
static int read_path(struct reader *r, json_t **table)
{
	int bad = read_key(r);

	for (unsigned n = 0; bad >= 0; n++) {
		skip_blanks(r);
		if (!take(r, "."))
			return 0;
		skip_blanks(r);
		*table = n < DEPTH_MAX ? go_down(r, *table, true) : NULL;
		if (!*table)
			return fail(r, "a key that is no table has others below it, or there are too many");
		bad = read_key(r);
	}
	return bad;
}

static int read_pair(struct reader *r, json_t *table)
{
	json_t *value = NULL;
	int bad = read_path(r, &table);

	if (bad < 0)
		return bad;
	skip_blanks(r);
	if (!take(r, "="))
		return fail(r, "there is no = after a key");
	if (json_object_get(table, r->word))
		return fail(r, "a key is there twice");
	char *key = strdup(r->word);

	if (!key)
		return no_memory(r);
	skip_blanks(r);
	bad = read_value(r, &value);
	if (bad >= 0 && json_object_set_new(table, key, value) < 0)
		bad = fail(r, "a key is no UTF-8");
	free(key);
	return bad;
}

static int read_array(struct reader *r, json_t *list)
{
	for (;;) {
		json_t *value = NULL;

		skip_lines(r);
		if (take(r, "]"))
			return 0;
		int bad = read_value(r, &value);

		if (bad < 0)
			return bad;
		if (json_array_append_new(list, value) < 0)
			return no_memory(r);
		skip_lines(r);
		if (!take(r, ",") && peek(r) != ']')
			return fail(r, "there is no comma between values");
	}
}

static int read_inline(struct reader *r, json_t *table)
{
	skip_blanks(r);
	if (take(r, "}"))
		return 0;
	for (;;) {
		skip_blanks(r);
		int bad = read_pair(r, table);

		if (bad < 0)
			return bad;
		skip_blanks(r);
		if (take(r, "}"))
			return 0;
		if (!take(r, ","))
			return fail(r, "there is no comma between keys");
	}
}

static int read_nested(struct reader *r, json_t *new, int (*f)(struct reader *r, json_t *into), json_t **ret)
{
	r->depth++;
	int bad = !new ? no_memory(r) : r->depth > DEPTH_MAX ? fail(r, "values in values, too deep") : f(r, new);

	r->depth--;
	if (bad < 0)
		json_decref(new);
	else
		*ret = new;
	return bad;
}

/* true, false, an integer. */
static int read_word(struct reader *r, json_t **ret)
{
	char text[32];
	size_t n = 0;
	int64_t number;

	while (n < sizeof(text) - 1 && (is_bare(peek(r)) || peek(r) == '+' || peek(r) == '.' || peek(r) == ':')) {
		if (*r->at != '_')
			text[n++] = *r->at;
		r->at++;
	}
	text[n] = '\0';
	if (streq(text, "true") || streq(text, "false"))
		*ret = json_boolean(streq(text, "true"));
	else if (str_to_i64(text + (*text == '+'), INT64_MIN, INT64_MAX, &number) == 0)
		*ret = json_integer(number);
	else
		return fail(r, "a value that is no string, integer, true, false, array or table");
	return *ret ? 0 : no_memory(r);
}

static int read_value(struct reader *r, json_t **ret)
{
	int found = read_string(r, true);

	if (found < 0)
		return found;
	if (found) {
		*ret = json_stringn(r->word, r->word_len);
		return *ret ? 0 : fail(r, "a string is no UTF-8");
	}
	if (take(r, "["))
		return read_nested(r, json_array(), read_array, ret);
	if (take(r, "{"))
		return read_nested(r, json_object(), read_inline, ret);
	return read_word(r, ret);
}

/* ---- lines ---- */

/* [table], or [[array of tables]]: one more at its end. */
static int read_heading(struct reader *r)
{
	bool list = take(r, "[");
	json_t *table = r->root;

	skip_blanks(r);
	int bad = read_path(r, &table);

	if (bad < 0)
		return bad;
	if (!take(r, list ? "]]" : "]"))
		return fail(r, "a heading has no end");
	json_t *there = json_object_get(table, r->word);

	if (!list) {
		r->table = json_is_array(there) ? NULL : go_down(r, table, true);
		return r->table ? 0 : fail(r, "a heading of what is no table");
	}
	if (!there && json_object_set_new(table, r->word, json_array()) < 0)
		return fail(r, "a key is no UTF-8");
	there = json_object_get(table, r->word);
	if (!json_is_array(there))
		return fail(r, "a heading of what is no array of tables");
	if (json_array_append_new(there, json_object()) < 0)
		return no_memory(r);
	r->table = json_array_get(there, json_array_size(there) - 1);
	return json_is_object(r->table) ? 0 : no_memory(r);
}

static int read_lines(struct reader *r)
{
	int bad = 0;

	while (bad >= 0) {
		skip_lines(r);
		if (at_end(r))
			return 0;
		bad = take(r, "[") ? read_heading(r) : read_pair(r, r->table);
		if (bad < 0)
			return bad;
		skip_comment(r);
		if (!at_end(r) && !take_newline(r))
			return fail(r, "more than one thing on a line");
	}
	return bad;
}

int toml_read(const char *text, size_t len, json_t **ret, struct err *e)
{
	struct reader r = { .at = text, .end = text + len, .line = 1, .root = json_object(), .word = malloc(STRING_MAX + 1), .e = e };

	r.table = r.root;
	int bad = r.root && r.word ? read_lines(&r) : no_memory(&r);

	free(r.word);
	if (bad < 0)
		json_decref(r.root);
	else
		*ret = r.root;
	return bad;
}
