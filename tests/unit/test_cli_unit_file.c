// SPDX-License-Identifier: Apache-2.0
/* The syntax of systemd's units: lines, values, words; and words back again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/quadlet/unit_file.h"
#include "cli/unit_words.h"

static int parse(struct arena *a, const char *text, struct unit_file *ret, struct err *e)
{
	char *copy = arena_strdup(a, text);

	assert_non_null(copy);
	*ret = (struct unit_file){ 0 };
	return unit_parse(a, copy, "FILE", ret, e);
}

static void lines(void **state)
{
	auto_arena struct arena a = { 0 };
	struct unit_file u;
	struct err e = { 0 };
	static const struct {
		const char *section, *key, *value;
		unsigned line;
	} expected[] = {
		{ "Unit", "Description", "a = b # c", 3 },
		{ "Unit", "After", "one  two three", 5 },
		{ "X-Own", "Empty", "", 11 },
		{ "X-Own", "Slashes", "a\\\\", 12 },
		{ "X-Own", "Last", "goes on", 13 },
	};

	(void)state;
	assert_int_equal(parse(&a, "\n[Unit]\n  Description =a = b # c \r\n; no\nAfter=one \\\n# between\n  two\\\n;\n\tthree\n[X-Own]\nEmpty=\nSlashes=a\\\\\nLast=goes on\\",
			       &u, &e), 0);
	assert_int_equal(u.n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < u.n; i++) {
		assert_string_equal(u.v[i].section, expected[i].section);
		assert_string_equal(u.v[i].key, expected[i].key);
		assert_string_equal(u.v[i].value, expected[i].value);
		assert_int_equal(u.v[i].line, expected[i].line);
	}
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "A=1", "FILE:1: it belongs to no section" },
		{ "\n[Unit", "FILE:2: a section is" },
		{ "[Unit]\nA", "FILE:2: neither" },
		{ "[Unit]\n=1", "FILE:2: neither" },
		{ "[Unit]\n\\\nA", "FILE:2: neither" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena a = { 0 };
		struct unit_file u;
		struct err e = { 0 };

		assert_int_equal(parse(&a, rows[i].text, &u, &e), -EINVAL);
		assert_non_null(strstr(e.text, rows[i].why));
	}
}

static void what_counts(void **state)
{
	auto_arena struct arena a = { 0 };
	struct unit_file u;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(parse(&a, "[S]\nK=1\nK=2\nK=\nK=3\nK=4\nB=On\nBad=maybe\nGone=1\nGone=\n[T]\nK=5", &u, &e), 0);
	assert_string_equal(unit_last(&u, "S", "K")->value, "4");
	assert_null(unit_last(&u, "S", "Gone"));
	assert_null(unit_last(&u, "S", "None"));
	size_t i = unit_next(&u, "S", "K", 0);

	assert_string_equal(u.v[i].value, "3");
	i = unit_next(&u, "S", "K", i + 1);
	assert_string_equal(u.v[i].value, "4");
	assert_int_equal(unit_next(&u, "S", "K", i + 1), u.n);
	assert_int_equal(unit_next(&u, "S", "Gone", 0), u.n);
	assert_int_equal(unit_bool(&u, "S", "B", false, &e), 1);
	assert_int_equal(unit_bool(&u, "S", "None", true, &e), 1);
	assert_int_equal(unit_bool(&u, "S", "Bad", true, &e), -EINVAL);
	assert_string_equal(e.text, "FILE:8: Bad is true or false, not \"maybe\"");
}

static void words(void **state)
{
	static const struct {
		const char *value, *words[5];
	} rows[] = {
		{ " a  b\tc ", { "a", "b", "c" } },
		{ "\"a b\" 'c \"d' e\"f\"'g'", { "a b", "c \"d", "efg" } },
		{ "\"\" ''", { "", "" } },
		{ "\\x41\\101 \\u00e9\\U0001f600 \\s\\t\\\\ \"\\\"\" \\q%n\\", { "AA", "\303\251\360\237\230\200", " \t\\", "\"", "\\q%n\\" } },
		{ "\\x00 \\xg \\u12", { "\\x00", "\\xg", "\\u12" } },
		{ "", { NULL } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena a = { 0 };
		struct strv found = { 0 };
		struct err e = { 0 };
		size_t n = 0;

		assert_int_equal(unit_split(&a, rows[i].value, &found, &e), 0);
		for (; n < ARRAY_SIZE(rows[i].words) && rows[i].words[n]; n++)
			assert_string_equal(found.v[n], rows[i].words[n]);
		assert_int_equal(found.n, n);
	}
	auto_arena struct arena a = { 0 };
	struct strv found = { 0 };
	struct err e = { 0 };

	assert_int_equal(unit_split(&a, "a 'b", &found, &e), -EINVAL);
}

static void there_and_back(void **state)
{
	static const char *const all[] = { "plain", "", "a b", "\"", "'", "\\", "\n\t\001\177", "a;b", "\303\251", "#x", "\\x41" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		auto_arena struct arena a = { 0 };
		struct strv found = { 0 };
		struct err e = { 0 };

		assert_int_equal(unit_split(&a, unit_word(&a, all[i], 0), &found, &e), 0);
		assert_int_equal(found.n, 1);
		assert_string_equal(found.v[0], all[i]);
	}
	auto_arena struct arena a = { 0 };

	assert_string_equal(unit_word(&a, "5% $A", UNIT_PERCENT | UNIT_DOLLAR), "\"5%% $$A\"");
	assert_string_equal(unit_word(&a, "5%n$A", 0), "5%n$A");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(what_counts),
		cmocka_unit_test(words),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
