// SPDX-License-Identifier: Apache-2.0
/*
 * The real paene-fetch and registries that misbehave: what it makes of each, what it leaves behind, and who gets to see a
 * password or a token. Names of repositories are those of tests/registry/faults.py.
 */
#include "fetch_world.h"

#include "images/found.h"

/* The layer, from a repository that has some fault. */
static struct told fetch_layer(const struct faults *f, const char *repository)
{
	struct fetch_session s = session_with(f, repository);

	return ask_with(&s, layer_request(), -1);
}

static struct told fetch_manifest(const struct faults *f, const char *repository, const char *reference)
{
	struct fetch_session s = session_with(f, repository);

	return ask_with(&s, request(FETCH_MANIFEST, reference), -1);
}

static void assert_layer_is_right(const struct told *told)
{
	char command[256];

	assert_told(told, 0, NULL);
	snprintf(command, sizeof(command), "cd work && echo '%s  %s' | sha256sum --check --status", world.layer.digest,
		 world.layer.digest);
	assert_int_equal(system(command), 0);
	assert_int_equal(files_in_work(), 1);
}

static void blobs_come_whole_whatever_happens_on_the_way(void **state)
{
	static const char *const repositories[] = {
		"good",	     "reset", "no-range", "bad-range", "gzip", "busy", "once-500", "elsewhere", "auth-token",
		"auth-expired", "auth-basic",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repositories); i++) {
		struct told told = fetch_layer(&world.http, repositories[i]);

		print_message("  %s\n", repositories[i]);
		assert_layer_is_right(&told);
	}
}

static void blobs_that_are_not_what_they_should_be_are_refused(void **state)
{
	static const struct {
		const char *repository;
		int errnum;
		const char *words;
	} cases[] = {
		{ "wrong", EILSEQ, "what came has the digest sha256:" },
		{ "changed", EILSEQ, "what came has the digest sha256:" },
		{ "short", EILSEQ, "shorter than" },
		{ "short-chunked", EILSEQ, "shorter than" },
		{ "long", EILSEQ, "longer than" },
		{ "endless", EILSEQ, "longer than" },
		{ "reset-often", ECONNRESET, "tried 4 times" },
		{ "no-range-often", ECONNRESET, "tried 4 times" },
		{ "reset-at-once", ECONNRESET, "tried 4 times" },
		{ "always-503", EREMOTEIO, "HTTP status 503; tried 4 times" },
		{ "forbidden", EACCES, "no \\x1b[31m way\\x0a\\u202e!" },
		{ "loop", ELOOP, "redirects more than 5 times" },
		{ "growing", EPROTO, "without a usable address" },
		{ "nowhere", EPROTO, "without a usable address" },
		{ "file", EPROTONOSUPPORT, "neither http nor https" },
		{ "link-local", EACCES, "link-local" },
		{ "elsewhere-401", EACCES, "access denied" },
		{ "auth-unknown", EACCES, "of a kind that is not known" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told told = fetch_layer(&world.http, cases[i].repository);

		print_message("  %s: %s\n", cases[i].repository, told.e.text);
		assert_told(&told, cases[i].errnum, cases[i].words);
	}
}

static void what_has_failed_can_be_asked_for_again(void **state)
{
	struct fetch_session s = session_with(&world.http, "reset.again");
	struct fetch_request q = layer_request();
	struct told told = { 0 };

	(void)state;
	s.retries = 0;
	empty_work();
	auto_transfer struct transfer t = start(&s);

	assert_int_equal(transfer_do(&t, &q, -1, &told.reply, &told.e), -ECONNRESET);
	told.result = transfer_do(&t, &q, -1, &told.reply, &told.e);
	assert_layer_is_right(&told);
}

/* Neither waits until the other side has had enough: a second of silence is given up, and again. */
static void who_is_too_slow_is_given_up(void **state)
{
	static const char *const repositories[] = { "slow", "hang" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repositories); i++) {
		struct fetch_session s = session_with(&world.http, repositories[i]);

		s.retries = 1;
		s.idle_s = 1;
		struct told told = ask_with(&s, layer_request(), -1);

		assert_told(&told, ETIMEDOUT, "tried 2 times");
	}
}

