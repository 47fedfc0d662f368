// SPDX-License-Identifier: Apache-2.0
/* The head of an image's record: what a list shows is what is written, or is left to the whole record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "images/images.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static bool head_of(const char *text, struct image *ret)
{
	char buf[IMAGE_HEAD_MAX + 1];

	snprintf(buf, sizeof(buf), "%s", text);
	*ret = (struct image){ 0 };
	return image_decode_head(buf, ret);
}

/* What image_encode() writes has all of it in its first bytes, however long the rest is. */
static void test_as_it_is_written(void **state)
{
	auto_image struct image image = { .manifest = (char *)A, .config = (char *)B, .architecture = (char *)"amd64",
					  .os = (char *)"linux", .variant = (char *)"v8", .media_type = (char *)"application/x",
					  .created = (char *)"2024-01-01T00:00:00Z", .author = (char *)"somebody \"else\"",
					  .bytes = 12345 };
	auto_image struct image head;
	auto_free char *text = NULL;
	struct err e;

	(void)state;
	image.layers.v = arena_array(&image.arena, 300, sizeof(*image.layers.v));
	image.layers.n = 300;
	for (size_t i = 0; i < image.layers.n; i++)
		image.layers.v[i] = (struct image_layer){ .blob = (char *)A, .diff_id = (char *)A, .chain_id = (char *)A };
	assert_int_equal(image_encode(&image, &text, &e), 0);
	assert_true(strlen(text) > IMAGE_HEAD_MAX);
	assert_true(head_of(text, &head));
	assert_string_equal(head.manifest, A);
	assert_string_equal(head.config, B);
	assert_string_equal(head.architecture, "amd64");
	assert_string_equal(head.os, "linux");
	assert_string_equal(head.variant, "v8");
	assert_string_equal(head.created, "2024-01-01T00:00:00Z");
	assert_int_equal(head.bytes, 12345);
}

static void test_left_to_the_whole(void **state)
{
	static const char *const texts[] = {
		"", "{", "{}", "[]", "null", "{\"manifest\"", "{\"manifest\":", "{\"manifest\":\"" A, "{\"manifest\":\"" A "\"",
		"{\"manifest\":\"" A "\",\"bytes\":1}",					/* no config */
		"{\"manifest\":\"" A "\",\"config\":\"" B "\"}",			/* no size */
		"{\"manifest\":\"" A "\",\"config\":\"" B "\",\"bytes\":1",		/* cut off in the number, perhaps */
		"{\"manifest\":\"" A "\",\"config\":\"" B "\",\"bytes\":-1}",
		"{\"manifest\":\"" A "\",\"config\":\"" B "\",\"bytes\":1.5}",
		"{\"manifest\":\"" A "\",\"config\":\"" B "\",\"bytes\":99999999999999999999}",
		"{\"manifest\":\"" A "\",\"config\":\"" B "\",\"layers\":[],\"bytes\":1}", /* as older ones are */
		"{\"manifest\":\"" A "\",\"config\":\"" B "\",\"os\":\"a\\\"b\",\"bytes\":1}",
		"{ \"manifest\":\"" A "\",\"config\":\"" B "\",\"bytes\":1}",
		"{\"manifest\":\"x\",\"config\":\"" B "\",\"bytes\":1}",
		"{\"manifest\":\"../../etc/passwd\",\"config\":\"" B "\",\"bytes\":1}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct image head;

		if (head_of(texts[i], &head))
			fail_msg("taken: %s", texts[i]);
		assert_null(head.manifest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_it_is_written),
		cmocka_unit_test(test_left_to_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
