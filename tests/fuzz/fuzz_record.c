// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as an image record, and as the images.json of an import: refused, or decoded so that what is written of it
 * decodes again and is written alike.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "images/images.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void expect_same(const char *a, const char *b)
{
	expect(a && b ? streq(a, b) : a == b);
}

/* Where the head can be told from the first bytes, it is that of the whole. */
static void check_head(const char *text, const struct image *whole)
{
	auto_image struct image head = { 0 };
	char begin[IMAGE_HEAD_MAX + 1];

	snprintf(begin, sizeof(begin), "%s", text);
	if (!image_decode_head(begin, &head))
		return;
	expect_same(head.manifest, whole->manifest);
	expect_same(head.config, whole->config);
	expect_same(head.architecture, whole->architecture);
	expect_same(head.os, whole->os);
	expect_same(head.created, whole->created);
	expect(head.bytes == whole->bytes);
}

static void check_record(const char *text, size_t size)
{
	auto_image struct image image = { 0 }, again = { 0 };
	auto_free char *first = NULL, *second = NULL;
	struct strv folders;
	struct err e;

	if (image_decode(text, size, "record", &image, &e) < 0)
		return;
	expect(image.layers.n > 0 && strlen(image.manifest) == DIGEST_HEX);
	for (size_t i = 0; i < image.layers.n; i++)
		expect(!image.layers.v[i].folder || !strchr(image.layers.v[i].folder, '/'));
	expect(image_encode(&image, &first, &e) == 0);
	expect(image_decode(first, strlen(first), "record", &again, &e) == 0);
	expect(image_encode(&again, &second, &e) == 0 && streq(first, second));
	check_head(second, &again);
	for (size_t i = 0; i < again.layers.n; i++)
		if (!again.layers.v[i].folder)
			again.layers.v[i].folder = again.layers.v[i].diff_id;
	expect(image_folders(&again, &again.arena, &folders, &e) == 0 && folders.n <= again.layers.n);
}

static void check_any_head(const char *text, size_t size)
{
	auto_image struct image head = { 0 };
	char *copy = strndup(text, MIN(size, (size_t)IMAGE_HEAD_MAX));

	expect(copy != NULL);
	if (image_decode_head(copy, &head))
		expect(strlen(head.manifest) == DIGEST_HEX && strlen(head.config) == DIGEST_HEX);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct image_list list;
	struct err e;

	check_any_head((const char *)data, size);
	check_record((const char *)data, size);
	if (image_list_decode((const char *)data, size, "images.json", &arena, &list, &e) == 0)
		for (size_t i = 0; i < list.n; i++)
			expect(image_check(&list.v[i], &e) == 0);
	arena_free(&arena);
	return 0;
}
