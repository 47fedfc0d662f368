// SPDX-License-Identifier: Apache-2.0
/* The pauses before restarts: they double, have an end, and begin anew after a run that was no failure to start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/backoff.h"

static void test_doubles_up_to_the_longest(void **state)
{
	static const unsigned pauses[] = { 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000 };
	unsigned last = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		last = backoff_ms(last, i % 10); /* 9 seconds are not long */
		assert_int_equal(last, pauses[i]);
	}
}

static void test_begins_anew_after_a_long_run(void **state)
{
	(void)state;
	assert_int_equal(backoff_ms(6400, BACKOFF_RESET_S), BACKOFF_FIRST_MS);
	assert_int_equal(backoff_ms(BACKOFF_MAX_MS, INT64_MAX), BACKOFF_FIRST_MS);
	assert_int_equal(backoff_ms(BACKOFF_FIRST_MS, BACKOFF_RESET_S - 1), 2 * BACKOFF_FIRST_MS);
}

static void test_nonsense_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(backoff_ms(UINT32_MAX, 0), BACKOFF_MAX_MS);
	assert_int_equal(backoff_ms(6400, -5), BACKOFF_MAX_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubles_up_to_the_longest),
		cmocka_unit_test(test_begins_anew_after_a_long_run),
		cmocka_unit_test(test_nonsense_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
