// SPDX-License-Identifier: Apache-2.0
/* What a list shows of a container, written down at its start and read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "runtime/brief.h"
#include "runtime/state.h"

static char *words[] = { "nginx", "-g", "daemon off;" };
static char *exposed[] = { "80/tcp", "443/tcp" };

static struct settings example(void)
{
	return (struct settings){
		.name = "web", .created = "2026-11-22T10:00:00Z", .image = "localhost/nginx:1",
		.command = { .v = words, .n = ARRAY_SIZE(words) },
		.exposed = { .v = exposed, .n = ARRAY_SIZE(exposed) },
	};
}

static const struct stat file = { .st_ino = 7, .st_ctim = { .tv_sec = 100, .tv_nsec = 5 } };

static void test_there_and_back(void **state)
{
	const struct settings s = example();
	char note[STATE_NOTE_MAX];
	auto_container struct container c = { 0 };
	size_t n = brief_write(&s, &file, "2026-11-22T11:00:00Z", note, sizeof(note));

	(void)state;
	assert_true(n > 0 && brief_read(note, n, &file, &c));
	assert_string_equal(c.settings.name, "web");
	assert_string_equal(c.settings.created, s.created);
	assert_string_equal(c.settings.image, s.image);
	assert_string_equal(c.run.started, "2026-11-22T11:00:00Z");
	assert_int_equal(c.settings.command.n, 1);
	assert_string_equal(c.settings.command.v[0], "nginx -g daemon off;");
	assert_string_equal(c.settings.exposed.v[0], "80/tcp, 443/tcp");
}

static void test_nothing_is_a_word_too(void **state)
{
	struct settings s = example();
	char note[STATE_NOTE_MAX];
	auto_container struct container c = { 0 };

	(void)state;
	s.exposed.n = 0;
	s.name = (char *)"";
	size_t n = brief_write(&s, &file, "x", note, sizeof(note));

	assert_true(n > 0 && brief_read(note, n, &file, &c));
	assert_string_equal(c.settings.name, "");
	assert_int_equal(c.settings.exposed.n, 0);
}

static void test_other_settings(void **state)
{
	const struct settings s = example();
	char note[STATE_NOTE_MAX];
	struct container c = { 0 };
	struct stat other = file;
	size_t n = brief_write(&s, &file, "x", note, sizeof(note));

	(void)state;
	other.st_ino++;
	assert_false(brief_read(note, n, &other, &c));
	other = file;
	other.st_ctim.tv_nsec++;
	assert_false(brief_read(note, n, &other, &c));
	assert_null(c.settings.name);
}

static void test_cut_off_anywhere(void **state)
{
	const struct settings s = example();
	char note[STATE_NOTE_MAX];
	size_t n = brief_write(&s, &file, "x", note, sizeof(note));

	(void)state;
	for (size_t len = 0; len < n; len++) {
		struct container c = { 0 };
		char *part = malloc(len + 1); /* so that reading beyond it is found out */

		memcpy(part, note, len);
		assert_false(brief_read(part, len, &file, &c));
		free(part);
	}
}

static void test_what_changes_is_not_written(void **state)
{
	struct settings s = example();
	char note[STATE_NOTE_MAX], small[32];

	(void)state;
	assert_int_equal(brief_write(&s, &file, "x", small, sizeof(small)), 0);
	s.ports = s.exposed;
	assert_int_equal(brief_write(&s, &file, "x", note, sizeof(note)), 0);
	s = example();
	s.health.check.test = s.command;
	assert_int_equal(brief_write(&s, &file, "x", note, sizeof(note)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),	    cmocka_unit_test(test_nothing_is_a_word_too),
		cmocka_unit_test(test_other_settings),	    cmocka_unit_test(test_cut_off_anywhere),
		cmocka_unit_test(test_what_changes_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
