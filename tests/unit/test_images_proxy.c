// SPDX-License-Identifier: Apache-2.0
/* Which proxy an environment means, and bytes as base64. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base64.h"
#include "images/proxy.h"

static const struct {
	const char *url, *environment[5], *proxy, *no_proxy;
} good[] = {
	{ "https://a.io", { NULL }, "", "" },
	{ "https://a.io", { "https_proxy=http://p:1", "no_proxy=b.io" }, "http://p:1", "b.io" },
	{ "https://a.io", { "HTTPS_PROXY=p:1", "NO_PROXY=*" }, "p:1", "*" },
	{ "https://a.io", { "https_proxy=p:1", "HTTPS_PROXY=p:2" }, "p:1", "" },
	{ "https://a.io", { "https_proxy=", "HTTPS_PROXY=p:2" }, "p:2", "" },
	{ "https://a.io", { "http_proxy=p:1" }, "", "" },
	{ "https://a.io", { "ALL_PROXY=socks5h://p:1" }, "socks5h://p:1", "" },
	{ "https://a.io", { "no_proxy=b.io" }, "", "" },
	{ "http://a.io", { "http_proxy=p:1" }, "p:1", "" },
	{ "http://a.io", { "HTTP_PROXY=p:1" }, "", "" }, /* a header of a CGI request */
	{ "http://a.io", { "HTTP_PROXY=p:1", "all_proxy=p:2" }, "p:2", "" },
	{ "http://a.io", { "https_proxy=p:1" }, "", "" },
	{ "http://a.io", { "http_proxyx=p:1", "http_proxy" }, "", "" },
};

static void as_curl_chooses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct fetch_session s = { .proxy = "left", .no_proxy = "over" };
		struct err e;

		strcpy(s.url, good[i].url);
		assert_int_equal(proxy_choose((char *const *)good[i].environment, &s, &e), 0);
		assert_string_equal(s.proxy, good[i].proxy);
		assert_string_equal(s.no_proxy, good[i].no_proxy);
	}
}

static void what_is_no_proxy_is_named_and_not_shown(void **state)
{
	char longer[1100] = "no_proxy=";
	struct fetch_session s = { .url = "https://a.io" };
	char *const scheme[] = { (char *)"https_proxy=ftp://me:SECRET@p", NULL };
	char *const list[] = { (char *)"https_proxy=p", longer, NULL };
	struct err e;

	(void)state;
	assert_int_equal(proxy_choose(scheme, &s, &e), -EINVAL);
	assert_string_equal(e.text, "https_proxy: a proxy is http, https, socks4, socks4a, socks5 or socks5h");
	memset(longer + 9, 'x', sizeof(longer) - 10);
	assert_int_equal(proxy_choose(list, &s, &e), -EINVAL);
	assert_string_equal(e.text, "no_proxy is longer than 1023 bytes");
}

static void base64_there_and_back(void **state)
{
	static const struct {
		const char *bytes, *text;
	} pairs[] = { /* RFC 4648, section 10 */
		{ "", "" },	       { "f", "Zg==" },	       { "fo", "Zm8=" },	 { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xff\xef\xbe", "/+++" },
	};
	static const char *const wrong[] = { "Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm9-", "=Zg=" };
	char text[BASE64_ROOM(6)], bytes[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		size_t n = strlen(pairs[i].bytes);

		base64_encode(pairs[i].bytes, n, text);
		assert_string_equal(text, pairs[i].text);
		assert_int_equal(base64_decode(pairs[i].text, bytes, sizeof(bytes)), n);
		assert_memory_equal(bytes, pairs[i].bytes, n);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (base64_decode(wrong[i], bytes, sizeof(bytes)) != -EINVAL)
			fail_msg("%s was taken", wrong[i]);
	assert_int_equal(base64_decode("Zm9vYmFy", bytes, 5), -EOVERFLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_curl_chooses),
		cmocka_unit_test(what_is_no_proxy_is_named_and_not_shown),
		cmocka_unit_test(base64_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
