// SPDX-License-Identifier: Apache-2.0
#include "spec/text.h"

#include <errno.h>
#include <sys/auxv.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/str.h"

/*
 * How a big integer is written for jansson: "\u000018446744073709551615", quotes included. An integer above INT64_MAX
 * has 19 or 20 digits.
 */
#define BIG_OPEN   "\"\\u0000"
#define BIG_EXTRA  (sizeof(BIG_OPEN) - 1 + 1)
#define BIG_DIGITS 19
#define U64_DIGITS 20

/* One pass over a text before jansson sees it. */
struct scan {
	const char *text, *end;
	const char *copied; /* what lies before it is in @out */
	char *out;          /* the text with its big integers rewritten; NULL: there are none */
	size_t len;         /* bytes in @out */
	struct err *e;
};

static int scan_fail(const struct scan *s, const char *at, const char *what)
{
	size_t line = 1;

	for (const char *p = s->text; p < at; p++)
		line += *p == '\n';
	return err_say(s->e, EINVAL, "line %zu: %s", line, what);
}

/* @p is behind the opening quote. Return: behind the closing one, the end where there is none, NULL on failure */
static const char *scan_string(const struct scan *s, const char *p)
{
	static const char zero[] = { 'u', '0', '0', '0', '0' };

	while (p < s->end && *p != '"') {
		if (*p++ != '\\' || p == s->end)
			continue;
		if ((size_t)(s->end - p) >= sizeof(zero) && memcmp(p, zero, sizeof(zero)) == 0) {
			scan_fail(s, p, "a string has a zero byte (\\u0000) in it");
			return NULL;
		}
		p++;
	}
	return p < s->end ? p + 1 : p;
}

static int scan_append(struct scan *s, const char *from, size_t n)
{
	/* room for the worst: nothing but big integers and one byte between them */
	size_t worst = (size_t)(s->end - s->text) / (BIG_DIGITS + 1) + 1;

	if (!s->out)
		s->out = malloc((size_t)(s->end - s->text) + worst * BIG_EXTRA);
	if (!s->out)
		return err_nomem(s->e);
	memcpy(s->out + s->len, from, n);
	s->len += n;
	return 0;
}

/* @p is at a number; rewrites it where jansson could not hold it. What is malformed is left for jansson to refuse. */
static int scan_number(struct scan *s, const char *p, size_t n)
{
	char digits[U64_DIGITS + 1];
	uint64_t v;

	if (n < BIG_DIGITS || n > U64_DIGITS || *p == '0')
		return 0;
	memcpy(digits, p, n);
	digits[n] = '\0';
	if (str_to_u64(digits, UINT64_MAX, &v) < 0 || v <= INT64_MAX)
		return 0;
	int r = scan_append(s, s->copied, (size_t)(p - s->copied));

	if (r == 0)
		r = scan_append(s, BIG_OPEN, sizeof(BIG_OPEN) - 1);
	if (r == 0)
		r = scan_append(s, p, n);
	if (r == 0)
		r = scan_append(s, "\"", 1);
	s->copied = p + n;
	return r;
}

static bool in_number(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static int scan(struct scan *s)
{
	int depth = 0;

	for (const char *p = s->text; p < s->end;) {
		const char *start = p++;

		if (*start == '"') {
			p = scan_string(s, p);
			if (!p)
				return -s->e->code;
		} else if (in_number(*start)) {
			while (p < s->end && in_number(*p))
				p++;
			if (scan_number(s, start, (size_t)(p - start)) < 0)
				return -s->e->code;
		} else if (*start == '{' || *start == '[') {
			if (++depth > JSON_TEXT_DEPTH)
				return scan_fail(s, start, "too many levels of objects and lists");
		} else if (*start == '}' || *start == ']') {
			depth--;
		}
	}
	return s->out ? scan_append(s, s->copied, (size_t)(s->end - s->copied)) : 0;
}

/* The kernel's random bytes of this process: jansson would open a device for its own. */
static void seed_tables(void)
{
	const void *random = (const void *)getauxval(AT_RANDOM);
	uint32_t seed = 0;

	if (random)
		memcpy(&seed, random, sizeof(seed));
	json_object_seed(seed); /* 0: it looks for a seed itself; later calls change nothing */
}

int json_from_text(const char *text, size_t len, json_t **ret, struct err *e)
{
	struct scan s = { .text = text, .end = text + len, .copied = text, .e = e };
	int r = scan(&s);
	auto_free char *rewritten = s.out;
	json_error_t why;

	if (r < 0)
		return r;
	size_t flags = JSON_DECODE_ANY | JSON_REJECT_DUPLICATES;

	seed_tables();
	errno = 0; /* malloc's: where memory ends, jansson often blames the text */
	json_t *value = rewritten ? json_loadb(rewritten, s.len, flags | JSON_ALLOW_NUL, &why)
				  : json_loadb(text, len, flags, &why);

	if (value) {
		*ret = value;
		return 0;
	}
	if (errno == ENOMEM)
		return err_nomem(e);
	if (rewritten) /* the columns are no longer the user's */
		return err_say(e, EINVAL, "line %d: %s", why.line, why.text);
	return err_say(e, EINVAL, "line %d, column %d: %s", why.line, why.column, why.text);
}

/* A mark in a string of the user's would have two backslashes: only our own strings match. */
static void unquote_big(char *text)
{
	char *to = text;
	const char *from = text, *mark;

	while ((mark = strstr(from, BIG_OPEN))) {
		const char *digits = mark + sizeof(BIG_OPEN) - 1;
		size_t before = (size_t)(mark - from), n = strcspn(digits, "\"");

		memmove(to, from, before);
		memmove(to + before, digits, n);
		to += before + n;
		from = digits + n + 1;
	}
	if (to != from)
		memmove(to, from, strlen(from) + 1);
}

/* The one control character that jansson leaves as it is: a string with it as \u007f, the old one freed. NULL on no memory */
static char *escape_del(char *text)
{
	size_t n = 0;

	for (const char *p = text; *p; p++)
		n += *p == 0x7f;
	char *to = n ? malloc(strlen(text) + 5 * n + 1) : NULL, *escaped = to;

	for (const char *p = text; to && *p; p++)
		if (*p == 0x7f)
			to = stpcpy(to, "\\u007f");
		else
			*to++ = *p;
	if (to)
		*to = '\0';
	if (n)
		free(text);
	return n ? escaped : text;
}

int json_to_layout(json_t *value, size_t flags, char **ret, struct err *e)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) | flags);

	if (text && (flags & JSON_ENSURE_ASCII))
		text = escape_del(text);
	if (!text)
		return err_nomem(e);
	unquote_big(text);
	*ret = text;
	return 0;
}

int json_to_text(json_t *value, char **ret, struct err *e)
{
	return json_to_layout(value, JSON_COMPACT, ret, e);
}

json_t *json_from_u64(uint64_t v)
{
	char digits[1 + U64_DIGITS + 1] = "";

	if (v <= INT64_MAX)
		return json_integer((json_int_t)v);
	int n = snprintf(digits + 1, sizeof(digits) - 1, "%" PRIu64, v);

	return json_stringn_nocheck(digits, 1 + (size_t)n);
}

bool json_is_big(json_t *value, uint64_t *ret)
{
	uint64_t v;

	if (!json_is_string(value) || json_string_length(value) == 0 || *json_string_value(value) != '\0')
		return false;
	if (str_to_u64(json_string_value(value) + 1, UINT64_MAX, &v) < 0)
		return false;
	if (ret)
		*ret = v;
	return true;
}
