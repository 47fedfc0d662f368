// SPDX-License-Identifier: Apache-2.0
/* Where a copy goes: every case of `docker cp`'s manual, and the rest of the table. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "images/worker/aim.h"

static void every_case(void **state)
{
	static const struct {
		enum tree_source source;
		enum aim_there there;
		bool slash, overwrite;
		int want;
	} cases[] = {
		/* SOURCE is a file */
		{ TREE_FILE, AIM_NOTHING, false, false, AIM_AS },
		{ TREE_FILE, AIM_NOTHING, true, false, -ENOENT },
		{ TREE_FILE, AIM_NOTHING, true, true, -ENOENT },
		{ TREE_FILE, AIM_OTHER, false, false, AIM_AS },
		{ TREE_FILE, AIM_OTHER, true, false, -ENOTDIR },
		{ TREE_FILE, AIM_FOLDER, false, false, AIM_INTO },
		{ TREE_FILE, AIM_FOLDER, true, false, AIM_INTO },
		/* a folder */
		{ TREE_FOLDER, AIM_NOTHING, false, false, AIM_AS },
		{ TREE_FOLDER, AIM_NOTHING, true, false, AIM_AS },
		{ TREE_FOLDER, AIM_OTHER, false, false, -ENOTDIR },
		{ TREE_FOLDER, AIM_OTHER, false, true, AIM_AS },
		{ TREE_FOLDER, AIM_OTHER, true, true, -ENOTDIR },
		{ TREE_FOLDER, AIM_FOLDER, false, false, AIM_INTO },
		{ TREE_FOLDER, AIM_FOLDER, true, false, AIM_INTO },
		/* SOURCE/. */
		{ TREE_CONTENTS, AIM_NOTHING, false, false, AIM_AS },
		{ TREE_CONTENTS, AIM_OTHER, false, false, -ENOTDIR },
		{ TREE_CONTENTS, AIM_OTHER, false, true, AIM_AS },
		{ TREE_CONTENTS, AIM_FOLDER, false, false, AIM_WITHIN },
		{ TREE_CONTENTS, AIM_FOLDER, true, false, AIM_WITHIN },
		/* an archive on standard input */
		{ TREE_STREAM, AIM_NOTHING, false, false, -ENOENT },
		{ TREE_STREAM, AIM_NOTHING, true, true, -ENOENT },
		{ TREE_STREAM, AIM_OTHER, false, true, -ENOTDIR },
		{ TREE_STREAM, AIM_FOLDER, false, false, AIM_INTO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = { 0 };
		int r = aim(cases[i].source, cases[i].there, cases[i].slash, cases[i].overwrite, &e);

		if (r != cases[i].want)
			fail_msg("case %zu: %d, expected %d (%s)", i, r, cases[i].want, e.text);
		assert_true(r >= 0 || *e.text);
	}
}

static void folders_by_their_words(void **state)
{
	static const char *const folders[] = { "", "/", "a/", "a/.", "a/..", ".", "..", "/." };
	static const char *const others[] = { "a", "/a", "a/b", "a/.b", "...", "a/b..", "a/..." };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_true(aim_says_folder(folders[i]));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(aim_says_folder(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case),
		cmocka_unit_test(folders_by_their_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
