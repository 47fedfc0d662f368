// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime/detach_keys.h"

static struct detach_keys keys(const char *text)
{
	struct detach_keys k;
	struct err e;

	assert_int_equal(detach_keys_parse(text, &k, &e), 0);
	return k;
}

static void test_words(void **state)
{
	static const char *const wrong[] = { "ctrl-", "ctrl-1", "ctrl-ab", "ab", "ctrl-p,,x", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q" };
	struct detach_keys k = keys("ctrl-p,ctrl-Q,x,ctrl-@,ctrl-_");
	struct err e;

	(void)state;
	assert_int_equal(k.n, 5);
	assert_memory_equal(k.keys, "\x10\x11x\x00\x1f", 5);
	assert_int_equal(keys("").n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(detach_keys_parse(wrong[i], &k, &e), -EINVAL);
}

/* Type @typed, a byte at a time, and see what gets through. */
static bool type(struct detach_keys *k, const char *typed, char *out)
{
	bool all = false;

	for (; *typed && !all; typed++) {
		char part[1 + DETACH_KEYS_MAX];
		size_t n;

		all = detach_keys_pass(k, typed, 1, part, &n);
		memcpy(out, part, n);
		out += n;
	}
	*out = '\0';
	return all;
}

static void test_typing(void **state)
{
	static const struct {
		const char *keys, *typed, *passed;
		bool all;
	} cases[] = {
		{ "a,b", "xyab", "xy", true },	 { "a,b", "xyac", "xyac", false }, { "a,b", "aab", "a", true },
		{ "a,a,b", "aaab", "a", true },	 { "a,b,a,c", "ababac", "ab", true }, { "a,b", "xa", "x", false },
		{ "", "abc", "abc", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct detach_keys one = keys(cases[i].keys), whole = one;
		char out[64], at_once[64];
		size_t n;

		assert_int_equal(type(&one, cases[i].typed, out), cases[i].all);
		assert_string_equal(out, cases[i].passed);
		assert_int_equal(detach_keys_pass(&whole, cases[i].typed, strlen(cases[i].typed), at_once, &n), cases[i].all);
		at_once[n] = '\0';
		assert_string_equal(at_once, cases[i].passed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_words), cmocka_unit_test(test_typing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
