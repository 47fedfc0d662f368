// SPDX-License-Identifier: Apache-2.0
/* The two words of cp. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/copy_words.h"

static void one_word(void **state)
{
	static const struct {
		const char *text;
		enum copy_kind kind;
		const char *container, *path, *name;
		bool is_folder, contents;
	} cases[] = {
		{ "-", COPY_STREAM, NULL, NULL, "contents", false, false },
		{ "file", COPY_OWN, NULL, "file", "file", false, false },
		{ "./web:file", COPY_OWN, NULL, "./web:file", "web:file", false, false },
		{ "/a/web:file", COPY_OWN, NULL, "/a/web:file", "web:file", false, false },
		{ "web:file", COPY_CONTAINER, "web", "file", "file", false, false },
		{ "web:/etc/hosts", COPY_CONTAINER, "web", "/etc/hosts", "hosts", false, false },
		{ "web:/a:b", COPY_CONTAINER, "web", "/a:b", "a:b", false, false },
		{ "web:/etc/", COPY_CONTAINER, "web", "/etc/", "etc", true, false },
		{ "web:/etc/.", COPY_CONTAINER, "web", "/etc/.", "contents", true, true },
		{ "web:/etc/..", COPY_CONTAINER, "web", "/etc/..", "contents", true, true },
		{ "web:/usr/bin/..", COPY_CONTAINER, "web", "/usr/bin/..", "usr", true, false },
		{ "web:/", COPY_CONTAINER, "web", "/", "contents", true, true },
		{ "dir/", COPY_OWN, NULL, "dir/", "dir", true, false },
		{ "dir/.", COPY_OWN, NULL, "dir/.", "contents", true, true },
		{ ".", COPY_OWN, NULL, ".", "contents", true, true },
		{ ":x", COPY_OWN, NULL, ":x", ":x", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena struct arena a = { 0 };
		struct copy_words w;
		struct err e;
		char name[NAME_MAX + 1];

		assert_int_equal(copy_words(&a, cases[i].text, &w, &e), 0);
		copy_words_name(&w, name);
		if (w.kind != cases[i].kind || w.is_folder != cases[i].is_folder || w.contents != cases[i].contents ||
		    !streq(name, cases[i].name))
			fail_msg("%s: kind %d, folder %d, contents %d, name %s", cases[i].text, (int)w.kind, w.is_folder, w.contents,
				 name);
		assert_true(!cases[i].path || streq(w.path, cases[i].path));
		assert_true(!cases[i].container == !w.container && (!w.container || streq(w.container, cases[i].container)));
	}
}

static void what_names_nothing(void **state)
{
	auto_arena struct arena a = { 0 };
	struct copy_words own, other, w;
	struct err e;

	(void)state;
	assert_int_equal(copy_words(&a, "", &w, &e), -EINVAL);
	assert_int_equal(copy_words(&a, "web:", &w, &e), -EINVAL);
	assert_int_equal(copy_words(&a, "file", &own, &e), 0);
	assert_int_equal(copy_words(&a, "-", &other, &e), 0);
	assert_int_equal(copy_words_check(&own, &other, &e), -EINVAL);
	assert_int_equal(copy_words_check(&own, &own, &e), -EINVAL);
	assert_int_equal(copy_words(&a, "web:x", &other, &e), 0);
	assert_int_equal(copy_words_check(&own, &other, &e), 0);
	assert_int_equal(copy_words_check(&other, &other, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_word),
		cmocka_unit_test(what_names_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
