// SPDX-License-Identifier: Apache-2.0
/* What is printed: tables that align, JSON, templates, and nothing that a terminal obeys. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/help.h"
#include "cli/output.h"

static char shown[8192]; /* what was printed to standard output last */
static FILE *sink;
static int saved_stdout;

static void capture_begin(void)
{
	fflush(stdout);
	sink = tmpfile();
	saved_stdout = dup(STDOUT_FILENO);
	assert_true(sink && saved_stdout >= 0);
	assert_true(dup2(fileno(sink), STDOUT_FILENO) >= 0);
}

static void capture_end(void)
{
	fflush(stdout);
	dup2(saved_stdout, STDOUT_FILENO);
	close(saved_stdout);
	rewind(sink);
	shown[fread(shown, 1, sizeof(shown) - 1, sink)] = '\0';
	fclose(sink);
}

static void tables_align(void **state)
{
	static const struct column columns[] = { { "NAME", 0 }, { "WHAT", 6 }, { "LAST", 0 } };
	auto_arena struct arena a = { 0 };
	struct table t = { .arena = &a, .columns = columns, .n_columns = ARRAY_SIZE(columns) };
	struct err e;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(table_add(&t, &e, "%s", i ? "größer" : "x"), 0);
		assert_int_equal(table_add(&t, &e, "%s", i ? "ab" : "longer than six"), 0);
		assert_int_equal(table_add(&t, &e, "%d", i), 0);
	}
	capture_begin();
	table_print(&t);
	capture_end();
	assert_string_equal(shown, "NAME    WHAT    LAST\n"
				   "x       longe…  0\n"
				   "größer  ab      1\n");
	t.whole = true;
	capture_begin();
	table_print(&t);
	capture_end();
	assert_string_equal(shown, "NAME    WHAT             LAST\n"
				   "x       longer than six  0\n"
				   "größer  ab               1\n");
}

static void tables_fit(void **state)
{
	static const struct column columns[] = { { "A", 0 }, { "BB", 0 }, { "CCC", 0 } };
	static const uint8_t order[] = { 2, 0 };
	auto_arena struct arena a = { 0 };
	size_t widths[TABLE_COLUMNS_MAX] = { 0 };
	struct table t = { .arena = &a, .columns = columns, .n_columns = 3, .leave_out = order, .n_leave_out = 2 };
	static const struct {
		size_t fit;
		uint32_t hidden;
		const char *shown;
	} cases[] = {
		{ 0, 0, "A  BB    CCC\n1  long  3\n" },
		{ 12, 0, "A  BB    CCC\n1  long  3\n" },
		{ 11, 0, "A  BB\n1  long\n" },
		{ 6, 0, "BB\nlong\n" },
		{ 1, 0, "BB\nlong\n" }, /* the last one stays */
		{ 0, BIT(2), "A  BB\n1  long\n" },
		{ 7, BIT(2), "A  BB\n1  long\n" },
		{ 0, BIT(0) | BIT(1), "CCC\n3\n" },
	};
	struct err e;

	(void)state;
	assert_int_equal(table_add(&t, &e, "1"), 0);
	assert_int_equal(table_add(&t, &e, "long"), 0);
	assert_int_equal(table_add(&t, &e, "3"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		t.fit = cases[i].fit;
		t.hidden = cases[i].hidden;
		capture_begin();
		table_print(&t);
		capture_end();
		assert_string_equal(shown, cases[i].shown);
	}
	/* as wide as ever before */
	t.fit = t.hidden = 0;
	t.widths = widths;
	for (int i = 0; i < 2; i++) {
		capture_begin();
		table_print(&t);
		capture_end();
		assert_string_equal(shown, i ? "A  BB    CCC\n" : "A  BB    CCC\n1  long  3\n");
		t.cells.n = 0;
	}
}

static void short_ids(void **state)
{
	static const struct column columns[] = { { "ID", 0 } };
	auto_arena struct arena a = { 0 };
	struct table t = { .arena = &a, .columns = columns, .n_columns = 1 };
	struct err e;

	(void)state;
	assert_int_equal(table_add_id(&t, "0123456789abcdef0123", &e), 0);
	t.whole = true;
	assert_int_equal(table_add_id(&t, "0123456789abcdef0123", &e), 0);
	assert_string_equal(t.cells.v[0], "0123456789ab");
	assert_string_equal(t.cells.v[1], "0123456789abcdef0123");
}

static void nothing_is_obeyed(void **state)
{
	static const struct column columns[] = { { "TEXT", 0 } };
	static const char evil[] = "a\033[2Jb\nc\t\x7f\xff\xe2\x80\xae";
	auto_arena struct arena a = { 0 };
	struct table t = { .arena = &a, .columns = columns, .n_columns = 1 };
	json_t *text = json_string("a\033[2J\xc2\x9b\xe2\x80\xaeö");
	struct err e;

	(void)state;
	assert_int_equal(table_add(&t, &e, "%s", evil), 0);
	assert_string_equal(t.cells.v[0], "a\\x1b[2Jb\\x0ac\\x09\\x7f\\xff\\u202e");
	capture_begin();
	output_line(evil);
	capture_end();
	assert_string_equal(shown, "a\\x1b[2Jb\\x0ac\\x09\\x7f\\xff\\u202e\n");
	capture_begin();
	assert_int_equal(output_json(text, &e), 0);
	capture_end();
	assert_string_equal(shown, "\"a\\u001B[2J\\u009B\\u202E\\u00F6\"\n");
	capture_begin();
	assert_int_equal(output_template(text, "{{.}}", &e), 0);
	capture_end();
	assert_string_equal(shown, "a\\x1b[2J\\u009b\\u202eö\n");
	json_decref(text);
}

static void templates(void **state)
{
	static const struct {
		const char *template, *shown; /* NULL: refused */
	} rows[] = {
		{ "{{.Id}}", "x1\n" },
		{ "{{ .Id }} is {{.State.Status}}.", "x1 is running.\n" },
		{ "{{.State.Pid}}\\t{{.State.Dead}}\\n", "7\tfalse\n\n" },
		{ "{{.Names}}", "a b\n" },
		{ "{{json .Names}}", "[\"a\",\"b\"]\n" },
		{ "{{json .Id}}", "\"x1\"\n" },
		{ "{{.Empty}}|", "|\n" },
		{ "{{.State}}", "{\"Status\":\"running\",\"Pid\":7,\"Dead\":false}\n" },
		{ "plain \\q", "plain \\q\n" },
		{ "{{.Nope}}", NULL },
		{ "{{.Id.Deeper}}", NULL },
		{ "{{.State.}}", NULL },
		{ "{{Id}}", NULL },
		{ "{{}}", NULL },
		{ "{{.Id", NULL },
		{ "{{range .Names}}x{{end}}", "xx\n" },
	};
	json_error_t why;
	json_t *value = json_loads("{\"Id\":\"x1\",\"State\":{\"Status\":\"running\",\"Pid\":7,\"Dead\":false},"
				   "\"Names\":[\"a\",\"b\"],\"Empty\":[]}", 0, &why);

	(void)state;
	assert_non_null(value);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e;

		capture_begin();
		int r = output_template(value, rows[i].template, &e);

		capture_end();
		assert_int_equal(r, rows[i].shown ? 0 : -EINVAL);
		if (rows[i].shown)
			assert_string_equal(shown, rows[i].shown);
	}
	json_decref(value);
}

