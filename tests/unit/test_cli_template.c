// SPDX-License-Identifier: Apache-2.0
/* Templates of --format: what they print, and what is refused. Where Go's text/template says something, it is said so here. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "cli/template.h"

static const char text[] =
	"{ \"Id\": \"0123456789abcdef\", \"Name\": \"a\\nb\\u001b[2J\", \"N\": 3, \"Zero\": 0, \"None\": null, \"Yes\": true, \"Empty\": [], \"Ratio\": 0.07,"
	"  \"State\": { \"Status\": \"running\", \"Pid\": 7 },"
	"  \"Labels\": { \"b.c\": \"two\", \"a\": \"one\" },"
	"  \"Names\": [\"x\", \"y\", \"z\"],"
	"  \"Ports\": { \"80/tcp\": [{ \"HostIp\": \"\", \"HostPort\": \"8080\" }] },"
	"  \"Mounts\": [{ \"Type\": \"bind\", \"RW\": true }, { \"Type\": \"volume\", \"RW\": false }] }";

/* Print; the result is freed by the caller, NULL: refused, and @ret_err says why. */
static char *print(const char *template, struct err *ret_err)
{
	auto_arena struct arena a = { 0 };
	json_auto_t *value = json_loads(text, 0, NULL);
	const struct node *parsed = NULL;
	char *printed = NULL;
	size_t size;
	FILE *out = open_memstream(&printed, &size);
	int r = template_parse(&a, template, &parsed, ret_err);

	assert_true(value && out);
	if (r == 0)
		r = template_print(parsed, value, out, ret_err);
	assert_int_equal(fclose(out), 0);
	assert_true(r == 0 || r == -EINVAL);
	if (r == 0)
		return printed;
	free(printed);
	return NULL;
}

struct row {
	const char *template, *shown;
};

static void expect(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct err e = { 0 };
		auto_free char *shown = print(rows[i].template, &e);

		if (!shown)
			fail_msg("%s: %s", rows[i].template, e.text);
		else
			assert_string_equal(shown, rows[i].shown);
	}
}

static void places(void **state)
{
	static const struct row rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "a\\tb\\nc\\d", "a\tb\nc\\d" },
		{ "{{.Id}}", "0123456789abcdef" },
		{ "<{{ .State.Status }}>", "<running>" },
		{ "{{.State.Pid}} {{.Yes}} {{.None}} {{.Ratio}}", "7 true null 0.07" },
		{ "{{.Names}}", "x y z" },
		{ "{{.Empty}}", "" },
		{ "{{.State}}", "{\"Status\":\"running\",\"Pid\":7}" },
		{ "{{$.State.Pid}}", "7" },
		{ "{{(index .Mounts 1).Type}}", "volume" },
		{ "{{/* a remark */}}x{{- /* and one more */ -}} y", "xy" },
		{ "a  {{- 1 -}}  b", "a1b" },
		{ "a {{-1}} b", "a -1 b" },
		{ "{{\"}}\"}}{{`\\n\"`}}{{\"\\t\\\"\"}}", "}}\\n\"\t\"" },
	};

	(void)state;
	expect(rows, sizeof(rows) / sizeof(*rows));
}

