// SPDX-License-Identifier: Apache-2.0
/*
 * What a registry may put into its headers, each read by its own function (the first byte says which): what is taken ends
 * within its place and is what it should be.
 */
#include <ctype.h>
#include <stdlib.h>

#include "images/fetch/challenge.h"
#include "images/fetch/header.h"
#include "images/fetch/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

/* It becomes a part of an address, or of a message. */
static void expect_line(const char *s, size_t size)
{
	expect(strnlen(s, size) < size);
	for (; *s; s++)
		expect((unsigned char)*s >= ' ' && *s != 0x7f);
}

static void fuzz_challenge(const char *value)
{
	struct challenge once = { 0 }, twice = { 0 };

	challenge_read(value, &once);
	expect(once.scheme <= CHALLENGE_BEARER);
	expect_line(once.realm, sizeof(once.realm));
	expect_line(once.service, sizeof(once.service));
	expect_line(once.scope, sizeof(once.scope));
	challenge_read(value, &twice);
	challenge_read(value, &twice); /* of two alike the first stays */
	expect(memcmp(&once, &twice, sizeof(once)) == 0);
}

static void fuzz_ranges(const char *value)
{
	uint64_t first, last, total, bytes;

	if (header_content_range(value, &first, &last, &total))
		expect(first <= last && last < total);
	if (header_received(value, &bytes))
		expect(bytes != 1);
}

static void fuzz_link(const char *value)
{
	char next[64];

	if (header_next(value, next, sizeof(next)))
		expect(next[0] && strnlen(next, sizeof(next)) < sizeof(next) && !strchr(next, '>'));
}

static void fuzz_media_type(const char *value)
{
	char type[64];

	if (!header_media_type(value, type, sizeof(type)))
		return;
	expect_line(type, sizeof(type));
	for (const char *c = type; *c; c++)
		expect(!isupper((unsigned char)*c) && !strchr(" ;,\"", *c));
}

static void fuzz_location(const char *value)
{
	static struct url base, url; /* too large to be made each time */
	struct err e;

	expect(url_read(NULL, "https://registry.example:5000/v2/a/blobs/b", &base, &e) == 0);
	if (url_read(&base, value, &url, &e) < 0)
		return;
	expect(url.host[0] && url.port[0] && strnlen(url.text, sizeof(url.text)) < sizeof(url.text));
	expect(strncmp(url.text, url.tls ? "https://" : "http://", url.tls ? 8 : 7) == 0);
	expect(!strchr(url.host, '@') && url_same_origin(&url, &url));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *) = {
		fuzz_challenge, fuzz_ranges, fuzz_link, fuzz_media_type, fuzz_location,
	};

	if (size == 0)
		return 0;
	char *value = malloc(size);

	if (!value)
		return 0;
	memcpy(value, data + 1, size - 1);
	value[size - 1] = '\0';
	readers[data[0] % ARRAY_SIZE(readers)](value);
	free(value);
	return 0;
}
