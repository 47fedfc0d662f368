// SPDX-License-Identifier: Apache-2.0
/* Auth files: which entry counts, what is kept when one is written, helpers, and that no error shows a secret. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/auth.h"
#include "spec/text.h"

#define ALICE "YWxpY2U6U0VDUkVU" /* alice:SECRET */
#define BOB   "Ym9iOlNFQ1JFVDI=" /* bob:SECRET2 */

struct world {
	char folder[64], path[PATH_MAX], variable[128];
	struct auth_files files;
	char *environment[3];
};

static const char *in(struct world *w, const char *name)
{
	snprintf(w->path, sizeof(w->path), "%s/%s", w->folder, name);
	return w->path;
}

static void put(struct world *w, const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(in(w, name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(w->path, mode), 0);
}

static int set_up(void **state)
{
	static const char *const folders[] = { "home", "home/.config", "home/.config/containers", "home/.docker", "run",
					       "run/containers", "bin" };
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->folder, "/tmp/paene-auth.XXXXXX");
	if (!mkdtemp(w->folder))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdir(in(w, folders[i]), 0700) < 0)
			return -1;
	w->files.home = strdup(in(w, "home"));
	w->files.runtime_dir = strdup(in(w, "run"));
	snprintf(w->variable, sizeof(w->variable), "PATH=%s/bin:/usr/bin:/bin", w->folder);
	w->environment[0] = w->variable;
	w->files.environment = w->environment;
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	struct err e;

	free((void *)w->files.home);
	free((void *)w->files.runtime_dir);
	int r = file_remove(AT_FDCWD, w->folder, &e);

	free(w);
	return r;
}

/* "user:password", "" for nobody, or the error. */
static const char *found(struct world *w, const char *host, const char *repository)
{
	static char text[2048];
	auto_auth struct auth a;
	struct err e;

	if (auth_find(&w->files, host, repository, &a, &e) < 0)
		snprintf(text, sizeof(text), "%s", e.text);
	else
		snprintf(text, sizeof(text), "%s%s%.1024s", a.user, *a.user ? ":" : "", a.password);
	return text;
}

static void the_longest_key_of_the_first_file(void **state)
{
	struct world *w = *state;

	assert_string_equal(found(w, "a.io", "x"), "");
	put(w, "home/.docker/config.json", "{\"auths\":{\"a.io\":{\"auth\":\"" BOB "\"},\"b.io\":{\"auth\":\"" BOB "\"}}}", 0600);
	put(w, "run/containers/auth.json", "{\"auths\":{\"a.io\":{\"auth\":\"" ALICE "\"},\"a.io/t/x\":{\"auth\":\"dDp0\"},"
					   "\"a.io/e\":{}}}", 0600);
	assert_string_equal(found(w, "a.io", "x"), "alice:SECRET");
	assert_string_equal(found(w, "a.io", ""), "alice:SECRET");
	assert_string_equal(found(w, "a.io", "t/x/y"), "t:t");
	assert_string_equal(found(w, "a.io", "t/xx"), "alice:SECRET");
	assert_string_equal(found(w, "b.io", "x"), "bob:SECRET2");
	assert_string_equal(found(w, "c.io", "x"), "");
	put(w, "only.json", "{}", 0600);
	char *only = strdup(w->path);

	w->files.path = only;
	assert_string_equal(found(w, "b.io", "x"), "");
	free(only);
}

static void forms_of_keys_and_entries(void **state)
{
	struct world *w = *state;

	put(w, "home/.docker/config.json",
	    "{\"HttpHeaders\":{\"X\":\"y\"},\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"" ALICE "\",\"email\":\"a@b\"},"
	    "\"http://old.io/v1/\":{\"auth\":\"" BOB "\"},\"id.io\":{\"auth\":\"PHRva2VuPjo=\",\"identitytoken\":\"TOKEN\"},"
	    "\"plain.io\":{\"username\":\"u\",\"password\":\"p:q\"},\"colon.io\":{\"auth\":\"dTpwOnE=\"}}}", 0644);
	assert_string_equal(found(w, "docker.io", "library/debian"), "alice:SECRET");
	assert_string_equal(found(w, "old.io", "x"), "bob:SECRET2");
	assert_string_equal(found(w, "id.io", "x"), "<token>:TOKEN");
	assert_string_equal(found(w, "plain.io", "x"), "u:p:q");
	assert_string_equal(found(w, "colon.io", "x"), "u:p:q");
	assert_string_equal(found(w, "index.docker.io", "x"), "alice:SECRET");
}

static void no_error_shows_a_secret(void **state)
{
	static const char *const broken[] = {
		"{\"auths\":{\"a.io\":{\"auth\":SECRET}}}",
		"{\"auths\":{\"a.io\":{\"auth\":\"SECRET\"}}}",
		"{\"auths\":{\"a.io\":{\"auth\":\"U0VDUkVU\"}}}",
		"{\"auths\":{\"a.io\":{\"auth\":[\"SECRET\"]}}}",
		"{\"auths\":{\"a.io\":{\"auth\":\"SECRET",
		"SECRET",
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct auth a;
		struct err e;

		put(w, "run/containers/auth.json", broken[i], 0600);
		assert_int_equal(auth_find(&w->files, "a.io", "x", &a, &e), -EINVAL);
		assert_non_null(strstr(e.text, "run/containers/auth.json: "));
		if (strstr(e.text, "SECRET"))
			fail_msg("%s", e.text);
	}
}

