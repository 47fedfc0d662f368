// SPDX-License-Identifier: Apache-2.0
/* Names of images: what they mean, what is refused, and that the text of one reads back as the same one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "images/images.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *text, *host, *name, *tag, *digest, *familiar;
} good[] = {
	{ "debian", "docker.io", "library/debian", "latest", "", "debian:latest" },
	{ "debian:13", "docker.io", "library/debian", "13", "", "debian:13" },
	{ "a/b", "docker.io", "a/b", "latest", "", "a/b:latest" },
	{ "docker.io/debian", "docker.io", "library/debian", "latest", "", "debian:latest" },
	{ "index.docker.io/a/b:x", "docker.io", "a/b", "x", "", "a/b:x" },
	{ "docker.io/library/a/b", "docker.io", "library/a/b", "latest", "", "library/a/b:latest" },
	{ "localhost/x", "localhost", "x", "latest", "", "localhost/x:latest" },
	{ "localhost:5000/x:y", "localhost:5000", "x", "y", "", "localhost:5000/x:y" },
	{ "host.example:5000/a/b:tag", "host.example:5000", "a/b", "tag", "", "host.example:5000/a/b:tag" },
	{ "host:5000", "docker.io", "library/host", "5000", "", "host:5000" },
	{ "HOST/x", "HOST", "x", "latest", "", "HOST/x:latest" },
	{ "[::1]:5000/x", "[::1]:5000", "x", "latest", "", "[::1]:5000/x:latest" },
	{ "[fe80::1]/x", "[fe80::1]", "x", "latest", "", "[fe80::1]/x:latest" },
	{ "a/b@sha256:" HEX, "docker.io", "a/b", "", HEX, "a/b@sha256:" HEX },
	{ "x.io/a:t@sha256:" HEX, "x.io", "a", "t", HEX, "x.io/a:t@sha256:" HEX },
	{ "a--b/c__d/e.f/g-h/i_j", "docker.io", "a--b/c__d/e.f/g-h/i_j", "latest", "", "a--b/c__d/e.f/g-h/i_j:latest" },
	{ "x:_A.b-C", "docker.io", "library/x", "_A.b-C", "", "x:_A.b-C" },
	{ "host.example", "docker.io", "library/host.example", "latest", "", "host.example:latest" },
	{ "h.example:65535/x", "h.example:65535", "x", "latest", "", "h.example:65535/x:latest" },
	{ "[2001:DB8::1]:5000/a/b@sha256:" HEX, "[2001:DB8::1]:5000", "a/b", "", HEX, "[2001:DB8::1]:5000/a/b@sha256:" HEX },
	{ "localhost/a/b/c/d/e:1", "localhost", "a/b/c/d/e", "1", "", "localhost/a/b/c/d/e:1" },
	{ "UPPER.example/low", "UPPER.example", "low", "latest", "", "UPPER.example/low:latest" },
	{ "0", "docker.io", "library/0", "latest", "", "0:latest" },
	/* what would read as another host keeps its own in front */
	{ "docker.io/a.b/c", "docker.io", "a.b/c", "latest", "", "docker.io/a.b/c:latest" },
	{ "docker.io/localhost/c", "docker.io", "localhost/c", "latest", "", "docker.io/localhost/c:latest" },
	/* 63 and 65 digits are a name, 64 are an id */
	{ "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde", "docker.io",
	  "library/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde", "latest", "",
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde:latest" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char text[IMAGE_REF_MAX];
		struct image_ref ref, again;
		struct err e;

		if (image_ref_parse(good[i].text, &ref, &e) < 0)
			fail_msg("%s: %s", good[i].text, e.text);
		assert_string_equal(ref.host, good[i].host);
		assert_string_equal(ref.name, good[i].name);
		assert_string_equal(ref.tag, good[i].tag);
		assert_string_equal(ref.digest, good[i].digest);
		assert_string_equal(image_ref_text(&ref, true, text), good[i].familiar);
		for (int familiar = 0; familiar < 2; familiar++) {
			assert_int_equal(image_ref_parse(image_ref_text(&ref, familiar, text), &again, &e), 0);
			assert_memory_equal(&again, &ref, sizeof(ref));
		}
	}
}

static const char *const bad[] = {
	"", ":", "@", "/", "a:", "a@", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "-a", "a-", "a-/b",
	"a___b", "a..b", "a._b", "_a", "a_", "a.", ".a", "A", "a/B", "library/A:x", "a:.x", "a:-x", "a:x/", "a:b:c",
	"a b", "a\n", "a\tb", "a\x1b[0m", "\xc3\xa9", "a%b", "a\\b", "a#b", "a:b@c", "a@sha256:", "a@sha256:0",
	"a@sha512:" HEX, "a@SHA256:" HEX, "a@sha256:" HEX "0", "a@sha256:" HEX "/b", "a@sha256:" HEX "@sha256:" HEX,
	"a@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
	"a@sha256:../../../../../../../../../../../../../../etc/passwd",
	HEX, "host.example:/x:", "-h.example/x", "h-.example/x", "h..example/x", ".example/x",
	"host.example:50a/x", "host.example:/x", "[::1/x", "[]/x", "[::1]x/y", "[::1]:/x", "[g::]/x", "h.example:1:2/x",
	"http://x.example/y", "a@sha512", "a@:", "a@sha256", "h.example/@sha256:" HEX, "h.example/UP", "h.example:/", "[::1]",
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct image_ref ref;
		struct err e = { 0 };
		int r = image_ref_parse(bad[i], &ref, &e);

		if (r != -EINVAL)
			fail_msg("%s gives %d", bad[i], r);
		assert_true(e.text[0]);
		for (const char *c = e.text; *c; c++)
			assert_in_range(*c, ' ', '~');
	}
}

/* Other algorithms are refused by name. */
static void test_algorithms(void **state)
{
	struct image_ref ref;
	struct err e;

	(void)state;
	assert_int_equal(image_ref_parse("a@sha512:" HEX HEX, &ref, &e), -EINVAL);
	assert_non_null(strstr(e.text, "only those of sha256 are known"));
	assert_int_equal(image_ref_parse("a@blake3:" HEX, &ref, &e), -EINVAL);
	assert_non_null(strstr(e.text, "only those of sha256 are known"));
	assert_int_equal(image_ref_parse("a@sha256:123", &ref, &e), -EINVAL);
	assert_non_null(strstr(e.text, "64 digits"));
}

static int try(const char *prefix, size_t n, char c, const char *suffix)
{
	char text[2048];
	struct image_ref ref;
	struct err e;
	size_t len = strlen(prefix);

	memcpy(text, prefix, len);
	memset(text + len, c, n);
	snprintf(text + len + n, sizeof(text) - len - n, "%s", suffix);
	return image_ref_parse(text, &ref, &e);
}

static void test_lengths(void **state)
{
	(void)state;
	assert_int_equal(try("x:", 128, 't', ""), 0);
	assert_int_equal(try("x:", 129, 't', ""), -EINVAL);
	assert_int_equal(try("x.io/", 255, 'n', ""), 0);
	assert_int_equal(try("x.io/", 256, 'n', ""), -EINVAL);
	assert_int_equal(try("", 247, 'n', ""), 0); /* "library/" comes in front of it */
	assert_int_equal(try("", 248, 'n', ""), -EINVAL);
	assert_int_equal(try("", 250, 'h', ".host/x"), 0);
	assert_int_equal(try("", 251, 'h', ".host/x"), -EINVAL);
	assert_int_equal(try("", 250, 'h', ".host"), -EINVAL);
	assert_int_equal(try("", 2000, 'h', ""), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
