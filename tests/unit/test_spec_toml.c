// SPDX-License-Identifier: Apache-2.0
/* TOML: what becomes of it as JSON, and which line a mistake is in. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/util.h"
#include "spec/toml.h"

static const struct {
	const char *toml, *json;
} good[] = {
	{ "", "{}" },
	{ "# only a comment", "{}" },
	{ "a = 1\nb = -2\nc = +3\nd = 1_000\ne = true\nf = false\n", "{'a':1,'b':-2,'c':3,'d':1000,'e':true,'f':false}" },
	{ "a = \"x\\t\\u00e9\\U0001F600\" # and why\r\n", "{'a':'x\\t\303\251\360\237\230\200'}" },
	{ "a = 'c:\\d'\n\"b c\" = ''\n", "{'a':'c:\\\\d','b c':''}" },
	{ "a = \"\"\"\nx\\\n   y\n\"\"\"\n", "{'a':'xy\\n'}" },
	{ "a = '''\n1\\\n2'''", "{'a':'1\\\\\\n2'}" },
	{ "a = [ 1, [ ], # one\n 'x',\n]\n", "{'a':[1,[],'x']}" },
	{ "a = { b = 1, c.d = 'x' }\nx.y.z = {}\n", "{'a':{'b':1,'c':{'d':'x'}},'x':{'y':{'z':{}}}}" },
	{ "[a]\nb = 1\n[ a . \"c d\" ]\ne = 2\n", "{'a':{'b':1,'c d':{'e':2}}}" },
	{ "[[a]]\nb = 1\n[[a.c]]\nd = 1\n[[a.c]]\n[[a]]\n[a.e]\nf = 2\n", "{'a':[{'b':1,'c':[{'d':1},{}]},{'e':{'f':2}}]}" },
};

static const struct {
	const char *toml, *message;
} bad[] = {
	{ "a", "line 1: there is no = after a key" },
	{ "\n= 1", "line 2: a key is missing" },
	{ "a = 1\na = 2", "line 2: a key is there twice" },
	{ "a = 1 b = 2", "line 1: more than one thing on a line" },
	{ "a = 'x\n'", "line 1: a string has no end" },
	{ "a = \"\\q\"", "line 1: an escape that is not known" },
	{ "a = \"\\ud800\"", "line 1: an escape that is no character" },
	{ "a = \"\\u00g0\"", "line 1: an escape that is no character" },
	{ "a = 'x\001'", "line 1: a control character in a string" },
	{ "a = [1 2]", "line 1: there is no comma between values" },
	{ "a = { b = 1", "line 1: there is no comma between keys" },
	{ "a = 1.5", "line 1: a value that is no string" },
	{ "a = 1979-05-27", "line 1: a value that is no string" },
	{ "a = ", "line 1: a value that is no string" },
	{ "a = 1\n[a]", "line 2: a heading of what is no table" },
	{ "a = 1\n[[a]]", "line 2: a heading of what is no array of tables" },
	{ "a = 1\na.b = 2", "line 2: a key that is no table" },
	{ "[a", "line 1: a heading has no end" },
	{ "a = '\377'", "line 1: a string is no UTF-8" },
};

static void what_is_right_becomes_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		json_t *value = NULL;
		struct err e;

		if (toml_read(good[i].toml, strlen(good[i].toml), &value, &e) < 0)
			fail_msg("%s\n%s", good[i].toml, e.text);
		auto_free char *text = json_dumps(value, JSON_COMPACT);

		for (char *p = text; (p = strchr(p, '"'));)
			*p = '\'';
		assert_string_equal(text, good[i].json);
		json_decref(value);
	}
}

static void quotes_may_stand_before_the_end(void **state)
{
	static const char text[] = "a = \"\"\"\"\"q\"\"\"\"\n";
	json_t *value = NULL;
	struct err e;

	(void)state;
	if (toml_read(text, sizeof(text) - 1, &value, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(json_string_value(json_object_get(value, "a")), "\"\"q\"");
	json_decref(value);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		json_t *value = NULL;
		struct err e;

		if (toml_read(bad[i].toml, strlen(bad[i].toml), &value, &e) != -EINVAL || !strstr(e.text, bad[i].message))
			fail_msg("%s\n%s", bad[i].toml, e.text);
	}
}

static void depth_and_length_have_ends(void **state)
{
	auto_free char *deep = malloc(1000), *longest = malloc(100000);
	json_t *value = NULL;
	struct err e;

	(void)state;
	assert_true(deep && longest);
	memset(deep, '[', 1000);
	memcpy(deep, "a=", 2);
	assert_int_equal(toml_read(deep, 1000, &value, &e), -EINVAL);
	assert_non_null(strstr(e.text, "too deep"));
	memset(longest, 'x', 100000);
	assert_int_equal(toml_read(longest, 100000, &value, &e), -EINVAL);
	assert_non_null(strstr(e.text, "too long"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_right_becomes_json),
		cmocka_unit_test(quotes_may_stand_before_the_end),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
		cmocka_unit_test(depth_and_length_have_ends),
	};

	return cmocka_run_group_tests_name("spec_toml", tests, NULL, NULL);
}