static void functions(void **state)
{
	static const struct row rows[] = {
		{ "{{json .Names}} {{json .Id}}", "[\"x\",\"y\",\"z\"] \"0123456789abcdef\"" },
		{ "{{join .Names \", \"}}", "x, y, z" },
		{ "{{index .Labels \"b.c\"}}", "two" },
		{ "{{index .Labels \"b.d\"}}|{{index .Nothing \"x\"}}", "|" },
		{ "{{(index (index .Ports \"80/tcp\") 0).HostPort}}", "8080" },
		{ "{{len .Names}} {{len .Id}} {{len .Labels}}", "3 16 2" },
		{ "{{upper .State.Status}} {{.State.Status | title | printf \"%10s|\"}}", "RUNNING    Running|" },
		{ "{{lower \"ÄB\"}}", "Äb" },
		{ "{{slice .Id 0 4}} {{slice .Id 12}} {{slice .Names 1 2}}", "0123 cdef y" },
		{ "{{truncate .Id 3}}", "012" },
		{ "{{pad .N 1 2}}|", " 3  |" },
		{ "{{join (split .Id \"9\") \"-\"}}", "012345678-abcdef" },
		{ "{{printf \"%.4s %-5d| %v %q 100%%\" .Id .N .Yes .State.Status}}", "0123 3    | true \"running\" 100%" },
		{ "{{print .N \"a\"}}{{println}}", "3 a\n" },
		{ "{{eq .N 3}} {{eq .N 1 2 3}} {{eq .State.Status \"dead\"}} {{eq .N \"3\"}} {{ne .N 4}}", "true true false false true" },
		{ "{{lt .N 4}} {{le .N 3}} {{gt .N 3}} {{ge .N 3}} {{lt \"a\" \"b\"}}", "true true false true true" },
		{ "{{and .Yes .N}} {{and .Zero .N}} {{or .Zero .Empty .N}} {{not .Nothing}}", "3 0 3 true" },
	};

	(void)state;
	expect(rows, sizeof(rows) / sizeof(*rows));
}

static void blocks(void **state)
{
	static const struct row rows[] = {
		{ "{{if .Yes}}a{{else}}b{{end}}{{if .Zero}}a{{else}}b{{end}}", "ab" },
		{ "{{if .Nothing.At.All}}a{{else if eq .N 3}}b{{else}}c{{end}}", "b" },
		{ "{{if .Zero}}a{{else if .Empty}}b{{else if .None}}c{{end}}.", "." },
		{ "{{range .Names}}<{{.}}>{{end}}", "<x><y><z>" },
		{ "{{range $i, $n := .Names}}{{if $i}}, {{end}}{{$i}}={{$n}}{{end}}", "0=x, 1=y, 2=z" },
		{ "{{range $name, $value := .Labels}}{{$name}}={{$value}}{{\"\\n\"}}{{end}}", "a=one\nb.c=two\n" },
		{ "{{range .Mounts}}{{.Type}}{{if .RW}}+{{end}}{{$.N}} {{end}}", "bind+3 volume3 " },
		{ "{{range .Empty}}a{{else}}none{{end}}{{range .Nothing}}a{{else}}none{{end}}", "nonenone" },
		{ "{{range .Names}}{{if eq . \"y\"}}{{continue}}{{end}}{{.}}{{end}}", "xz" },
		{ "{{range .Names}}{{if eq . \"y\"}}{{break}}{{end}}{{.}}{{end}}", "x" },
		{ "{{with .State}}{{.Status}}{{end}}{{with .Nothing}}a{{else}}{{.N}}{{end}}", "running3" },
		{ "{{with $x := .N}}{{$x}}{{end}}", "3" },
		{ "{{$x := 1}}{{range .Names}}{{$x = .}}{{end}}{{$x}}", "z" },
		{ "{{$x := 1}}{{if .Yes}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21" },
		{ "{{range .Names -}}\n  {{.}}\n{{- end}}", "xyz" },
	};

	(void)state;
	expect(rows, sizeof(rows) / sizeof(*rows));
}