struct entry {
	char *id;
	uint32_t n;
};
static const struct field entry_fields[] = {
	FIELD_STRING(struct entry, id, "Id", REQUIRED),
	FIELD_U32(struct entry, n, "N", REQUIRED),
};

static int entry_row(struct table *t, const void *arg, struct err *e)
{
	const struct entry *entry = arg;
	int r = table_add(t, e, "%s", entry->id);

	return r < 0 ? r : table_add(t, e, "%u", entry->n);
}

static void listings(void **state)
{
	static const struct column columns[] = { { "ID", 0 }, { "N", 0 } };
	static const struct {
		const char *format, *shown;
	} rows[] = {
		{ NULL, "ID  N\na   1\nb   2\n" },
		{ "table", "ID  N\na   1\nb   2\n" },
		{ "json", "[\n  {\n    \"Id\": \"a\",\n    \"N\": 1\n  },\n  {\n    \"Id\": \"b\",\n    \"N\": 2\n  }\n]\n" },
		{ "{{.N}}:{{.Id}}", "1:a\n2:b\n" },
		{ "table {{.N}}\\t{{.Id}}", "N  ID\n1  a\n2  b\n" },
		{ "table {{.N}} of {{.Id}}\t{{if eq .N 1}}one{{end}}", "N of ID  one\n1 of a   one\n2 of b   \n" },
		{ "table {{.N", NULL },
		{ "yaml", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena a = { 0 };
		const struct call call = { .arena = &a };
		const struct entry one = { (char *)"a", 1 }, two = { (char *)"b", 2 };
		auto_listing struct listing l = {
			.table = { .columns = columns, .n_columns = ARRAY_SIZE(columns) },
			.fields = entry_fields,
			.n_fields = ARRAY_SIZE(entry_fields),
			.add_row = entry_row,
		};
		struct err e;

		assert_int_equal(listing_begin(&l, &call, rows[i].format, &e), rows[i].shown ? 0 : -EINVAL);
		if (!rows[i].shown)
			continue;
		capture_begin();
		int r = listing_add(&l, &one, &e) | listing_add(&l, &two, &e) | listing_end(&l, &e);

		capture_end();
		assert_int_equal(r, 0);
		assert_string_equal(shown, rows[i].shown);
	}
}

struct values {
	bool quiet;
	const char *name;
};
static const struct option rows_of_help[] = {
	OPT_FLAG(struct values, quiet, "quiet", 'q', "say nothing"),
	OPT_GROUP("More"),
	OPT_STRING(struct values, name, "name", 0, "NAME", "a long explanation that does not fit one line of the screen, and so goes "
		   "on in the next one"),
	OPT_STRING(struct values, name, "a-very-long-option-name", 'a', "VALUE", "short"),
	OPT_STRING(struct values, name, "unseen", 0, "NAME", NULL),
};

static void help_screens(void **state)
{
	static const struct verb verb = {
		.name = "do", .group = "G", .arguments = "THING", .help = "do it", .about = "Do a thing.",
		.options = OPTIONS(rows_of_help, struct values),
	};
	static const struct program program = { .name = "prog" };

	(void)state;
	capture_begin();
	help_verb(&program, &verb, stdout);
	capture_end();
	assert_string_equal(shown, "usage: prog do [OPTION…] THING\n\n"
				   "Do a thing.\n\n"
				   "  -q, --quiet      say nothing\n"
				   "More\n"
				   "      --name NAME  a long explanation that does not fit one line of the screen,\n"
				   "                   and so goes on in the next one\n"
				   "  -a, --a-very-long-option-name VALUE\n"
				   "                   short\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_align),
		cmocka_unit_test(tables_fit),
		cmocka_unit_test(short_ids),
		cmocka_unit_test(nothing_is_obeyed),
		cmocka_unit_test(templates),
		cmocka_unit_test(listings),
		cmocka_unit_test(help_screens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
