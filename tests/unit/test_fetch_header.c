// SPDX-License-Identifier: Apache-2.0
/* What registries say in their headers: challenges, ranges, links, media types; addresses and whose they are; when to try again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "images/fetch/challenge.h"
#include "images/fetch/header.h"
#include "images/fetch/retry.h"
#include "images/fetch/url.h"

static struct challenge read_challenge(const char *value)
{
	struct challenge c = { 0 };

	challenge_read(value, &c);
	return c;
}

static void challenges_are_read(void **state)
{
	static const struct {
		const char *value;
		enum challenge_scheme scheme;
		const char *realm, *service, *scope;
	} cases[] = {
		{ "Basic realm=\"here\"", CHALLENGE_BASIC, "here", "", "" },
		{ "basic REALM=here", CHALLENGE_BASIC, "here", "", "" },
		{ "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a/b:pull,push\"", CHALLENGE_BEARER,
		  "https://a/t", "s", "repository:a/b:pull,push" },
		{ "Bearer scope=\"x y\" , service = \"s\" ,realm= \"r\"", CHALLENGE_BEARER, "r", "s", "x y" },
		{ "Bearer realm=https://a.example/token,service=a.example", CHALLENGE_BEARER,
		  "https://a.example/token", "a.example", "" },
		/* several in one, whatever their order */
		{ "Basic realm=\"b\", Bearer realm=\"t\"", CHALLENGE_BEARER, "t", "", "" },
		{ "Bearer realm=\"t\",service=\"s\", Basic realm=\"b\"", CHALLENGE_BEARER, "t", "s", "" },
		{ "Negotiate, Basic realm=\"b\"", CHALLENGE_BASIC, "b", "", "" },
		{ "Negotiate YWJjZA==, Basic realm=\"b\"", CHALLENGE_BASIC, "b", "", "" },
		{ "Digest realm=\"d\", nonce=\"n\", Basic realm=\"b\"", CHALLENGE_BASIC, "b", "", "" },
		{ ", ,Basic realm=\"b\",,", CHALLENGE_BASIC, "b", "", "" },
		/* commas, schemes and quotes between quotes are nothing but text */
		{ "Basic realm=\"a, Bearer realm=\\\"x\\\"\"", CHALLENGE_BASIC, "a, Bearer realm=\"x\"", "", "" },
		{ "Bearer realm=\"a\\\\b\"", CHALLENGE_BEARER, "a\\b", "", "" },
		{ "Bearer realm=\"1\", realm=\"2\"", CHALLENGE_BEARER, "1", "", "" },
		{ "Bearer error=\"insufficient_scope\",realm=\"r\"", CHALLENGE_BEARER, "r", "", "" },
		{ "Basic", CHALLENGE_BASIC, "", "", "" },
		/* nothing that could be answered */
		{ "", CHALLENGE_NONE, "", "", "" },
		{ "Negotiate", CHALLENGE_NONE, "", "", "" },
		{ "realm=\"x\"", CHALLENGE_NONE, "", "", "" },
		{ "Bearer realm=\"never closed", CHALLENGE_NONE, "", "", "" },
		{ "Bearer realm=\"a\nb\"", CHALLENGE_NONE, "", "", "" },
		{ "Bearer realm=\"r\" \x01", CHALLENGE_NONE, "", "", "" },
		{ "\"Bearer\" realm=\"r\"", CHALLENGE_NONE, "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct challenge c = read_challenge(cases[i].value);

		if (c.scheme != cases[i].scheme)
			fail_msg("%s: scheme %d", cases[i].value, c.scheme);
		assert_string_equal(c.realm, cases[i].realm);
		assert_string_equal(c.service, cases[i].service);
		assert_string_equal(c.scope, cases[i].scope);
	}
}

static void challenges_of_several_headers_are_compared(void **state)
{
	struct challenge c = { 0 };

	(void)state;
	challenge_read("Basic realm=\"1\"", &c);
	challenge_read("Basic realm=\"2\"", &c);
	assert_string_equal(c.realm, "1");
	challenge_read("Bearer realm=\"3\"", &c);
	challenge_read("Basic realm=\"4\"", &c);
	assert_int_equal(c.scheme, CHALLENGE_BEARER);
	assert_string_equal(c.realm, "3");
}

