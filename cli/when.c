// SPDX-License-Identifier: Apache-2.0
#include "cli/when.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/str.h"

#define NS_PER_S   INT64_C(1000000000)
#define LONGEST_S  (INT64_MAX / NS_PER_S)

/* ".5" in nanoseconds, digits beyond the ninth do not matter. Return: what comes after it */
static const char *fraction(const char *text, int64_t *ret_ns)
{
	int64_t unit = NS_PER_S;

	*ret_ns = 0;
	if (*text != '.' || text[1] < '0' || text[1] > '9')
		return text;
	for (text++; *text >= '0' && *text <= '9'; text++) {
		unit /= 10;
		*ret_ns += (*text - '0') * unit;
	}
	return text;
}

/* "Z", "+02:00", or nothing. @ret_s: to be taken away for UTC. Return: 0, or -EINVAL */
static int zone(const char *text, int64_t *ret_s)
{
	struct tm tm = { 0 };

	*ret_s = 0;
	if (!*text || streq(text, "Z"))
		return 0;
	const char *rest = *text == '+' || *text == '-' ? strptime(text, "%z", &tm) : NULL;

	*ret_s = tm.tm_gmtoff;
	return rest && !*rest ? 0 : -EINVAL;
}

static int parse_date(const char *text, int64_t *ret_ns)
{
	struct tm tm = { 0 };
	int64_t ns = 0, offset_s;
	const char *rest = strptime(text, "%Y-%m-%d", &tm);

	if (rest && *rest == 'T')
		rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest)
		rest = fraction(rest, &ns);
	if (!rest || zone(rest, &offset_s) < 0)
		return -EINVAL;
	int64_t s = timegm(&tm) - offset_s;

	if (s < 0 || s >= LONGEST_S)
		return -EINVAL;
	*ret_ns = s * NS_PER_S + ns;
	return 0;
}

/* "1764000000", "1764000000.5" */
static int parse_seconds(const char *text, int64_t *ret_ns)
{
	char number[24];
	size_t n = strspn(text, "0123456789");
	uint64_t s;
	int64_t ns;

	if (n >= sizeof(number) || *fraction(text + n, &ns))
		return -EINVAL;
	snprintf(number, sizeof(number), "%.*s", (int)n, text);
	if (str_to_u64(number, LONGEST_S - 1, &s) < 0)
		return -EINVAL;
	*ret_ns = (int64_t)s * NS_PER_S + ns;
	return 0;
}

static int64_t now_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail with this clock */
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int when_parse(const char *option, const char *text, bool ahead, uint64_t *ret_ns, struct err *e)
{
	bool back = !ahead || (text && *text == '-');
	int64_t ns, length;
	int r;

	if (!text)
		return 0;
	if (parse_seconds(text, &ns) == 0 || parse_date(text, &ns) == 0) {
		*ret_ns = (uint64_t)MAX(ns, INT64_C(1));
		return 0;
	}
	r = str_to_duration(ahead && *text == '-' ? text + 1 : text, &length);
	if (r < 0 || __builtin_add_overflow(now_ns(), back ? -length : length, &ns))
		return err_say(e, EINVAL, "%s %s: a time such as 2026-11-22T01:02:03Z, or 10m, please", option, text);
	*ret_ns = (uint64_t)MAX(ns, INT64_C(1));
	return 0;
}
