// SPDX-License-Identifier: Apache-2.0
/* Settings of registries: where an image is asked for, what a short name may mean, and each mistake with its words. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "images/registries.h"

struct world {
	char folder[64], user[96], system[96], podman_user[96], podman[96], drop_ins[96], drop_in[2][128];
	struct registries *r;
	struct arena arena;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	strcpy(w->folder, "/tmp/paene-registries.XXXXXX");
	if (!mkdtemp(w->folder))
		return -1;
	snprintf(w->user, sizeof(w->user), "%s/user.json", w->folder);
	snprintf(w->system, sizeof(w->system), "%s/system.json", w->folder);
	snprintf(w->podman_user, sizeof(w->podman_user), "%s/user.conf", w->folder);
	snprintf(w->podman, sizeof(w->podman), "%s/registries.conf", w->folder);
	snprintf(w->drop_ins, sizeof(w->drop_ins), "%s/registries.conf.d", w->folder);
	for (int i = 0; i < 2; i++)
		snprintf(w->drop_in[i], sizeof(w->drop_in[i]), "%s/%d.conf", w->drop_ins, i);
	if (mkdir(w->drop_ins, 0700) < 0)
		return -1;
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	registries_free(w->r);
	arena_free(&w->arena);
	(void)unlink(w->user);
	(void)unlink(w->system);
	(void)unlink(w->podman_user);
	(void)unlink(w->podman);
	for (int i = 0; i < 2; i++)
		(void)unlink(w->drop_in[i]);
	(void)rmdir(w->drop_ins);
	(void)rmdir(w->folder);
	free(w);
	return 0;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void read_files(struct world *w)
{
	const struct registry_files files = {
		.own = { w->user, w->system }, .n_own = 2, .podman = { w->podman_user, w->podman }, .n_podman = 2,
		.folders = { w->drop_ins }, .n_folders = 1,
	};
	struct err e;

	registries_free(w->r);
	w->r = NULL;
	if (registries_read(&files, &w->r, &e) < 0)
		fail_msg("%s", e.text);
}

static void read_text(struct world *w, const char *text)
{
	put(w->system, text);
	read_files(w);
}

/* All endpoints as one text: URL host repository, with ! for any certificate and m for a mirror. */
static const char *endpoints(struct world *w, const char *name, bool push, bool plain)
{
	struct endpoint list[ENDPOINTS_MAX];
	struct image_ref ref;
	struct err e;
	char *text = arena_strdup(&w->arena, "");

	assert_int_equal(image_ref_parse(name, &ref, &e), 0);
	int n = registries_endpoints(w->r, &ref, push, ref.digest[0] != '\0', plain, list, &e);

	if (n < 0)
		return arena_printf(&w->arena, "%d %s", n, e.text);
	for (int i = 0; i < n; i++)
		text = arena_printf(&w->arena, "%s%s%s%s %s %s", text, i ? "\n" : "", list[i].any_certificate ? "!" : "",
				    list[i].mirror ? "m" : "", list[i].url, list[i].host),
		text = arena_printf(&w->arena, "%s %s", text, list[i].repository);
	return text;
}