static void a_challenge_that_is_too_long_is_passed_over(void **state)
{
	char value[3000];

	(void)state;
	snprintf(value, sizeof(value), "Bearer realm=\"%02000d\", Basic realm=\"b\"", 1);
	assert_int_equal(read_challenge(value).scheme, CHALLENGE_BASIC);
	snprintf(value, sizeof(value), "Bearer realm=\"%01023d\"", 1);
	assert_int_equal(read_challenge(value).scheme, CHALLENGE_BEARER);
	snprintf(value, sizeof(value), "Bearer realm=\"%01024d\"", 1);
	assert_int_equal(read_challenge(value).scheme, CHALLENGE_NONE);
}

static void content_ranges_are_read(void **state)
{
	static const char *const wrong[] = {
		"", "bytes", "bytes 0-1", "bytes 2-1/3", "bytes 0-3/3", "bytes */3", "items 0-1/3", "bytes -1/3", "bytes 0-1/3x",
		"bytes 0-/3", "bytes 0-99999999999999999999/*", "bytes 0-1/18446744073709551615",
	};
	uint64_t first = 7, last = 7, total = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (header_content_range(wrong[i], &first, &last, &total))
			fail_msg("%s was taken", wrong[i]);
	assert_int_equal(first, 7);
	assert_true(header_content_range("bytes 10-19/20", &first, &last, &total));
	assert_true(first == 10 && last == 19 && total == 20);
	assert_true(header_content_range("Bytes 0-0/*", &first, &last, &total));
	assert_true(first == 0 && last == 0 && total == UINT64_MAX);
}

static void the_progress_of_uploads_is_read(void **state)
{
	static const char *const wrong[] = { "", "-", "1-2", "0-", "0", "0-1-2", "bytes 0-1", "0-x", "bytes=1-2" };
	uint64_t bytes = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (header_received(wrong[i], &bytes))
			fail_msg("%s was taken", wrong[i]);
	assert_true(header_received("0-99", &bytes) && bytes == 100);
	assert_true(header_received("bytes=0-99", &bytes) && bytes == 100);
	assert_true(header_received("0-0", &bytes) && bytes == 0);
}

static void links_are_read(void **state)
{
	static const struct {
		const char *value, *next; /* NULL: there is none */
	} cases[] = {
		{ "</v2/_catalog?last=b&n=2>; rel=\"next\"", "/v2/_catalog?last=b&n=2" },
		{ "</a>;rel=next", "/a" },
		{ "</a>; REL = \"next\"", "/a" },
		{ "</p>; rel=\"prev\", </n>; rel=\"next\"", "/n" },
		{ "</p>; title=\"a, b; rel=x\"; rel=\"next\"", "/p" },
		{ "</p>; rel=\"nextdoor\"", NULL },
		{ "</p>; rel=\"prev\"", NULL },
		{ "<>; rel=\"next\"", NULL },
		{ "/p; rel=\"next\"", NULL },
		{ "</p", NULL },
		{ "", NULL },
	};
	char next[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (header_next(cases[i].value, next, sizeof(next)) != (cases[i].next != NULL))
			fail_msg("%s", cases[i].value);
		if (cases[i].next)
			assert_string_equal(next, cases[i].next);
	}
	assert_false(header_next("</0123456789012345678901234567890>; rel=next", next, sizeof(next)));
}

static void media_types_are_read(void **state)
{
	char type[32];

	(void)state;
	assert_true(header_media_type("Application/JSON; charset=utf-8", type, sizeof(type)));
	assert_string_equal(type, "application/json");
	assert_true(header_media_type("a/b", type, sizeof(type)));
	assert_false(header_media_type("", type, sizeof(type)));
	assert_false(header_media_type("; x", type, sizeof(type)));
	assert_false(header_media_type("a/\x1b[1m", type, sizeof(type)));
	assert_false(header_media_type("application/0123456789012345678901", type, sizeof(type)));
}

static struct url read_url(const char *base, const char *text)
{
	struct url from, url;
	struct err e;

