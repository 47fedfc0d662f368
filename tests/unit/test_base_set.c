// SPDX-License-Identifier: Apache-2.0
/* Lists of CPUs and memory nodes, as the kernel writes them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

#define BITS 128

static const struct {
	const char *text;
	uint64_t low, high;
} good[] = {
	{ "0", 1, 0 },
	{ "0-3,7", 0x8f, 0 },
	{ "7,0-3", 0x8f, 0 },
	{ "5-5", 0x20, 0 },
	{ "63-64", UINT64_C(1) << 63, 1 },
	{ "127", 0, UINT64_C(1) << 63 },
	{ "0-127", UINT64_MAX, UINT64_MAX },
	{ " 1 , 2-3 ,", 0xe, 0 },
	{ ",1", 2, 0 },
	{ "1,1,0-1", 3, 0 },
};

static const struct {
	const char *text;
	int r;
} bad[] = {
	{ "", -EINVAL },      { ",", -EINVAL },	      { " ", -EINVAL },	  { "a", -EINVAL },
	{ "1-", -EINVAL },    { "-1", -EINVAL },      { "3-1", -EINVAL }, { "1-2-3", -EINVAL },
	{ "1 2", -EINVAL },   { "0x1", -EINVAL },     { "1;2", -EINVAL }, { "+1", -EINVAL },
	{ "128", -ERANGE },   { "0-128", -ERANGE },   { "0,128", -ERANGE },
	{ "18446744073709551616", -ERANGE },
	{ "1111111111111111111111111111111111111111111111111111111111", -EINVAL },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		unsigned long bits[BITS / (8 * sizeof(long))] = { 0x5555 };

		if (str_to_set(good[i].text, BITS, bits) != 0)
			fail_msg("\"%s\" was refused", good[i].text);
		for (size_t n = 0; n < BITS; n++) {
			bool want = (n < 64 ? good[i].low >> n : good[i].high >> (n - 64)) & 1;
			bool is = (bits[n / (8 * sizeof(long))] >> (n % (8 * sizeof(long)))) & 1;

			if (want != is)
				fail_msg("\"%s\": bit %zu is %d", good[i].text, n, is);
		}
	}
}

static void test_bad(void **state)
{
	unsigned long bits[BITS / (8 * sizeof(long))];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (str_to_set(bad[i].text, BITS, bits) != bad[i].r)
			fail_msg("\"%s\": %d", bad[i].text, str_to_set(bad[i].text, BITS, bits));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
