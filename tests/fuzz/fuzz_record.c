// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as an image record, and as the images.json of an import: refused, or decoded so that what is written of it
 * decodes again and is written alike.
 */
#include <stdlib.h>

#include "base/fd.h"
#include "images/images.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
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
	for (size_t i = 0; i < again.layers.n; i++)
		if (!again.layers.v[i].folder)
			again.layers.v[i].folder = again.layers.v[i].diff_id;
	expect(image_folders(&again, &again.arena, &folders, &e) == 0 && folders.n <= again.layers.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct image_list list;
	struct err e;

	check_record((const char *)data, size);
	if (image_list_decode((const char *)data, size, "images.json", &arena, &list, &e) == 0)
		for (size_t i = 0; i < list.n; i++)
			expect(image_check(&list.v[i], &e) == 0);
	arena_free(&arena);
	return 0;
}