static void a_connection_that_stalls_is_taken_up_again(void **state)
{
	struct fetch_session s = session_with(&world.http, "stall");

	(void)state;
	s.retries = 100; /* a machine that is slow may need some */
	s.idle_s = 2;
	struct told told = ask_with(&s, layer_request(), -1);

	assert_layer_is_right(&told);
}

static void a_registry_may_ask_to_wait(void **state)
{
	struct fetch_session s = session_with(&world.http, "busy-long");
	struct told told;

	(void)state;
	s.retries = 0; /* how long it would wait is in test_fetch_header */
	told = ask_with(&s, layer_request(), -1);
	assert_told(&told, EBUSY, "too many requests");
	assert_int_equal(told.reply.status, 429);
}

/* Who reads along sees bytes come, never change, and the end. */
static void a_reader_is_told_of_every_part(void **state)
{
	struct fetch_session s = session_with(&world.http, "no-range.reader");
	struct fetch_request q = layer_request();
	struct fetch_reply reply;
	struct err e;
	int ends[2], n = 0;
	char bytes[4096];
	ssize_t got;

	(void)state;
	empty_work();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	auto_transfer struct transfer t = start(&s);

	assert_int_equal(transfer_ask(&t, &q, ends[1], &e), 0);
	close(ends[1]);
	while ((got = read(ends[0], bytes, sizeof(bytes))) > 0)
		n += (int)got;
	assert_int_equal(got, 0);
	assert_true(n > 0);
	close(ends[0]);
	do
		assert_int_equal(transfer_receive(&t, &reply, &e), 0);
	while (reply.type == FETCH_PROGRESS);
	assert_int_equal(reply.type, FETCH_DONE);
}

/* A reader who does not listen, or has gone, holds nobody up. */
static void a_reader_who_does_not_read_is_no_matter(void **state)
{
	struct fetch_session s = session_with(&world.http, "good");
	int ends[2];

	(void)state;
	for (int gone = 0; gone < 2; gone++) {
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 0);
		if (gone)
			close(ends[0]);
		struct told told = ask_with(&s, layer_request(), ends[1]);

		assert_layer_is_right(&told);
		if (!gone)
			close(ends[0]);
		close(ends[1]);
	}
}

static void many_requests_at_once_are_answered_each(void **state)
{
	enum { MANY = 300 };
	struct fetch_session s = session_with(&world.https, "auth-token.many");
	bool seen[MANY + 1] = { false };
	struct err e;

	(void)state;
	empty_work();
	auto_transfer struct transfer t = start(&s);

	for (int i = 0; i < MANY; i++) {
		struct fetch_request q = layer_request();

		q.kind = FETCH_EXISTS;
		assert_int_equal(transfer_ask(&t, &q, -1, &e), 0);
	}
	for (int i = 0; i < MANY; i++) {
		struct fetch_reply reply;

		if (transfer_receive(&t, &reply, &e) < 0)
			fail_msg("%s", e.text);
		if (reply.type != FETCH_DONE)
			fail_msg("%u: %s", reply.id, reply.err.text);
		assert_true(reply.there);
		assert_false(seen[reply.id]);
		seen[reply.id] = true;
	}
}

