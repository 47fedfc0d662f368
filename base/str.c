// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#define NS_PER_S     INT64_C(1000000000)
#define DIGITS_MAX   10 /* of one number in a length of time */
#define NAME_MAX_LEN 128

int str_to_u64(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (const char *p = s; *p; p++)
		if (*p < '0' || *p > '9')
			return -EINVAL;
	for (; *s; s++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -ERANGE;
	if (v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int str_to_id(const char *s, uint32_t *ret)
{
	uint64_t v;
	int r = str_to_u64(s, UINT32_MAX - 1, &v);

	if (r < 0)
		return r;
	*ret = (uint32_t)v;
	return 0;
}

int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t v;
	int r = str_to_u64(s + negative, (uint64_t)INT64_MAX, &v);

	if (r < 0)
		return r;
	int64_t n = negative ? -(int64_t)v : (int64_t)v;

	if (n < min || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

/* "N" or "N-M"; @s has @len characters */
static int add_range(const char *s, size_t len, size_t n_bits, unsigned long *bits)
{
	const size_t word_bits = 8 * sizeof(*bits);
	char text[48], *dash;
	uint64_t first = 0, last;

	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, len);
	text[len] = '\0';
	dash = strchr(text, '-');
	if (dash)
		*dash = '\0';
	int r = str_to_u64(text, n_bits - 1, &first);

	last = first;
	if (r == 0 && dash)
		r = str_to_u64(dash + 1, n_bits - 1, &last);
	if (r < 0 || last < first)
		return r < 0 ? r : -EINVAL;
	for (uint64_t n = first; n <= last; n++)
		bits[n / word_bits] |= 1UL << (n % word_bits);
	return 0;
}

int str_to_set(const char *s, size_t n_bits, unsigned long *bits)
{
	int r = -EINVAL; /* of nothing at all */

	memset(bits, 0, n_bits / 8);
	for (const char *end; *s; s = *end ? end + 1 : end) {
		end = s + strcspn(s, ",");
		const char *first = s + strspn(s, " "), *past = end;

		while (past > first && past[-1] == ' ')
			past--;
		if (first >= past)
			continue;
		r = add_range(first, (size_t)(past - first), n_bits, bits);
		if (r < 0)
			return r;
	}
	return r;
}

/* Digits with an optional fraction, times @scale; *ret_end is the first character after them. */
static int scaled(const char *s, uint64_t scale, uint64_t *ret, const char **ret_end)
{
	uint64_t whole = 0, part = 0, unit = 1;

	if (!isdigit((unsigned char)*s) && *s != '.')
		return -EINVAL;
	for (; isdigit((unsigned char)*s); s++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*s - '0'), &whole))
			return -ERANGE;
	if (*s == '.') {
		if (!isdigit((unsigned char)*++s))
			return -EINVAL;
		for (; isdigit((unsigned char)*s); s++) {
			if (unit >= 1000000)
				continue;
			part = part * 10 + (uint64_t)(*s - '0');
			unit *= 10;
		}
	}
	uint64_t v;

	if (__builtin_mul_overflow(whole, scale, &v) ||
	    __builtin_add_overflow(v, (uint64_t)((unsigned __int128)part * scale / unit), &v))
		return -ERANGE;
	*ret = v;
	*ret_end = s;
	return 0;
}

int str_to_bytes(const char *s, uint64_t *ret_bytes)
{
	static const char units[] = "bkmgt";
	const char *end;
	uint64_t v;
	int r = scaled(s, 1, &v, &end);

	if (r < 0)
		return r;
	unsigned shift = 0;

	if (*end) {
		const char *u = strchr(units, tolower((unsigned char)*end));

		if (!u || !*u)
			return -EINVAL;
		shift = 10 * (unsigned)(u - units);
		const char *tail = end + 1;

		if (shift && tolower((unsigned char)*tail) == 'i')
			tail++;
		if (shift && tolower((unsigned char)*tail) == 'b')
			tail++;
		if (*tail)
			return -EINVAL;
	}
	r = scaled(s, UINT64_C(1) << shift, &v, &end);
	if (r < 0)
		return r;
	if (v > INT64_MAX)
		return -ERANGE;
	*ret_bytes = v;
	return 0;
}

int str_to_milli(const char *s, uint64_t *ret)
{
	const char *end;
	uint64_t v;
	int r = scaled(s, 1000, &v, &end);

	if (r < 0)
		return r;
	if (*end)
		return -EINVAL;
	*ret = v;
	return 0;
}

int str_to_duration(const char *text, int64_t *ret_ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "ms", NS_PER_S / 1000 }, { "s", NS_PER_S }, { "m", 60 * NS_PER_S }, { "h", 3600 * NS_PER_S },
		{ "d", 86400 * NS_PER_S },
	};
	int64_t sum = 0, part;

	do {
		size_t digits = strspn(text, "0123456789"), letters = strcspn(text + digits, "0123456789"), u = 0;
		char number[DIGITS_MAX + 1];
		uint64_t v;

		while (u < ARRAY_SIZE(units) &&
		       (strlen(units[u].name) != letters || strncmp(units[u].name, text + digits, letters) != 0))
			u++;
		if (digits > DIGITS_MAX || u == ARRAY_SIZE(units))
			return -EINVAL;
		snprintf(number, sizeof(number), "%.*s", (int)digits, text);
		if (str_to_u64(number, INT32_MAX, &v) < 0 || __builtin_mul_overflow((int64_t)v, units[u].ns, &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return -EINVAL;
		text += digits + letters;
	} while (*text);
	*ret_ns = sum;
	return 0;
}

int str_check_name(const char *name, const char *what, struct err *e)
{
	size_t n = strlen(name);

	if (n == 0)
		return err_say(e, EINVAL, "the %s is empty", what);
	if (n > NAME_MAX_LEN)
		return err_say(e, EINVAL, "the %s has %zu bytes; at most %d are allowed", what, n, NAME_MAX_LEN);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];

		if (isascii(c) && (isalnum(c) || (i > 0 && strchr("_.-", c))))
			continue;
		return err_say(e, EINVAL,
			       "invalid %s: it must begin with a letter or digit, then letters, digits, _ . - only", what);
	}
	return 0;
}