static void store(struct world *w, const char *key, const char *user, const char *password)
{
	struct auth a = { 0 };
	struct err e;

	strcpy(a.user, user);
	strcpy(a.password, password);
	if (auth_store(&w->files, key, &a, &e) < 0)
		fail_msg("%s", e.text);
}

static void what_others_wrote_stays(void **state)
{
	struct world *w = *state;
	auto_free char *text = NULL;
	struct stat st;
	struct err e;
	bool there;

	put(w, "run/containers/auth.json",
	    "{\"x\":{\"n\":1.5},\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"" BOB "\"},\"b.io\":{\"auth\":\"" BOB "\"}}}", 0644);
	store(w, "docker.io", "alice", "SECRET");
	store(w, "a.io", "<token>", "TOKEN");
	assert_string_equal(found(w, "docker.io", "x"), "alice:SECRET");
	assert_string_equal(found(w, "a.io", "x"), "<token>:TOKEN");
	assert_string_equal(found(w, "b.io", "x"), "bob:SECRET2");
	assert_int_equal(stat(in(w, "run/containers/auth.json"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_read(AT_FDCWD, w->path, 1 << 20, &text, NULL, &e), 0);
	assert_non_null(strstr(text, "\"n\": 1.5"));
	assert_null(strstr(text, "index.docker.io"));
	assert_null(strstr(text, "SECRET"));
	assert_int_equal(auth_remove(&w->files, "docker.io", &there, &e), 0);
	assert_true(there);
	assert_int_equal(auth_remove(&w->files, "docker.io", &there, &e), 0);
	assert_false(there);
	assert_string_equal(found(w, "docker.io", "x"), "");
	assert_string_equal(found(w, "b.io", "x"), "bob:SECRET2");
	assert_int_equal(auth_remove(&w->files, NULL, &there, &e), 0);
	assert_true(there);
	assert_string_equal(found(w, "b.io", "x"), "");
}

static void litter_of_the_killed_is_cleared(void **state)
{
	struct world *w = *state;

	put(w, "run/containers/.auth.json.0123456789ab", "SECRET", 0600);
	put(w, "run/containers/.auth.json.mine", "", 0600);
	put(w, "run/containers/.other.json.0123456789ab", "", 0600);
	store(w, "a.io", "alice", "SECRET");
	assert_int_equal(access(in(w, "run/containers/.auth.json.0123456789ab"), F_OK), -1);
	assert_int_equal(access(in(w, "run/containers/.auth.json.mine"), F_OK), 0);
	assert_int_equal(access(in(w, "run/containers/.other.json.0123456789ab"), F_OK), 0);
}

static void a_link_to_the_file_stays_one(void **state)
{
	struct world *w = *state;
	auto_free char *link = strdup(in(w, "link.json"));
	struct stat st;

	put(w, "real.json", "", 0600);
	assert_int_equal(symlink("real.json", link), 0);
	w->files.path = link;
	store(w, "a.io", "alice", "SECRET");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_string_equal(found(w, "a.io", "x"), "alice:SECRET");
}

/* Keeps what it is given in files beside it, and notes its command line and environment. */
static const char helper[] =
	"#!/bin/sh\n"
	"dir=$(dirname \"$0\")/..\n"
	"echo \"$*\" >>$dir/words; env >>$dir/words\n"
	"case $1 in\n"
	"get) read -r server; f=$dir/kept-$(echo $server | tr -c 'a-z.\\n' _)\n"
	"  [ -e $f ] && cat $f || { echo 'credentials not found in native keychain'; exit 1; };;\n"
	"store) text=$(cat); server=$(echo $text | sed 's/.*\"ServerURL\":\"\\([^\"]*\\)\".*/\\1/')\n"
	"  echo $text >$dir/kept-$(echo $server | tr -c 'a-z.\\n' _);;\n"
	"erase) read -r server; rm $dir/kept-$(echo $server | tr -c 'a-z.\\n' _);;\n"
	"esac\n";

static void helpers_are_asked_and_told(void **state)
{
	struct world *w = *state;
	auto_free char *words = NULL, *kept = NULL;
	struct err e;
	bool there;

	put(w, "bin/docker-credential-box", helper, 0755);
	put(w, "run/containers/auth.json", "{\"credsStore\":\"box\"}", 0600);
	assert_string_equal(found(w, "a.io", "x"), "");
	store(w, "a.io", "alice", "SECRET");
	store(w, "docker.io", "bob", "SE\"CRET");
	assert_string_equal(found(w, "a.io", "x"), "alice:SECRET");
	assert_string_equal(found(w, "docker.io", "x"), "bob:SE\"CRET");
	assert_int_equal(access(in(w, "kept-https___index.docker.io_v__"), F_OK), 0);
	assert_int_equal(auth_remove(&w->files, "docker.io", &there, &e), 0);
	assert_true(there);
	assert_string_equal(found(w, "docker.io", "x"), "");
	assert_int_equal(file_read(AT_FDCWD, in(w, "words"), 1 << 20, &words, NULL, &e), 0);
	assert_non_null(strstr(words, "store\n"));
	assert_null(strstr(words, "SECRET"));
	assert_int_equal(file_read(AT_FDCWD, in(w, "run/containers/auth.json"), 1 << 20, &kept, NULL, &e), 0);
	assert_null(strstr(kept, "auth\""));
}

static void helpers_that_misbehave(void **state)
{
	static const struct {
		const char *script, *message;
	} cases[] = {
		{ "echo locked; exit 3", "docker-credential-bad: get failed: locked" },
		{ "exit 3", "docker-credential-bad: get failed with status 3" },
		{ "echo '{\"Secret\":\"SECRET\"'; exit 1", "docker-credential-bad: get failed with status 1" },
		{ "echo '{\"Secret\":\"SECRET\"'", "docker-credential-bad: its answer is not {\"Username\"" },
		{ "echo '{\"Username\":1,\"Secret\":\"SECRET\"}'", "docker-credential-bad: its answer is not {\"Username\"" },
		{ "echo SECRET", "docker-credential-bad: its answer is not {\"Username\"" },
		{ "yes", "docker-credential-bad: its answer is too long" },
		{ "kill -9 $$", "docker-credential-bad: get failed with status 137" },
	};
	struct world *w = *state;
	char script[256];

	put(w, "run/containers/auth.json", "{\"credHelpers\":{\"a.io\":\"bad\",\"b.io\":\"none\",\"c.io\":\"../x\"}}", 0600);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(script, sizeof(script), "#!/bin/sh\n%s\n", cases[i].script);
		put(w, "bin/docker-credential-bad", script, 0755);
		const char *said = found(w, "a.io", "x");

		if (!strstr(said, cases[i].message) || strstr(said, "SECRET"))
			fail_msg("%s: %s", cases[i].script, said);
	}
	assert_non_null(strstr(found(w, "b.io", "x"), "the credential helper docker-credential-none is not in PATH"));
	assert_non_null(strstr(found(w, "c.io", "x"), "credential helper"));
	assert_string_equal(found(w, "d.io", "x"), "");
}

static void keys(void **state)
{
	static const struct {
		const char *text, *key;
	} good[] = {
		{ "a.io", "a.io" }, { "docker.io", "docker.io" }, { "index.docker.io", "docker.io" },
		{ "https://index.docker.io/v1/", "docker.io" }, { "localhost:5000", "localhost:5000" }, { "a.io/", "a.io" },
		{ "a.io/team/x", "a.io/team/x" }, { "http://a.io:80/v2/", "a.io:80" }, { "localhost", "localhost" },
	};
	static const char *const wrong[] = { "", "hub", "a.io/x:1", "a.io//x", "https://", "a b", "/", "a.io/../x", "[::1" };
	char key[AUTH_KEY_MAX];
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (auth_key(good[i].text, key, &e) < 0)
			fail_msg("%s", e.text);
		assert_string_equal(key, good[i].key);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (auth_key(wrong[i], key, &e) != -EINVAL)
			fail_msg("\"%s\" was taken", wrong[i]);
}

static void files_of_a_host(void **state)
{
	struct world *w = *state;
	auto_free char *first = strdup(in(w, "home")), *second = strdup(in(w, "run"));
	const char *const folders[] = { first, second };
	auto_host_files struct host_files f = HOST_FILES_NONE;
	auto_free char *text = NULL;
	struct err e;

	assert_int_equal(auth_host_files(folders, 2, "a.io:1", &f, &e), 0);
	assert_int_equal(f.ca, -1);
	assert_int_equal(mkdir(in(w, "run/a.io:1"), 0700), 0);
	put(w, "run/a.io:1/b.crt", "two", 0600);
	put(w, "run/a.io:1/a.crt", "one", 0600);
	put(w, "run/a.io:1/me.cert", "cert", 0600);
	assert_int_equal(auth_host_files(folders, 2, "a.io:1", &f, &e), -ENOENT);
	assert_non_null(strstr(e.text, "run/a.io:1: open me.key, which me.cert needs"));
	put(w, "run/a.io:1/me.key", "key", 0600);
	assert_int_equal(auth_host_files(folders, 2, "a.io:1", &f, &e), 0);
	assert_int_equal(file_read_fd(f.ca, "ca", 100, &text, NULL, &e), 0);
	assert_string_equal(text, "one\ntwo\n");
	assert_true(f.certificate >= 0 && f.key >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_longest_key_of_the_first_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(forms_of_keys_and_entries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_error_shows_a_secret, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_others_wrote_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(litter_of_the_killed_is_cleared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_link_to_the_file_stays_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(helpers_are_asked_and_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(helpers_that_misbehave, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(files_of_a_host, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