	if (base && url_read(NULL, base, &from, &e) < 0)
		fail_msg("%s: %s", base, e.text);
	if (url_read(base ? &from : NULL, text, &url, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	return url;
}

static void addresses_are_read(void **state)
{
	struct url u = read_url(NULL, "https://Registry.example/v2/a?b=c%2f");
	char name[URL_NAME_MAX];

	(void)state;
	assert_string_equal(u.text, "https://Registry.example/v2/a?b=c%2f");
	assert_true(u.tls && strcmp(u.port, "443") == 0);
	assert_string_equal(url_name(&u, name), "Registry.example");
	u = read_url("https://h:5000/v2/a", "/v2/b?c=d");
	assert_string_equal(u.text, "https://h:5000/v2/b?c=d");
	assert_string_equal(url_name(&u, name), "h:5000");
	u = read_url("https://h:5000/v2/a", "//other/x");
	assert_string_equal(u.text, "https://other/x");
	u = read_url("https://h/v2/a", "http://h/x");
	assert_false(u.tls);
}

static void addresses_that_are_none_are_refused_without_being_repeated(void **state)
{
	static const char *const wrong[] = {
		"file:///etc/SECRET", "ftp://h/SECRET", "gopher://SECRET", "https://u:SECRET@h/", "https://SECRET@h/",
		"https://h:99999/SECRET", "https://h\xc3\xa4/SECRET", "https://h /SECRET", "SECRET",
	};
	struct url u, base = read_url(NULL, "https://base/");
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (url_read(NULL, wrong[i], &u, &e) == 0)
			fail_msg("%s was taken as %s", wrong[i], u.text);
		assert_null(strstr(e.text, "SECRET"));
	}
	assert_true(url_read(&base, "//u:p@h/", &u, &e) < 0);
}

static void origins_are_compared(void **state)
{
	static const struct {
		const char *a, *b;
		bool origin, host;
	} cases[] = {
		{ "https://h/a", "https://H:443/b", true, true },  { "https://h/", "https://h:5000/", false, true },
		{ "https://h/", "http://h/", false, true },	   { "http://h:443/", "https://h/", false, true },
		{ "https://h/", "https://h.example/", false, false }, { "https://a.h/", "https://h/", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct url a = read_url(NULL, cases[i].a), b = read_url(NULL, cases[i].b);

		if (url_same_origin(&a, &b) != cases[i].origin || url_same_host(&a, &b) != cases[i].host)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
	}
}

static void queries_grow(void **state)
{
	struct url u = read_url(NULL, "https://h/up?state=a%3D%3D");
	struct err e;

	(void)state;
	assert_int_equal(url_add(&u, "digest", "sha256:a&b", &e), 0);
	assert_string_equal(u.text, "https://h/up?state=a%3D%3D&digest=sha256%3aa%26b");
}

static void delays_grow_and_are_bounded(void **state)
{
	(void)state;
	assert_true(retry_delay_us(0, 0, 0) == 500000 && retry_delay_us(0, 0, 499999) < 1000000);
	assert_true(retry_delay_us(1, 0, 0) == 1000000);
	assert_true(retry_delay_us(4, 0, 0) == 8000000);
	assert_true(retry_delay_us(1000000, 0, UINT32_MAX) < 30000000);
	assert_true(retry_delay_us(0, 3, 0) == 3000000);
	assert_true(retry_delay_us(0, 99999999, UINT32_MAX) < 61000000);
	assert_true(retry_is_status(429) && retry_is_status(503));
	assert_false(retry_is_status(200) || retry_is_status(404) || retry_is_status(501));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenges_are_read),
		cmocka_unit_test(challenges_of_several_headers_are_compared),
		cmocka_unit_test(a_challenge_that_is_too_long_is_passed_over),
		cmocka_unit_test(content_ranges_are_read),
		cmocka_unit_test(the_progress_of_uploads_is_read),
		cmocka_unit_test(links_are_read),
		cmocka_unit_test(media_types_are_read),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(addresses_that_are_none_are_refused_without_being_repeated),
		cmocka_unit_test(origins_are_compared),
		cmocka_unit_test(queries_grow),
		cmocka_unit_test(delays_grow_and_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