const char *str_bytes(uint64_t bytes, char buf[STR_BYTES_MAX])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)bytes;
	size_t u = 0;

	for (; v >= 999.5 && u + 1 < ARRAY_SIZE(units); u++)
		v /= 1000;
	snprintf(buf, STR_BYTES_MAX, u && v < 99.95 ? "%.1f %s" : "%.0f %s", v, units[u]);
	return buf;
}

const char *str_age(uint64_t seconds, char buf[STR_AGE_MAX])
{
	static const struct {
		uint64_t seconds;
		const char *one, *many;
	} steps[] = {
		{ 365 * 86400, "a year", "years" }, { 30 * 86400, "a month", "months" },
		{ 7 * 86400, "a week", "weeks" },   { 86400, "a day", "days" },
		{ 3600, "an hour", "hours" },	    { 60, "a minute", "minutes" },
		{ 1, "a second", "seconds" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		uint64_t n = seconds / steps[i].seconds;

		if (n == 0)
			continue;
		if (n == 1)
			snprintf(buf, STR_AGE_MAX, "about %s", steps[i].one);
		else
			snprintf(buf, STR_AGE_MAX, "%llu %s", (unsigned long long)n, steps[i].many);
		return buf;
	}
	snprintf(buf, STR_AGE_MAX, "less than a second");
	return buf;
}

/* Decode one UTF-8 character. Return: its length, or 0 where the bytes are not well formed. */
static size_t utf8_one(const unsigned char *s, size_t len, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf8 ? 4 : 0;

	if (n == 0 || n > len)
		return 0;
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7fU >> n);

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return n;
}

static bool obeyed_by_terminals(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

void str_harmless(FILE *out, const char *s, size_t len, bool keep_lines)
{
	const unsigned char *p = (const unsigned char *)s;

	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = utf8_one(p + i, len - i, &c);

		if (n == 0)
			fprintf(out, "\\x%02x", p[i]);
		else if (keep_lines && (c == '\n' || c == '\t'))
			fputc((int)c, out);
		else if (obeyed_by_terminals(c))
			fprintf(out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
		else
			fwrite(p + i, 1, n, out);
		i += n ? n : 1;
	}
}

int strv_push(struct arena *a, struct strv *list, char *s)
{
	if (list->n + 1 >= list->room) {
		size_t room = list->room ? list->room * 2 : 8;
		char **v = arena_array(a, room, sizeof(*v));

		if (!v)
			return -ENOMEM;
		if (list->n)
			memcpy(v, list->v, list->n * sizeof(*v));
		list->v = v;
		list->room = room;
	}
	list->v[list->n++] = s;
	list->v[list->n] = NULL;
	return 0;
}

int strv_add(struct arena *a, struct strv *list, const char *s)
{
	char *copy = arena_strdup(a, s);

	return copy ? strv_push(a, list, copy) : -ENOMEM;
}

static char **find_env(const struct strv *list, const char *name, size_t len)
{
	for (size_t i = list->n; i-- > 0;)
		if (strncmp(list->v[i], name, len) == 0 && list->v[i][len] == '=')
			return &list->v[i];
	return NULL;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *list)
{
	if (list->n > 0)
		qsort(list->v, list->n, sizeof(*list->v), by_bytes);
}

bool strv_sorted_has(const struct strv *list, const char *s)
{
	return list->n > 0 && bsearch(&s, list->v, list->n, sizeof(*list->v), by_bytes);
}

const char *strv_env(const struct strv *list, const char *name)
{
	char **slot = find_env(list, name, strlen(name));

	return slot ? *slot + strlen(name) + 1 : NULL;
}

int strv_set_env(struct arena *a, struct strv *list, const char *assignment)
{
	const char *eq = strchr(assignment, '=');
	char **slot = eq ? find_env(list, assignment, (size_t)(eq - assignment)) : NULL;

	if (!slot)
		return strv_add(a, list, assignment);
	char *copy = arena_strdup(a, assignment);

	if (!copy)
		return -ENOMEM;
	*slot = copy;
	return 0;
}
