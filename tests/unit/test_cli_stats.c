// SPDX-License-Identifier: Apache-2.0
/* What `paene stats` shows: from counters to texts, numbers and small bars; what is not known is never 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/stats_table.h"

static void bars(void **state)
{
	char buf[SPARK_TEXT_MAX];
	struct spark s = { 0 };

	(void)state;
	assert_string_equal(spark_text(&s, 100, true, buf), "        ");
	spark_add(&s, 0);
	assert_string_equal(spark_text(&s, 0, true, buf), "       _");
	spark_add(&s, 50);
	spark_add(&s, 100);
	assert_string_equal(spark_text(&s, 100, true, buf), "     _=#");
	assert_string_equal(spark_text(&s, 100, false, buf), "     ▁▅█");
	assert_string_equal(spark_text(&s, 1000, true, buf), "     __."); /* nobody is near the top */
	assert_string_equal(spark_text(&s, 1, true, buf), "     _=#");	  /* more than the top is the top */
	for (int i = 1; i <= 20; i++)
		spark_add(&s, i);
	assert_int_equal(s.n, SPARK_WIDTH);
	assert_true(s.v[0] == 13 && s.v[SPARK_WIDTH - 1] == 20); /* the oldest have gone */
	spark_add(&s, -1);
	spark_add(&s, 1e300);
	assert_string_equal(spark_text(&s, 0, true, buf), "_______#");
}

static void parts_of_a_processor(void **state)
{
	struct usage before = { .at_us = 1000000, .cgroup.cpu_usage_us = 500 }, now = before;

	(void)state;
	now.at_us += 1000000;
	assert_int_equal(stats_cpu_hundredths(&before, &now), 0);
	now.cgroup.cpu_usage_us += 123400;
	assert_int_equal(stats_cpu_hundredths(&before, &now), 1234);
	now.cgroup.cpu_usage_us += 4000000; /* of several processors */
	assert_int_equal(stats_cpu_hundredths(&before, &now), 41234);
	assert_int_equal(stats_cpu_hundredths(&now, &now), 0); /* no time has passed */
	assert_int_equal(stats_cpu_hundredths(&now, &before), 0);
}

static void what_memory_is_needed(void **state)
{
	struct cgroup_stats s = { .memory_bytes = 1000, .memory_inactive_file_bytes = 300 };

	(void)state;
	assert_int_equal(stats_working_set(&s), 700);
	s.memory_inactive_file_bytes = 1001; /* the two are not read at the same moment */
	assert_int_equal(stats_working_set(&s), 0);
}

static void everything_is_known(void **state)
{
	static const struct cgroup_pressure waits = { .known = true, .some_avg10 = 1234 };
	const struct usage before = { .at_us = 1 }, now = {
		.at_us = 1000001,
		.limited = true,
		.has_network = true,
		.received_bytes = 1500,
		.sent_bytes = 999,
		.ksm = { .merged_bytes = 8192, .profit_bytes = 4096 },
		.cgroup = {
			.cpu_usage_us = 5000, .cpu_system_us = 2000,
			.has_memory = true, .has_swap = true, .has_pids = true, .has_io = true,
			.memory_bytes = 40000000, .memory_inactive_file_bytes = 10000000, .memory_limit_bytes = 60000000,
			.swap_bytes = 0, .pids = 3, .io_read_bytes = 4096, .io_write_bytes = 1 << 20,
			.cpu_pressure = waits, .memory_pressure = waits, .io_pressure = { .known = true },
		},
	};
	struct spark cpu = { 0 }, memory = { 0 };
	const struct stats_source from = {
		.id = (char *)"0123456789abcdef", .name = (char *)"web", .before = &before, .now = &now, .up_s = 10,
		.cpu = &cpu, .memory = &memory, .plain = true,
	};
	auto_arena struct arena a = { 0 };
	struct stats_entry s;
	struct err e;

	(void)state;
	spark_add(&memory, 30000000);
	assert_int_equal(stats_describe(&from, &a, &s, &e), 0);
	assert_string_equal(s.short_id, "0123456789ab");
	assert_string_equal(s.cpu_share, "0.50%");
	assert_string_equal(s.cpu_average, "0.05%");
	assert_string_equal(s.memory, "30.0MB / 60.0MB");
	assert_string_equal(s.memory_share, "50.00%");
	assert_string_equal(s.memory_line, "       ="); /* of its limit */
	assert_string_equal(s.swap, "0B");
	assert_string_equal(s.network, "1.5kB / 999B");
	assert_string_equal(s.block, "4.1kB / 1.0MB");
	assert_string_equal(s.processes, "3");
	assert_string_equal(s.pressure, "12.3/12.3/0.0");
	assert_string_equal(s.merged, "4.1kB");
	assert_string_equal(s.up, "10 seconds");
	assert_int_equal(s.cpu_ns.v, 5000000);
	assert_int_equal(s.memory_bytes.v, 40000000);
}

static void nothing_is_known(void **state)
{
	struct stats_source from = { .id = (char *)"0123456789abcdef", .name = (char *)"web", .whole_id = true };
	const struct usage now = { .at_us = 1 };
	auto_arena struct arena a = { 0 };
	json_auto_t *json = NULL;
	struct stats_entry s;
	struct err e;

	(void)state;
	for (int runs = 0; runs < 2; runs++) { /* it does not; it does, where no controller counts, and was seen once */
		from.now = runs ? &now : NULL;
		assert_int_equal(stats_describe(&from, &a, &s, &e), 0);
		assert_string_equal(s.short_id, "0123456789abcdef");
		const char *const texts[] = { s.cpu_share, s.cpu_average, s.memory, s.memory_share, s.swap, s.network, s.block,
					      s.processes, s.pressure, s.merged, s.up };

		for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
			assert_string_equal(texts[i], "--");
	}
	assert_int_equal(encode_object(stats_fields, stats_n_fields, &s, &json, &e), 0);
	assert_int_equal(json_object_size(json), stats_n_fields);
	assert_true(json_is_null(json_object_get(json, "MemLimit")));
	assert_true(json_is_null(json_object_get(json, "CPU")));
	assert_int_equal(json_integer_value(json_object_get(json, "CPUNano")), 0);
	assert_true(json_is_integer(json_object_get(json, "CPUNano")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bars),
		cmocka_unit_test(parts_of_a_processor),
		cmocka_unit_test(what_memory_is_needed),
		cmocka_unit_test(everything_is_known),
		cmocka_unit_test(nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
