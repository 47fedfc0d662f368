// SPDX-License-Identifier: Apache-2.0
/* Files of settings: their lines, and what they do to a command line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/args.h"

static int parse(struct arena *a, const char *text, struct conf *ret, struct err *e)
{
	char *copy = arena_strdup(a, text);

	assert_non_null(copy);
	*ret = (struct conf){ 0 };
	return conf_parse(a, copy, "FILE", ret, e);
}

static void lines(void **state)
{
	auto_arena struct arena a = { 0 };
	struct conf c;
	struct err e = { 0 };
	static const struct {
		const char *section, *key, *value;
		bool adds;
		unsigned line;
	} expected[] = {
		{ "run", "memory", "2g", false, 4 },
		{ "run", "label", "a#b = c", true, 5 },
		{ "network create", "mtu", "", false, 9 },
	};

	(void)state;
	assert_int_equal(parse(&a, "# a remark\n\n [run]\t\n memory=2g # each\r\nlabel += a#b = c\n#x = y\n\n[ network create ]\nmtu =", &c, &e), 0);
	assert_int_equal(c.n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < c.n; i++) {
		assert_string_equal(c.v[i].section, expected[i].section);
		assert_string_equal(c.v[i].key, expected[i].key);
		assert_string_equal(c.v[i].value, expected[i].value);
		assert_int_equal(c.v[i].adds, expected[i].adds);
		assert_int_equal(c.v[i].line, expected[i].line);
	}
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "memory = 1", "FILE:1: it belongs to no section" },
		{ "\n[run", "FILE:2: a section is" },
		{ "[run]\nmemory", "FILE:2: neither" },
		{ "[run]\n= 1", "FILE:2: neither" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena a = { 0 };
		struct conf c;
		struct err e = { 0 };

		assert_int_equal(parse(&a, rows[i].text, &c, &e), -EINVAL);
		assert_non_null(strstr(e.text, rows[i].why));
	}
}

/* ---- with a program ---- */

struct globals {
	const char *root;
};
struct values {
	const char *memory;
	struct strv labels;
	bool rm;
};
static const struct option global_rows[] = { OPT_STRING(struct globals, root, "root", 0, "DIR", "") };
static const struct option rows[] = {
	OPT_STRING(struct values, memory, "memory", 'm', "BYTES", ""),
	OPT_LIST(struct values, labels, "label", 'l', "TEXT", ""),
	OPT_FLAG(struct values, rm, "rm", 0, ""),
};
static const struct verb verb_one = { .name = "one", .max_args = ARGS_ANY, .options = OPTIONS(rows, struct values) };
static const struct verb verb_two = { .name = "two", .max_args = ARGS_ANY, .settings = "one",
				      .options = { rows, 2, sizeof(struct values) } };
static const struct verb verb_three;
static const struct verb *const below[] = { &verb_three };
static const struct verb group = { .name = "group", .below = VERBS(below) };
static const struct verb verb_three = { .name = "three", .max_args = ARGS_ANY, .above = &group,
					.options = OPTIONS(rows, struct values) };
static const struct verb *const verbs[] = { &verb_one, &verb_two, &group };

static const char *settings;

static int read_settings(struct arena *a, struct conf *ret, struct err *e)
{
	return parse(a, settings, ret, e);
}

static const struct program program = {
	.name = "p",
	.options = OPTIONS(global_rows, struct globals),
	.verbs = VERBS(verbs),
	.settings = read_settings,
};

static int run(struct arena *a, const char *text, char **argv, struct call *ret, struct err *e)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	settings = text;
	*ret = (struct call){ .arena = a };
	return args_parse(&program, argc, argv, ret, e);
}

#define LINE(...) (char *[]){ (char *)"p", __VA_ARGS__, NULL }
#define W(word)	  (char *)word

static void settings_count_where_the_line_says_nothing(void **state)
{
	static const char text[] = "[one]\nmemory = 1\nrm = true\nlabel = a\nlabel = b\n[p]\nroot = /r\n[group three]\nmemory = 3\n";
	auto_arena struct arena a = { 0 };
	struct call c;
	struct err e = { 0 };
	const struct values *v;

	(void)state;
	assert_int_equal(run(&a, text, LINE(W("one")), &c, &e), 0);
	v = c.options;
	assert_string_equal(((const struct globals *)c.globals)->root, "/r");
	assert_string_equal(v->memory, "1");
	assert_true(v->rm);
	assert_int_equal(v->labels.n, 2);
	assert_int_equal(run(&a, text, LINE(W("--root=/x"), W("one"), W("-m2"), W("-lc"), W("-ld"), W("-le"), W("--rm=false")), &c, &e), 0);
	v = c.options;
	assert_string_equal(((const struct globals *)c.globals)->root, "/x");
	assert_string_equal(v->memory, "2");
	assert_false(v->rm);
	assert_int_equal(v->labels.n, 3);
	assert_string_equal(v->labels.v[0], "c");
	assert_int_equal(run(&a, text, LINE(W("two")), &c, &e), 0); /* of what it has not: --rm */
	assert_string_equal(((const struct values *)c.options)->memory, "1");
	assert_int_equal(run(&a, text, LINE(W("group"), W("three")), &c, &e), 0);
	assert_string_equal(((const struct values *)c.options)->memory, "3");
}

static void settings_add(void **state)
{
	auto_arena struct arena a = { 0 };
	struct call c;
	struct err e = { 0 };
	const struct values *v;

	(void)state;
	assert_int_equal(run(&a, "[one]\nlabel = a\nlabel += z\n", LINE(W("one"), W("-lb")), &c, &e), 0);
	v = c.options;
	assert_int_equal(v->labels.n, 2);
	assert_string_equal(v->labels.v[0], "b");
	assert_string_equal(v->labels.v[1], "z");
	assert_int_equal(run(&a, "[one]\nlabel = a\n[one]\nlabel += z\n", LINE(W("one")), &c, &e), 0);
	assert_int_equal(((const struct values *)c.options)->labels.n, 2);
}

static void what_does_not_exist_is_an_error(void **state)
{
	static const struct {
		const char *text, *why;
	} wrong[] = {
		{ "[one]\nmemry = 1", "FILE:2: unknown option --memry; did you mean --memory?" },
		{ "[one]\nm = 1", "FILE:2: unknown option --m" },
		{ "[one]\nhelp = true", "FILE:2: unknown option --help" },
		{ "[one]\nmemory += 1", "FILE:2: memory += is for options" },
		{ "[one]\nrm = perhaps", "FILE:2: --rm is true or false" },
		{ "[on]\nmemory = 1", "FILE:2: [on] is no verb of p" },
		{ "[group]\nmemory = 1", "FILE:2: [group] is no verb of p" },
		{ "[group four]\nmemory = 1", "FILE:2: [group four] is no verb of p" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		auto_arena struct arena a = { 0 };
		struct call c;
		struct err e = { 0 };

		assert_int_equal(run(&a, wrong[i].text, LINE(W("one")), &c, &e), -EINVAL);
		if (!strstr(e.text, wrong[i].why))
			fail_msg("%s: %s", wrong[i].text, e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(settings_count_where_the_line_says_nothing),
		cmocka_unit_test(settings_add),
		cmocka_unit_test(what_does_not_exist_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