static void manifests_are_checked(void **state)
{
	static const struct {
		const char *repository;
		int errnum;
		const char *words;
	} cases[] = {
		{ "good", 0, NULL },
		{ "manifest-silent", 0, NULL },
		{ "manifest-type", 0, NULL },
		{ "manifest-lies", EILSEQ, "expected sha256:0000" },
		{ "manifest-huge", EFBIG, "more than 4194304 bytes" },
		{ "headers", EPROTO, "too long" },
		{ "headers-endless", EPROTO, "headers without end" },
		{ "continue", EPROTO, "headers without end" },
		{ "garbage", EPROTO, NULL },
		{ "bad-chunk", ECONNRESET, "chunked-encoding" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told told = fetch_manifest(&world.http, cases[i].repository, "1");

		print_message("  %s: %s\n", cases[i].repository, told.e.text);
		assert_told(&told, cases[i].errnum, cases[i].words);
		assert_int_equal(files_in_work(), cases[i].errnum == 0);
		if (cases[i].errnum == 0)
			assert_string_equal(told.reply.digest, world.manifest.digest);
	}
}

static void what_is_asked_for_by_digest_has_it(void **state)
{
	char by_digest[DIGEST_HEX + 8];

	(void)state;
	snprintf(by_digest, sizeof(by_digest), "sha256:%s", world.manifest.digest);
	struct told told = fetch_manifest(&world.http, "good", by_digest);

	assert_told(&told, 0, NULL);
	assert_string_equal(told.reply.media_type, "application/vnd.oci.image.manifest.v1+json");
	told = fetch_manifest(&world.http, "manifest-wrong", by_digest);
	assert_told(&told, EILSEQ, "expected sha256:");
	assert_int_equal(files_in_work(), 0);
	told = fetch_manifest(&world.http, "good", "none");
	assert_told(&told, ENOENT, "good:none: not here (HTTP status 404)");
}

static void heads_say_what_manifests_are(void **state)
{
	static const char *const repositories[] = { "good", "no-head", "manifest-silent" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repositories); i++) {
		struct fetch_session s = session_with(&world.http, repositories[i]);
		struct told told = ask_with(&s, request(FETCH_HEAD, "1"), -1);

		assert_told(&told, 0, NULL);
		assert_string_equal(told.reply.digest, world.manifest.digest);
		assert_int_equal(told.reply.bytes, world.manifest.bytes);
		assert_int_equal(files_in_work(), 0);
	}
}

static void lists_come_in_pages(void **state)
{
	static const struct {
		const char *repository;
		int errnum;
		const char *words; /* of the error, or the whole list */
	} cases[] = {
		{ "pages", 0, "{\"names\":[\"1a\",\"1b\",\"2a\",\"2b\",\"3a\",\"3b\"]}" },
		{ "tags-null", 0, "{\"names\":[]}" },
		{ "pages-loop", EFBIG, "has no end" },
		{ "pages-elsewhere", EACCES, "at another registry" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fetch_session s = session_with(&world.http, cases[i].repository);
		struct told told = ask_with(&s, request(FETCH_TAGS, ""), -1);

		assert_told(&told, cases[i].errnum, cases[i].errnum ? cases[i].words : NULL);
		if (cases[i].errnum)
			continue;
		auto_free char *text = read_text("work", FETCH_TAGS_FILE);

		assert_string_equal(text, cases[i].words);
	}
}

static struct told search_for(const char *words)
{
	struct fetch_session s = session_with(&world.http, "");

	return ask_with(&s, request(FETCH_SEARCH, words), -1);
}

static void searches_find_what_the_registry_finds(void **state)
{
	auto_arena struct arena arena = { 0 };
	struct found found;
	struct err e;
	struct told told = search_for("found");

	(void)state;
	assert_told(&told, 0, NULL);
	auto_free char *text = read_text("work", FETCH_SEARCH_FILE);

	assert_int_equal(found_read(text, strlen(text), &arena, &found, &e), 0);
	assert_int_equal(found.n, 2);
	assert_string_equal(found.v[0].name, "library/found");
	assert_int_equal(strlen(found.v[0].description), FETCH_DESCRIPTION_MAX); /* of two bytes each: no half of one */
	assert_true(found.v[0].official && found.v[0].stars == 7 && !found.v[1].official);
	/* one that has no search is looked through */
	told = search_for("ONE");
	assert_told(&told, 0, NULL);
	auto_free char *names = read_text("work", FETCH_SEARCH_FILE);

	assert_string_equal(names, "{\"results\":[{\"name\":\"a/one\"},{\"name\":\"b/onetwo\"}]}");
}

/* What the servers have seen: of all lines with @what, how many have an Authorization? */
static void count_lines(const struct faults *f, const char *log, const char *what, int *ret_with, int *ret_without)
{
	auto_free char *text = read_text(f->folder, log);

	*ret_with = *ret_without = 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, what))
			++*(strstr(line, "\"Authorization\"") ? ret_with : ret_without);
}

