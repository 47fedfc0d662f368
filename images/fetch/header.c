// SPDX-License-Identifier: Apache-2.0
#include "images/fetch/header.h"

#include <ctype.h>
#include <strings.h>

#include "base/str.h"

#define BLANKS "\t "

/* The digits at *s, which then is behind them. */
static bool take_number(const char **s, uint64_t *ret)
{
	char digits[21];
	size_t n = strspn(*s, "0123456789");

	if (n >= sizeof(digits))
		return false;
	memcpy(digits, *s, n);
	digits[n] = '\0';
	*s += n;
	return str_to_u64(digits, UINT64_MAX - 1, ret) == 0;
}

static bool take(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

bool header_content_range(const char *value, uint64_t *ret_first, uint64_t *ret_last, uint64_t *ret_total)
{
	uint64_t first, last, total = UINT64_MAX;

	if (strncasecmp(value, "bytes ", 6) != 0)
		return false;
	value += 6;
	if (!take_number(&value, &first) || !take(&value, '-') || !take_number(&value, &last) || !take(&value, '/'))
		return false;
	if (!take(&value, '*') && !take_number(&value, &total))
		return false;
	if (value[strspn(value, BLANKS)] || first > last || last >= total)
		return false;
	*ret_first = first;
	*ret_last = last;
	*ret_total = total;
	return true;
}

bool header_received(const char *value, uint64_t *ret_bytes)
{
	uint64_t first, last;

	if (strncasecmp(value, "bytes=", 6) == 0)
		value += 6;
	if (!take_number(&value, &first) || !take(&value, '-') || !take_number(&value, &last))
		return false;
	if (first != 0 || value[strspn(value, BLANKS)])
		return false;
	*ret_bytes = last ? last + 1 : 0;
	return true;
}

/* Does one of a link's parameters, up to its end, say rel=next? */
static bool says_next(const char *s, const char *end)
{
	while (s < end && (s = memchr(s, ';', (size_t)(end - s)))) {
		s++;
		s += strspn(s, BLANKS);
		if (strncasecmp(s, "rel", 3) != 0)
			continue;
		s += 3 + strspn(s + 3, BLANKS "=\"");
		if (strncasecmp(s, "next", 4) == 0 && strchr(BLANKS "\";,", s[4]))
			return true;
	}
	return false;
}

/* The end of a link's parameters: a comma that is not between quotes. */
static const char *parameters_end(const char *s)
{
	bool quoted = false;

	for (; *s && (quoted || *s != ','); s++)
		quoted ^= *s == '"';
	return s;
}

bool header_next(const char *value, char *ret, size_t size)
{
	while ((value = strchr(value, '<'))) {
		const char *target = value + 1, *close = strchr(target, '>');

		if (!close)
			return false;
		const char *end = parameters_end(close);
		size_t len = (size_t)(close - target);

		if (says_next(close, end) && len > 0 && len < size) {
			memcpy(ret, target, len);
			ret[len] = '\0';
			return true;
		}
		value = end;
	}
	return false;
}

bool header_media_type(const char *value, char *ret, size_t size)
{
	size_t n = strcspn(value, ";," BLANKS);

	if (n == 0 || n >= size)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)value[i]) && !strchr("!#$&-^_.+/", value[i]))
			return false;
	for (size_t i = 0; i < n; i++)
		ret[i] = (char)tolower((unsigned char)value[i]);
	ret[n] = '\0';
	return true;
}