static void what_is_refused(void **state)
{
	static const struct row rows[] = {
		{ "{{.Nope}}", "nothing at \".Nope\"" },
		{ "{{.State.Nope.At.All}}", "nothing at \".State.Nope\"" },
		{ "{{.Id.Deeper}}", "nothing at \".Id.Deeper\"" },
		{ "{{upper .Nope}}", "nothing at \".Nope\"" },
		{ "{{.Nope | upper}}", "nothing at" },
		{ "{{.State.}}", "no function" },
		{ "{{Id}}", "no function Id" },
		{ "{{}}", "neither a path nor" },
		{ "{{.Id", "without \"}}\"" },
		{ "{{.Id }", "neither a path nor" },
		{ "{{\"a}}", "does not end" },
		{ "{{\"\\x\"}}", "escape" },
		{ "{{(.Id}}", "\")\" is missing" },
		{ "{{1.5}}", "whole number" },
		{ "{{99999999999999999999}}", "whole number" },
		{ "{{.Id .N}}", "no function" },
		{ "{{eq upper .N}}", "parentheses" },
		{ "{{.Id | .N}}", "comes a function" },
		{ "{{upper}}", "0 arguments" },
		{ "{{end}}", "without {{if}}" },
		{ "{{else}}", "without {{if}}" },
		{ "{{if .Yes}}", "{{end}} is missing" },
		{ "{{if .Yes}}{{else}}{{else}}{{end}}", "{{end}} is missing" },
		{ "{{break}}", "nothing to leave" },
		{ "{{range .Id}}{{end}}", "no list" },
		{ "{{$x}}", "no variable $x" },
		{ "{{$x = 1}}", "no variable $x" },
		{ "{{if .Yes}}{{$y := 1}}{{end}}{{$y}}", "no variable $y" },
		{ "{{lt .N \"a\"}}", "cannot be compared" },
		{ "{{slice .Id 3 99}}", "not that long" },
		{ "{{printf \"%x\" .N}}", "printf knows" },
		{ "{{printf \"%s\"}}", "too few" },
		{ "{{index .Names \"a\"}}", "index" },
		{ "{{/* for ever }}", "does not end" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err e = { 0 };
		auto_free char *shown = print(rows[i].template, &e);

		if (shown)
			fail_msg("%s: %s", rows[i].template, shown);
		if (!strstr(e.text, rows[i].shown))
			fail_msg("%s: %s", rows[i].template, e.text);
	}
}

/* Strings of the value obey nobody, and make no lines; those of the template itself may. */
static void strings_are_harmless(void **state)
{
	static const struct row rows[] = {
		{ "{{.Name}}", "a\\x0ab\\x1b[2J" },
		{ "{{upper .Name}}", "A\nB\\x1b[2J" },
		{ "{{\"\\n\"}}", "\n" },
	};

	(void)state;
	expect(rows, sizeof(rows) / sizeof(*rows));
}

static void depth_has_a_limit(void **state)
{
	char template[2048] = "{{";
	struct err e = { 0 };

	(void)state;
	memset(template + 2, '(', 1000);
	assert_null(print(template, &e));
	assert_non_null(strstr(e.text, "too many"));
	for (size_t i = 0; i < 1400; i += 14)
		memcpy(template + i, "{{if .Yes}}   ", 15);
	assert_null(print(template, &e));
	assert_non_null(strstr(e.text, "too deep"));
}

static void headings(void **state)
{
	static const struct row rows[] = {
		{ "{{.ID}}\\t{{.Names}}", "ID\tNAMES" },
		{ "{{.RunningFor}} {{.State.Status}}", "RUNNING FOR STATUS" },
		{ "{{upper .Name}}|{{range .Ports}}{{.HostPort}}{{end}}|{{(index .Mounts 0).Type}}", "NAME|HOST PORT|TYPE" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_arena struct arena a = { 0 };
		const struct node *parsed = NULL;
		auto_free char *shown = NULL;
		size_t size;
		FILE *out = open_memstream(&shown, &size);
		struct err e;

		assert_non_null(out);
		assert_int_equal(template_parse(&a, rows[i].template, &parsed, &e), 0);
		template_print_heading(parsed, out);
		assert_int_equal(fclose(out), 0);
		assert_string_equal(shown, rows[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),	   cmocka_unit_test(functions),
		cmocka_unit_test(blocks),	   cmocka_unit_test(what_is_refused),
		cmocka_unit_test(strings_are_harmless), cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(headings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
