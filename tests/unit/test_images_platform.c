// SPDX-License-Identifier: Apache-2.0
/* Platforms: written in many ways, and which image of an index is for which machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "images/platform.h"
#include "images/worker/choose.h"

static struct image_platform parse(const char *text)
{
	struct image_platform p;
	struct err e;

	if (platform_parse(text, &p, &e) < 0)
		fail_msg("%s", e.text);
	return p;
}

static void test_spellings(void **state)
{
	static const struct {
		const char *text, *normal;
	} pairs[] = {
		{ "linux/amd64", "linux/amd64" },      { "linux/x86_64", "linux/amd64" }, { "linux/amd64/v1", "linux/amd64" },
		{ "linux/amd64/v3", "linux/amd64/v3" }, { "aarch64", "linux/arm64" },	  { "linux/arm64/v8", "linux/arm64" },
		{ "linux/arm", "linux/arm/v7" },       { "armhf", "linux/arm/v7" },	  { "armel", "linux/arm/v6" },
		{ "linux/arm/6", "linux/arm/v6" },     { "windows/amd64", "windows/amd64" }, { "i686", "linux/386" },
	};
	char text[PLATFORM_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct image_platform p = parse(pairs[i].text);

		assert_string_equal(platform_text(&p, text), pairs[i].normal);
	}
}

static void test_no_platforms(void **state)
{
	static const char *const texts[] = {
		"", "/", "linux/", "/amd64", "linux/amd64/", "linux/amd64/v1/x", "linux/am d64", "linux/\033[2J",
		"linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct image_platform p;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (platform_parse(texts[i], &p, &e) >= 0)
			fail_msg("taken: \"%s\"", texts[i]);
}

static void test_own(void **state)
{
	struct image_platform own, again;
	char text[PLATFORM_MAX];

	(void)state;
	platform_own(&own);
	again = parse(platform_text(&own, text));
	assert_true(platform_same(&own, &again));
}

/* An index of these platforms, in this order; NULL: an entry without one. */
static struct manifest index_of(struct arena *a, const char *const *platforms, size_t n)
{
	struct manifest m = { .is_index = true, .manifests.n = n };

	m.manifests.v = arena_array(a, n, sizeof(*m.manifests.v));
	for (size_t i = 0; i < n; i++) {
		struct platform *p = &m.manifests.v[i].platform;

		if (!platforms[i])
			continue;
		char *save, *text = arena_strdup(a, platforms[i]);

		p->given = true;
		p->os = strtok_r(text, "/", &save);
		p->architecture = strtok_r(NULL, "/", &save);
		p->variant = strtok_r(NULL, "/", &save);
	}
	return m;
}

#define CHOICE_MAX 5

static void test_choice(void **state)
{
	static const struct {
		const char *want;
		const char *have[CHOICE_MAX];
		int chosen; /* -1: none */
	} cases[] = {
		{ "linux/amd64", { "linux/arm64", "linux/amd64" }, 1 },
		{ "linux/amd64", { "windows/amd64", "linux/386", "linux/amd64/v1" }, 2 },
		{ "linux/amd64", { "linux/amd64", "linux/amd64" }, 0 }, /* the first of equals */
		{ "linux/amd64", { "linux/amd64/v3", "linux/amd64" }, 1 },
		{ "linux/amd64", { "linux/amd64/v2", "linux/amd64/v3" }, -1 }, /* it may not be able to execute them */
		{ "linux/amd64/v3", { "linux/amd64", "linux/amd64/v2", "linux/amd64/v4" }, 1 },
		{ "linux/amd64/v3", { "linux/amd64/v4", "linux/amd64" }, 1 },
		{ "linux/arm/v7", { "linux/arm/v5", "linux/arm/v6", "linux/arm64" }, 1 },
		{ "linux/arm/v6", { "linux/arm/v7", "linux/arm/v5" }, 1 },
		{ "linux/arm/v6", { "linux/arm", "linux/arm/v7" }, -1 },
		{ "linux/arm64", { "linux/arm/v7", "linux/arm64/v8" }, 1 },
		{ "linux/s390x", { "linux/amd64", "unknown/unknown" }, -1 },
	};
	char text[PLATFORM_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena struct arena a = { 0 };
		struct image_platform want = parse(cases[i].want);
		size_t n = 0;

		while (n < CHOICE_MAX && cases[i].have[n])
			n++;
		struct manifest m = index_of(&a, cases[i].have, n);
		const struct descriptor *d = choose_manifest(&m, &want);

		if ((d ? (int)(d - m.manifests.v) : -1) != cases[i].chosen)
			fail_msg("case %zu: for %s not number %d", i, platform_text(&want, text), cases[i].chosen);
	}
}

static void test_without_platform(void **state)
{
	static const char *const have[] = { NULL, "linux/amd64" };
	auto_arena struct arena a = { 0 };
	struct image_platform amd64 = parse("amd64"), other = parse("s390x");
	struct manifest m = index_of(&a, have, ARRAY_SIZE(have));

	(void)state;
	assert_ptr_equal(choose_manifest(&m, &amd64), &m.manifests.v[1]);
	assert_ptr_equal(choose_manifest(&m, &other), &m.manifests.v[0]);
}

static void test_list(void **state)
{
	static const char *const have[] = { "linux/amd64", "unknown/unknown", "linux/arm64/v8", "li\033nux/x" };
	const char *many[64];
	auto_arena struct arena a = { 0 };
	char text[CHOOSE_LIST_MAX];
	struct manifest m = index_of(&a, have, ARRAY_SIZE(have));

	(void)state;
	assert_string_equal(choose_list(&m, text), "linux/amd64, linux/arm64, li\\x1bnux/x");
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = "linux/aaaaaaaaaaaaaaaaaaa";
	m = index_of(&a, many, ARRAY_SIZE(many));
	assert_true(strlen(choose_list(&m, text)) < CHOOSE_LIST_MAX);
	m = index_of(&a, many, 0);
	assert_string_equal(choose_list(&m, text), "nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings), cmocka_unit_test(test_no_platforms), cmocka_unit_test(test_own),
		cmocka_unit_test(test_choice),	  cmocka_unit_test(test_without_platform), cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