static void credentials_stay_with_the_registry(void **state)
{
	int with, without;

	(void)state;
	struct told told = fetch_layer(&world.http, "auth-elsewhere");

	assert_layer_is_right(&told);
	count_lines(&world.http, "log", "/auth-elsewhere/blobs", &with, &without);
	assert_true(with > 0);
	char path[128];

	snprintf(path, sizeof(path), "/v2/good/blobs/sha256:%s\"", world.layer.digest);
	count_lines(&world.http, "elsewhere.log", path, &with, &without);
	assert_int_equal(with, 0);
	assert_true(without > 0);
	/* not even who asks for them gets them */
	told = fetch_layer(&world.http, "elsewhere-401");
	assert_told(&told, EACCES, NULL);
	count_lines(&world.http, "elsewhere.log", "\"/401\"", &with, &without);
	assert_true(with == 0 && without > 0);
}

static void token_servers_are_chosen_with_care(void **state)
{
	static const struct {
		bool tls;
		const char *repository;
		int errnum;
		const char *words;
	} cases[] = {
		{ false, "auth-plain", 0, NULL },
		{ true, "auth-token", 0, NULL },
		{ true, "auth-plain", EACCES, "at an http address" },
		{ false, "auth-host", EACCES, "at an http address" },
		{ true, "auth-host", EACCES, "at an http address" },
		{ true, "auth-file", EPROTONOSUPPORT, "neither http nor https" },
		{ true, "auth-redirect", EACCES, "not followed" },
		{ true, "auth-huge", EFBIG, "more than 1048576 bytes" },
		{ true, "auth-newline", EPROTO, "sent no token" },
		{ true, "auth-never", EACCES, "access denied" },
	};
	int with, without;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told told = fetch_manifest(cases[i].tls ? &world.https : &world.http, cases[i].repository, "1");

		print_message("  %s: %s\n", cases[i].repository, told.e.text);
		assert_told(&told, cases[i].errnum, cases[i].words);
	}
	/* where a token server is not asked, it hears nothing */
	count_lines(&world.https, "elsewhere.log", "auth-plain", &with, &without);
	assert_int_equal(with + without, 0);
	/* a redirect got no second request */
	count_lines(&world.https, "elsewhere.log", "\"/token\"", &with, &without);
	assert_int_equal(with + without, 0);
}

static void a_wrong_password_is_said_to_be_one(void **state)
{
	static const char *const repositories[] = { "auth-token", "auth-basic" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repositories); i++) {
		struct fetch_session s = session_with(&world.https, repositories[i]);

		strcpy(s.password, "SECRET too");
		struct told told = ask_with(&s, request(FETCH_MANIFEST, "1"), -1);

		assert_told(&told, EACCES, "wrong user name or password");
		s.user[0] = s.password[0] = '\0';
		told = ask_with(&s, request(FETCH_MANIFEST, "1"), -1);
		assert_told(&told, strcmp(repositories[i], "auth-basic") == 0 ? EACCES : 0, NULL); /* tokens may be had by nobody */
	}
}

static void an_identity_token_is_posted(void **state)
{
	struct fetch_session s = session_with(&world.https, "auth-token.identity");
	struct told told;
	int with, without;

	(void)state;
	strcpy(s.user, FETCH_IDENTITY_USER);
	strcpy(s.password, "SECRET&identity=x");
	told = ask_with(&s, request(FETCH_MANIFEST, "1"), -1);
	assert_told(&told, 0, NULL);
	count_lines(&world.https, "elsewhere.log", "\"POST\", \"path\": \"/token\"", &with, &without);
	assert_true(with == 0 && without == 1);
}

