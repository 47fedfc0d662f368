// SPDX-License-Identifier: Apache-2.0
/* The policy: which scope is for a name, what each requirement asks for, and each mistake with its words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "images/policy.h"
#include "images/policy_rules.h"

#define HEX  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX2 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define KEY  "LS0tS0VZLS0tCg==" /* ---KEY--- */

static char path[] = "/tmp/paene-policy.XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static int read_text(const char *text, struct image_policy **ret, struct err *e)
{
	const char *const files[] = { "/nonexistent/policy.json", path };
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return image_policy_read(files, 2, ret, e);
}

static struct image_policy *policy_of(const char *text)
{
	struct image_policy *p;
	struct err e;

	if (read_text(text, &p, &e) < 0)
		fail_msg("%s", e.text);
	return p;
}

static const char *scope_of(const struct image_policy *p, const char *name)
{
	struct image_ref ref;
	const char *scope;
	struct err e;

	assert_int_equal(image_ref_parse(name, &ref, &e), 0);
	(void)policy_for_name(p, &ref, &scope);
	return scope;
}

static void the_longest_scope_counts(void **state)
{
	struct image_policy *p = policy_of("{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{"
				     "\"docker.io/library/debian:13\":[{\"type\":\"insecureAcceptAnything\"}],"
				     "\"docker.io/library/debian@sha256:" HEX "\":[{\"type\":\"insecureAcceptAnything\"}],"
				     "\"docker.io/library/debian\":[{\"type\":\"insecureAcceptAnything\"}],"
				     "\"docker.io/library\":[{\"type\":\"insecureAcceptAnything\"}],"
				     "\"docker.io\":[{\"type\":\"insecureAcceptAnything\"}],"
				     "\"*.b.io\":[{\"type\":\"insecureAcceptAnything\"}],"
				     "\"*.io\":[{\"type\":\"insecureAcceptAnything\"}]},\"docker-daemon\":{\"\":[{\"type\":\"reject\"}]}}}");

	(void)state;
	assert_string_equal(scope_of(p, "debian:13"), "docker.io/library/debian:13");
	assert_string_equal(scope_of(p, "debian@sha256:" HEX), "docker.io/library/debian@sha256:" HEX);
	assert_string_equal(scope_of(p, "debian:12"), "docker.io/library/debian");
	assert_string_equal(scope_of(p, "debians"), "docker.io/library");
	assert_string_equal(scope_of(p, "a/b"), "docker.io");
	assert_string_equal(scope_of(p, "a.b.io/x"), "*.b.io");
	assert_string_equal(scope_of(p, "b.io/x"), "*.io");
	assert_string_equal(scope_of(p, "localhost/x"), "default");
	image_policy_free(p);
}

/* "", or why it may not be pulled. */
static const char *pulled(const struct image_policy *p, const char *name, const char *manifest, const char *index)
{
	static struct err e;
	struct arena arena = { 0 };
	struct policy_proof proof;
	struct image_ref ref;

	assert_int_equal(image_ref_parse(name, &ref, &e), 0);
	int r = policy_check_pull(p, &ref, manifest, index, NULL, &arena, &proof, &e);

	arena_free(&arena);
	return r < 0 ? e.text : r ? "kept" : "";
}

static void what_comes_in(void **state)
{
	struct image_policy *p = policy_of("{\"default\":[{\"type\":\"insecureAcceptAnything\"}],\"transports\":{\"docker\":{"
				     "\"no.io\":[{\"type\":\"reject\"}],\"gpg.io\":[{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\","
				     "\"keyPath\":\"/nonexistent\"}],\"keyless.io\":[{\"type\":\"sigstoreSigned\",\"fulcio\":{\"caPath\":\"x\"},"
				     "\"rekorPublicKeyPath\":\"y\"}],\"pinned.io\":[{\"type\":\"digests\",\"digests\":[\"sha256:" HEX "\"]}]},"
				     "\"oci\":{\"\":[{\"type\":\"reject\"}]}}}");
	struct err e;

	(void)state;
	assert_string_equal(pulled(p, "yes.io/x", HEX, NULL), "");
	assert_non_null(strstr(pulled(p, "no.io/x", HEX, NULL), "does not allow no.io/x:latest: it is rejected; /tmp/paene-policy."));
	assert_non_null(strstr(pulled(p, "gpg.io/x", HEX, NULL), "GnuPG"));
	assert_non_null(strstr(pulled(p, "keyless.io/x", HEX, NULL), "none of fulcio, rekor or pki"));
	assert_string_equal(pulled(p, "pinned.io/x", HEX, NULL), "kept");
	assert_string_equal(pulled(p, "pinned.io/x", HEX2, HEX), "kept");
	assert_non_null(strstr(pulled(p, "pinned.io/x", HEX2, NULL), "its digest is none of those that are listed"));
	assert_string_equal(pulled(NULL, "no.io/x", HEX, NULL), "");
	assert_int_equal(policy_check_load(p, false, &e), 0);
	assert_int_equal(policy_check_load(p, true, &e), -EPERM);
	assert_non_null(strstr(e.text, "the transport oci would need insecureAcceptAnything"));
	assert_int_equal(policy_check_load(NULL, true, &e), 0);
	image_policy_free(p);
}

