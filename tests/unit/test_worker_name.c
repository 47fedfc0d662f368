// SPDX-License-Identifier: Apache-2.0
/* Names of entries, whiteouts among them; digests as text; names made harmless. */
#include "worker_tar.h"

#include <errno.h>

#include "images/worker/harmless.h"
#include "images/worker/name.h"

static void test_clean(void **state)
{
	static const struct {
		const char *raw, *clean; /* NULL: refused */
	} cases[] = {
		{ "a", "a" },		  { "./a/b", "a/b" },	   { "/a//b/", "a/b" },	 { ".", "" },
		{ "", "" },		  { "./", "" },		   { "/", "" },		 { "a/./b/.", "a/b" },
		{ "..a/b..", "..a/b.." }, { "a/...", "a/..." },	   { "..", NULL },	 { "a/..", NULL },
		{ "/../a", NULL },	  { "a/../../b", NULL },   { "./../", NULL },	 { "a\nb", "a\nb" },
	};
	char out[PATH_MAX];
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = name_clean(cases[i].raw, out, &e);

		assert_int_equal(r, cases[i].clean ? 0 : -EINVAL);
		if (cases[i].clean)
			assert_string_equal(out, cases[i].clean);
	}
}

static void test_parse(void **state)
{
	static const struct {
		const char *raw;
		int kind; /* -1: refused */
		const char *folder, *last;
	} cases[] = {
		{ "./usr/bin/x", NAME_PLAIN, "usr/bin", "x" },
		{ "x", NAME_PLAIN, "", "x" },
		{ "usr/", NAME_PLAIN, "", "usr" },
		{ "./", NAME_ROOT, "", "" },
		{ "a/.wh.b", NAME_WHITEOUT, "a", "b" },
		{ ".wh.b", NAME_WHITEOUT, "", "b" },
		{ ".wh.b.wh.c", NAME_WHITEOUT, "", "b.wh.c" },
		{ "a/.wh..wh..opq", NAME_OPAQUE, "a", ".wh..wh..opq" },
		{ ".wh..wh..opq", NAME_OPAQUE, "", ".wh..wh..opq" },
		{ ".wh..wh.plnk", NAME_IGNORED, "", ".wh..wh.plnk" },
		{ ".wh..wh.plnk/1.2", NAME_IGNORED, ".wh..wh.plnk", "1.2" },
		{ ".wh...a", NAME_WHITEOUT, "", "..a" },
		{ ".wh.", -1, NULL, NULL },
		{ "a/.wh..", -1, NULL, NULL },
		{ "a/.wh...", -1, NULL, NULL },
		{ ".wh.a/b", -1, NULL, NULL },
		{ "x/.wh.a/b/c", -1, NULL, NULL },
		{ ".wh.a/.wh..wh.b", -1, NULL, NULL },
		{ "a.wh.b", NAME_PLAIN, "", "a.wh.b" },
	};
	struct entry_name name;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = name_parse(cases[i].raw, &name, &e);

		assert_int_equal(r, cases[i].kind < 0 ? -EINVAL : 0);
		if (r < 0)
			continue;
		assert_int_equal(name.kind, cases[i].kind);
		assert_string_equal(name.folder, cases[i].folder);
		assert_string_equal(name.last, cases[i].last);
	}
	/* to a hard link's target the marks mean nothing */
	assert_int_equal(name_parse_target("a/.wh.b", &name, &e), 0);
	assert_int_equal(name.kind, NAME_PLAIN);
	assert_string_equal(name.last, ".wh.b");
}

static void test_lengths(void **state)
{
	char raw[PATH_MAX + 300];
	struct entry_name name;
	struct err e;

	(void)state;
	memset(raw, 'n', sizeof(raw));
	raw[255] = '\0';
	assert_int_equal(name_parse(raw, &name, &e), 0);
	assert_int_equal(strlen(name.last), 255);
	raw[255] = 'n';
	raw[256] = '\0';
	assert_int_equal(name_parse(raw, &name, &e), -ENAMETOOLONG);
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = i % 2 ? '/' : 'n';
	raw[PATH_MAX - 2] = '\0';
	assert_int_equal(name_parse(raw, &name, &e), 0);
	raw[PATH_MAX - 2] = 'n';
	raw[PATH_MAX + 200] = '\0';
	assert_int_equal(name_parse(raw, &name, &e), -ENAMETOOLONG);
}

static void test_harmless(void **state)
{
	char buf[HARMLESS_MAX], big[5000];

	(void)state;
	assert_string_equal(harmless("a\x1b[31m\n", buf), "a\\x1b[31m\\x0a");
	assert_string_equal(harmless("\xff\xc3\xa9", buf), "\\xff\xc3\xa9");
	assert_string_equal(harmless(NULL, buf), "(none)");
	assert_string_equal(harmless("", buf), "");
	memset(big, 1, sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	harmless(big, buf);
	assert_true(strlen(buf) < HARMLESS_MAX);
	assert_string_equal(buf + strlen(buf) - 3, "...");
}

static void test_digest_text(void **state)
{
	static const char good[] = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	static const char *const bad[] = {
		"", "sha256:", "sha256", "sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0",
		"sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
		"sha256:../../../../../../etc/passwd", "sha256:ba7816bf8f01cfea414140de5dae2223/00361a396177a9cb410ff61f20015ad",
		" sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	};
	struct err e;

	(void)state;
	assert_string_equal(digest_hex(good, "x", &e), good + 7);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(digest_hex(bad[i], "x", &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),	 cmocka_unit_test(test_parse),	     cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_harmless), cmocka_unit_test(test_digest_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