static const char *candidates(struct world *w, const char *name)
{
	struct strv list;
	struct err e;
	int n = registries_candidates(w->r, name, &w->arena, &list, &e);
	char *text = arena_strdup(&w->arena, "");

	if (n < 0)
		return arena_printf(&w->arena, "%d %s", n, e.text);
	assert_int_equal(n, list.n);
	for (size_t i = 0; i < list.n; i++)
		text = arena_printf(&w->arena, "%s%s%s", text, i ? " " : "", list.v[i]);
	return text;
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void without_files_all_is_strict(void **state)
{
	struct world *w = *state;

	read_files(w);
	assert_string_equal(endpoints(w, "debian:13", false, false),
			    " https://registry-1.docker.io docker.io library/debian");
	assert_string_equal(endpoints(w, "localhost:5000/a/b", false, false), " https://localhost:5000 localhost:5000 a/b");
	assert_string_equal(candidates(w, "debian"), "docker.io/library/debian:latest");
	assert_string_equal(candidates(w, "a/b:x@sha256:" HEX), "docker.io/a/b:x@sha256:" HEX);
	assert_string_equal(candidates(w, "quay.io/a/b"), "quay.io/a/b:latest");
}

static void plain_is_for_the_one_host(void **state)
{
	struct world *w = *state;

	read_text(w, "{\"registries\":[{\"host\":\"a.io\",\"mirrors\":[{\"host\":\"m.io\"}]},"
		     "{\"host\":\"localhost:5000\",\"insecure\":true}]}");
	assert_string_equal(endpoints(w, "a.io/x", false, true), "m https://m.io m.io x\n! https://a.io a.io x\n http://a.io a.io x");
	assert_string_equal(endpoints(w, "a.io/x", true, false), " https://a.io a.io x");
	assert_string_equal(endpoints(w, "localhost:5000/x", true, false),
			    "! https://localhost:5000 localhost:5000 x\n http://localhost:5000 localhost:5000 x");
	assert_string_equal(endpoints(w, "localhost:5001/x", false, false), " https://localhost:5001 localhost:5001 x");
}

static void mirrors_and_prefixes(void **state)
{
	struct world *w = *state;

	read_text(w, "{\"registries\":["
		     "{\"host\":\"docker.io\",\"mirrors\":[{\"host\":\"m:1\",\"prefix\":\"hub\"},{\"host\":\"d:1\",\"digest_only\":true}]},"
		     "{\"host\":\"docker.io\",\"prefix\":\"team\",\"mirrors\":[{\"host\":\"t:1\",\"prefix\":\"\",\"insecure\":true}]},"
		     "{\"host\":\"docker.io\",\"prefix\":\"team/secret\",\"blocked\":true}]}");
	assert_string_equal(endpoints(w, "debian", false, false),
			    "m https://m:1 m:1 hub/library/debian\n https://registry-1.docker.io docker.io library/debian");
	assert_string_equal(endpoints(w, "debian@sha256:" HEX, false, false),
			    "m https://m:1 m:1 hub/library/debian\nm https://d:1 d:1 library/debian\n"
			    " https://registry-1.docker.io docker.io library/debian");
	assert_string_equal(endpoints(w, "team/x/y", false, false),
			    "!m https://t:1 t:1 x/y\nm http://t:1 t:1 x/y\n https://registry-1.docker.io docker.io team/x/y");
	assert_string_equal(endpoints(w, "teams/x", false, false),
			    "m https://m:1 m:1 hub/teams/x\n https://registry-1.docker.io docker.io teams/x");
	const char *blocked = endpoints(w, "team/secret/x", false, false);

	assert_non_null(strstr(blocked, "docker.io/team/secret/x: docker.io/team/secret is blocked by "));
	assert_int_equal(strtol(blocked, NULL, 10), -EPERM);
}

static void the_users_file_goes_first(void **state)
{
	struct world *w = *state;

	put(w->user, "{\"search\":[\"quay.io\",\"docker.io\"],\"aliases\":{\"me\":\"x.io/me\"},"
		     "\"registries\":[{\"host\":\"a.io\",\"insecure\":false}]}");
	read_text(w, "{\"search\":[\"ghcr.io\"],\"aliases\":{\"me\":\"y.io/me\",\"you\":\"y.io/you\"},"
		     "\"registries\":[{\"host\":\"a.io\",\"insecure\":true},{\"host\":\"b.io\",\"blocked\":true}]}");
	assert_string_equal(candidates(w, "x:1"), "quay.io/x:1 docker.io/library/x:1");
	assert_string_equal(candidates(w, "me:2"), "x.io/me:2");
	assert_string_equal(candidates(w, "you@sha256:" HEX), "y.io/you@sha256:" HEX);
	assert_string_equal(endpoints(w, "a.io/x", false, false), " https://a.io a.io x");
	assert_non_null(strstr(endpoints(w, "b.io/x", false, false), "is blocked by"));
	put(w->user, "{\"search\":[]}");
	read_files(w);
	assert_string_equal(candidates(w, "x"), "-22 x is a short name, and the settings have no registry to look for it; "
						"name the registry: docker.io/x");
}

static void the_example_is_taken(void **state)
{
	const struct registry_files files = { .own = { "dist/registries.json" }, .n_own = 1 }; /* run from the top of the tree */
	struct world *w = *state;
	struct err e;

	if (registries_read(&files, &w->r, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(candidates(w, "debian"), "docker.io/library/debian:latest");
	assert_non_null(strstr(endpoints(w, "registry.example/attic/x", false, false), "is blocked by dist/registries.json"));
}

static const struct {
	const char *text, *message;
} bad[] = {
	{ "", "line 1, column 0" },
	{ "[]", "expected an object, found a list" },
	{ "{\"serach\":[]}", "serach: no such key; there are: search, aliases, registries" },
	{ "{\"registries\":[{\"host\":\"a.io\",\"insecur\":true}]}",
	  "registries[0].insecur: no such key; there are: host, prefix, mirrors, insecure, blocked" },
	{ "{\"registries\":[{\"host\":\"a.io\",\"mirrors\":[{\"host\":\"b.io\",\"digest-only\":true}]}]}",
	  "registries[0].mirrors[0].digest-only: no such key" },
	{ "{\"registries\":[{\"insecure\":true}]}", "registries[0].host: missing" },
	{ "{\"registries\":[{\"host\":\"a.io\",\"insecure\":\"yes\"}]}",
	  "registries[0].insecure: expected true or false, found a string" },
	{ "{\"registries\":[{\"host\":\"https://a.io\"}]}", "\"https://a.io\" is no place of images" },
	{ "{\"registries\":[{\"host\":\"hub\"}]}", "\"hub\" is no place of images" },
	{ "{\"registries\":[{\"host\":\"a.io/x\"}]}", "\"a.io/x\" is no place of images" },
	{ "{\"registries\":[{\"host\":\"a.io\",\"prefix\":\"../x\"}]}", "is no place of images" },
	{ "{\"search\":[\"\"]}", "\"\" is no place of images" },
	{ "{\"aliases\":{\"a\":\"b\"}}", "aliases.a: \"b\" is no name with a host and without a tag" },
	{ "{\"aliases\":{\"a\":\"b.io/b:1\"}}", "aliases.a: \"b.io/b:1\" is no name" },
	{ "{\"aliases\":{\"a.io/x\":\"b.io/b\"}}", "\"a.io/x\" is no short name" },
	{ "{\"aliases\":{\"a:1\":\"b.io/b\"}}", "\"a:1\" is no short name" },
};

static void mistakes_are_named(void **state)
{
	struct world *w = *state;
	const struct registry_files files = { .own = { w->system }, .n_own = 1 };
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put(w->system, bad[i].text);
		assert_int_equal(registries_read(&files, &w->r, &e), -EINVAL);
		if (!str_after(e.text, w->system) || !strstr(e.text, bad[i].message))
			fail_msg("%s\n%s", bad[i].text, e.text);
	}
	put(w->system, "{\"registries\":[{\"host\":\"a.io\",\"mirrors\":[{\"host\":\"a:1\"},{\"host\":\"a:2\"},{\"host\":\"a:3\"},"
		       "{\"host\":\"a:4\"},{\"host\":\"a:5\"},{\"host\":\"a:6\"},{\"host\":\"a:7\"},{\"host\":\"a:8\"}]}]}");
	assert_int_equal(registries_read(&files, &w->r, &e), -EINVAL);
	assert_non_null(strstr(e.text, "a.io has 8 mirrors: 7 is the most"));
}

static void podmans_files_say_the_rest(void **state)
{
	struct world *w = *state;

	put(w->podman, "unqualified-search-registries = [\"quay.io\", 'docker.io']\nshort-name-mode = \"enforcing\"\n"
		       "[[registry]]\nprefix = \"a.io/team\"\nlocation = \"b.io:5000/x\"\ninsecure = true\n"
		       "[[registry.mirror]]\nlocation = \"m.io/y\"\npull-from-mirror = \"tag-only\"\n"
		       "[[registry.mirror]]\nlocation = \"n.io\"\npull-from-mirror = \"digest-only\"\n"
		       "[[registry]]\nlocation = \"c.io\"\nblocked = true\n[[registry]]\nprefix = \"*.d.io\"\nblocked = true\n");
	read_files(w);
	assert_string_equal(candidates(w, "x"), "quay.io/x:latest docker.io/library/x:latest");
	assert_string_equal(endpoints(w, "a.io/team/app", false, false),
			    "m https://m.io m.io y/app\n! https://b.io:5000 b.io:5000 x/app\n http://b.io:5000 b.io:5000 x/app");
	assert_string_equal(endpoints(w, "a.io/team/app@sha256:" HEX, false, false),
			    "m https://n.io n.io app\n! https://b.io:5000 b.io:5000 x/app\n http://b.io:5000 b.io:5000 x/app");
	assert_string_equal(endpoints(w, "a.io/other", false, false), " https://a.io a.io other");
	assert_non_null(strstr(endpoints(w, "c.io/x", false, false), w->podman));
	assert_non_null(strstr(endpoints(w, "e.d.io/x", false, false), "is blocked by"));
	assert_string_equal(endpoints(w, "d.io/x", false, false), " https://d.io d.io x");

	put(w->drop_in[0], "unqualified-search-registries = ['f.io']\n[aliases]\n\"x\" = \"g.io/x\"\ny = 'g.io/y'\n");
	put(w->drop_in[1], "[aliases]\ny = ''\n[[registry]]\nlocation = 'c.io'\n");
	read_files(w);
	assert_string_equal(candidates(w, "x"), "g.io/x:latest");
	assert_string_equal(candidates(w, "y"), "f.io/y:latest");
	assert_string_equal(endpoints(w, "c.io/x", false, false), " https://c.io c.io x");

	put(w->podman_user, "unqualified-search-registries = []\n"); /* in place of the system's */
	put(w->system, "{\"search\": [\"own.io\"], \"registries\": [{\"host\": \"a.io\"}]}");
	read_files(w);
	assert_string_equal(candidates(w, "x"), "own.io/x:latest"); /* ours go before its aliases */
	assert_string_equal(endpoints(w, "a.io/team/app", false, false), " https://a.io a.io team/app");
	assert_string_equal(endpoints(w, "e.d.io/x", false, false), " https://e.d.io e.d.io x");
}

static void mistakes_in_podmans_files_are_named(void **state)
{
	static const char *const texts[][2] = {
		{ "[[registry]\n", "line 1: a heading has no end" },
		{ "[[registry]]\ninsecure = true\n", "a registry has neither prefix nor location" },
		{ "[[registry]]\nlocation = 7\n", "registry[0].location: expected a string" },
		{ "[[registry]]\nlocation = 'https://a.io'\n", "is no place of images" },
	};
	struct world *w = *state;
	const struct registry_files files = { .podman = { w->podman }, .n_podman = 1 };
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		put(w->podman, texts[i][0]);
		assert_int_equal(registries_read(&files, &w->r, &e), -EINVAL);
		if (!str_after(e.text, w->podman) || !strstr(e.text, texts[i][1]))
			fail_msg("%s\n%s", texts[i][0], e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_files_all_is_strict, set_up, tear_down),
		cmocka_unit_test_setup_teardown(plain_is_for_the_one_host, set_up, tear_down),
		cmocka_unit_test_setup_teardown(mirrors_and_prefixes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(podmans_files_say_the_rest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(mistakes_in_podmans_files_are_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_users_file_goes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_example_is_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(mistakes_are_named, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