static const struct {
	const char *text, *message;
} bad[] = {
	{ "{}", "default: missing" },
	{ "{\"default\":[]}", "default: an empty list allows nothing" },
	{ "{\"default\":[{\"type\":\"accept\"}]}", "default[0].type: \"accept\" is not known here" },
	{ "{\"default\":[{\"type\":\"reject\",\"x\":1}]}", "default[0].x: no such key" },
	{ "{\"default\":[{\"type\":\"reject\"}],\"transport\":{}}", "transport: no such key; there are: default, transports" },
	{ "{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"dokcer\":{}}}", "transports.dokcer: no such key" },
	{ "{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{\"a.io\":[]}}}", "transports.docker.a.io: an empty list" },
	{ "{\"default\":[{\"type\":\"digests\"}]}", "it names no digests" },
	{ "{\"default\":[{\"type\":\"digests\",\"digests\":[\"" HEX "\"]}]}", "digests[0]: expected sha256:" },
	{ "{\"default\":[{\"type\":\"reject\",\"digests\":[\"sha256:" HEX "\"]}]}", "digests are for the type \"digests\"" },
	{ "{\"default\":[{\"type\":\"sigstoreSigned\"}]}", "it names no key" },
	{ "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyData\":\"*\"}]}", "keyData is no base64" },
	{ "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/nonexistent\"}]}", "open /nonexistent: No such file" },
	{ "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"key.pub\"}]}", "the key \"key.pub\" is not an absolute path" },
	{ "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyData\":\"" KEY "\",\"signedIdentity\":{\"type\":\"exactReference\"}}]}",
	  "signedIdentity: exactReference names no image" },
};

static void mistakes_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct image_policy *p;
		struct err e;

		if (read_text(bad[i].text, &p, &e) != -EINVAL || !str_after(e.text, path) || !strstr(e.text, bad[i].message))
			fail_msg("%s\n%s", bad[i].text, e.text);
	}
}

static const struct {
	const char *identity, *name, *is_signed_as;
	bool fits;
} identities[] = {
	{ "{\"type\":\"matchRepository\"}", "a.io/x:1", "a.io/x", true },
	{ "{\"type\":\"matchRepository\"}", "a.io/x:1", "a.io/x:2", true },
	{ "{\"type\":\"matchRepository\"}", "debian", "index.docker.io/library/debian", true },
	{ "{\"type\":\"matchRepository\"}", "a.io/x", "a.io/y", false },
	{ "{\"type\":\"matchRepository\"}", "a.io/x", "a.io/x y", false },
	{ "{\"type\":\"matchExact\"}", "a.io/x:1", "a.io/x:1", true },
	{ "{\"type\":\"matchExact\"}", "a.io/x:1", "a.io/x", false },
	{ "{\"type\":\"matchExact\"}", "a.io/x", "a.io/x", false },
	{ "{\"type\":\"matchRepoDigestOrExact\"}", "a.io/x:1", "a.io/x:1", true },
	{ "{\"type\":\"matchRepoDigestOrExact\"}", "a.io/x:1", "a.io/x:2", false },
	{ "{\"type\":\"matchRepoDigestOrExact\"}", "a.io/x:1", "a.io/x", false },
	{ "{\"type\":\"matchRepoDigestOrExact\"}", "a.io/x@sha256:" HEX, "a.io/x", true },
	{ "{\"type\":\"matchRepoDigestOrExact\"}", "a.io/x@sha256:" HEX, "a.io/y", false },
	{ "{\"type\":\"exactReference\",\"dockerReference\":\"b.io/y:1\"}", "a.io/x:1", "b.io/y:1", true },
	{ "{\"type\":\"exactReference\",\"dockerReference\":\"b.io/y:1\"}", "a.io/x:1", "a.io/x:1", false },
	{ "{\"type\":\"exactRepository\",\"dockerRepository\":\"b.io/y\"}", "a.io/x:1", "b.io/y:7", true },
	{ "{\"type\":\"exactRepository\",\"dockerRepository\":\"b.io/y\"}", "a.io/x:1", "a.io/x:1", false },
};

static void whose_signature(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(identities); i++) {
		char text[512];
		struct image_ref ref;
		struct err e;

		snprintf(text, sizeof(text), "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyData\":\"" KEY "\",\"signedIdentity\":%s}]}",
			 identities[i].identity);
		struct image_policy *p = policy_of(text);

		assert_string_equal(p->fallback.v[0].keys.v[0], "---KEY---\n");
		assert_int_equal(image_ref_parse(identities[i].name, &ref, &e), 0);
		if (policy_identity_fits(&p->fallback.v[0].identity, &ref, identities[i].is_signed_as) != identities[i].fits)
			fail_msg("%s %s %s", identities[i].identity, identities[i].name, identities[i].is_signed_as);
		image_policy_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_scope_counts),
		cmocka_unit_test(what_comes_in),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(whose_signature),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
