// SPDX-License-Identifier: Apache-2.0
/* Moments as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <time.h>

#include "cli/when.h"

#define NS_PER_S INT64_C(1000000000)

static void moments(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{ "0", 1 },
		{ "1764000000", 1764000000 * NS_PER_S },
		{ "1764000000.25", 1764000000 * NS_PER_S + NS_PER_S / 4 },
		{ "1970-01-01", 1 },
		{ "1970-01-02", 86400 * NS_PER_S },
		{ "1970-01-01T00:00:01Z", NS_PER_S },
		{ "1970-01-01T00:00:01", NS_PER_S },
		{ "1970-01-01T02:00:01+02:00", NS_PER_S },
		{ "1969-12-31T23:00:01-01:00", NS_PER_S },
		{ "1970-01-01T00:00:01.000000007Z", NS_PER_S + 7 },
		{ "1970-01-01T00:00:01.0000000079Z", NS_PER_S + 7 },
		{ "2026-11-22T01:02:03Z", 1795309323 * NS_PER_S },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ns = 12345;
		struct err e;

		if (when_parse("--since", cases[i].text, false, &ns, &e) < 0)
			fail_msg("%s", e.text);
		if ((int64_t)ns != cases[i].ns)
			fail_msg("%s: %llu", cases[i].text, (unsigned long long)ns);
	}
}

static void lengths(void **state)
{
	static const struct {
		const char *text;
		bool ahead;
		int64_t ns;
	} cases[] = {
		{ "10m", false, -600 * NS_PER_S },
		{ "1h30m", false, -5400 * NS_PER_S },
		{ "90s", true, 90 * NS_PER_S },
		{ "-90s", true, -90 * NS_PER_S },
		{ "1500ms", true, 3 * NS_PER_S / 2 },
		{ "1d", false, -86400 * NS_PER_S },
		{ "0s", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct timespec before, after;
		uint64_t ns = 0;
		struct err e;

		clock_gettime(CLOCK_REALTIME, &before);
		if (when_parse("--until", cases[i].text, cases[i].ahead, &ns, &e) < 0)
			fail_msg("%s", e.text);
		clock_gettime(CLOCK_REALTIME, &after);
		assert_true((int64_t)ns >= before.tv_sec * NS_PER_S + before.tv_nsec + cases[i].ns);
		assert_true((int64_t)ns <= after.tv_sec * NS_PER_S + after.tv_nsec + cases[i].ns);
	}
}

static void nothing_and_nonsense(void **state)
{
	static const char *const nonsense[] = {
		"", " ", "yesterday", "10x", "m", "10 m", "-", "-10m", "1h-30m", "2026-13-01", "2026-11-22T", "2026-11-22T01:02",
		"2026-11-22T01:02:03+", "2026-11-22T01:02:03Zx", "2026-11-22Z1", "1e9", "99999999999999999999", "1.", "1..5",
		"9999-01-01", "99999999999d", "2147483647d", "1969-12-31", "12345678901234567890123456789",
	};
	uint64_t ns = 12345;
	struct err e;

	(void)state;
	assert_int_equal(when_parse("--since", NULL, false, &ns, &e), 0);
	assert_int_equal(ns, 12345);
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		if (when_parse("--since", nonsense[i], false, &ns, &e) != -EINVAL)
			fail_msg("\"%s\" was understood", nonsense[i]);
		assert_non_null(strstr(e.text, "--since"));
	}
	assert_int_equal(when_parse("--until", "--10m", true, &ns, &e), -EINVAL);
	assert_int_equal(ns, 12345);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments),
		cmocka_unit_test(lengths),
		cmocka_unit_test(nothing_and_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