static void from_https_nothing_leads_to_http(void **state)
{
	struct told told = fetch_layer(&world.https, "downgrade");
	int with, without;

	(void)state;
	assert_told(&told, EACCES, "from https to http");
	count_lines(&world.https, "elsewhere.log", "/downgrade/", &with, &without);
	assert_int_equal(with + without, 0);
	told = fetch_layer(&world.https, "elsewhere");
	assert_layer_is_right(&told);
}

/* Certificates. */

static struct told ping(const char *url, bool ca, bool any_certificate)
{
	struct fetch_session s = { .has_ca = ca, .any_certificate = any_certificate, .retries = 3 };

	snprintf(s.url, sizeof(s.url), "%s", url);
	return ask_with(&s, request(FETCH_PING, ""), -1);
}

static void certificates_are_verified(void **state)
{
	char by_name[64], http[64];
	struct told told;

	(void)state;
	told = ping(world.https.url, true, false);
	assert_told(&told, 0, NULL);
	told = ping(world.https.url, false, false);
	assert_told(&told, EKEYREJECTED, "certificate");
	told = ping(world.https.url, false, true);
	assert_told(&told, 0, NULL);
	snprintf(by_name, sizeof(by_name), "https://127.0.0.2:%d", world.https.port); /* it listens on 127.0.0.1 alone */
	told = ping(by_name, true, false);
	assert_told(&told, ECONNREFUSED, "Connection refused");
	snprintf(http, sizeof(http), "https://127.0.0.1:%d", world.http.port);
	told = ping(http, true, false);
	assert_told(&told, EPROTO, NULL);
	told = ping("https://no-such-host.invalid", false, false);
	assert_told(&told, EHOSTUNREACH, "no-such-host.invalid");
	assert_null(strstr(told.e.text, "tried"));
}

/* Whose certificate may be anybody's is the registry's host alone, not whom it leads to. */
static void an_insecure_registry_vouches_for_nobody(void **state)
{
	struct fetch_session s = session_with(&world.https, "elsewhere");
	struct told told;

	(void)state;
	s.has_ca = false;
	s.any_certificate = true;
	snprintf(s.url, sizeof(s.url), "https://localhost:%d", world.https.port); /* the storage is at 127.0.0.1 */
	told = ask_with(&s, layer_request(), -1);
	assert_told(&told, EKEYREJECTED, "127.0.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blobs_come_whole_whatever_happens_on_the_way),
		cmocka_unit_test(blobs_that_are_not_what_they_should_be_are_refused),
		cmocka_unit_test(what_has_failed_can_be_asked_for_again),
		cmocka_unit_test(who_is_too_slow_is_given_up),
		cmocka_unit_test(a_connection_that_stalls_is_taken_up_again),
		cmocka_unit_test(a_registry_may_ask_to_wait),
		cmocka_unit_test(a_reader_is_told_of_every_part),
		cmocka_unit_test(a_reader_who_does_not_read_is_no_matter),
		cmocka_unit_test(many_requests_at_once_are_answered_each),
		cmocka_unit_test(manifests_are_checked),
		cmocka_unit_test(what_is_asked_for_by_digest_has_it),
		cmocka_unit_test(heads_say_what_manifests_are),
		cmocka_unit_test(lists_come_in_pages),
		cmocka_unit_test(searches_find_what_the_registry_finds),
		cmocka_unit_test(credentials_stay_with_the_registry),
		cmocka_unit_test(token_servers_are_chosen_with_care),
		cmocka_unit_test(a_wrong_password_is_said_to_be_one),
		cmocka_unit_test(an_identity_token_is_posted),
		cmocka_unit_test(from_https_nothing_leads_to_http),
		cmocka_unit_test(certificates_are_verified),
		cmocka_unit_test(an_insecure_registry_vouches_for_nobody),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
