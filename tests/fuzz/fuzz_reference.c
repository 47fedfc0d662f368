// SPDX-License-Identifier: Apache-2.0
/*
 * Any text as an image name: refused with a line that a terminal can show, or read so that its text, in both forms, reads
 * back as the same name and every part of it is fit to be the name of a file.
 */
#include <stdlib.h>

#include "images/images.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void expect_file_name(const char *s)
{
	expect(s[0] && s[0] != '.' && strlen(s) <= 255);
	for (; *s; s++)
		expect(*s > ' ' && *s < 0x7f && *s != '%');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[IMAGE_REF_MAX], *input = malloc(size + 1);
	struct image_ref ref, again;
	struct err e = { 0 };

	if (!input)
		return 0;
	if (size)
		memcpy(input, data, size);
	input[size] = '\0';
	int r = image_ref_parse(input, &ref, &e);

	free(input);
	if (r < 0) {
		expect(e.text[0]);
		for (const char *c = e.text; *c; c++)
			expect(*c >= ' ' && *c <= '~');
		return 0;
	}
	expect_file_name(ref.host);
	expect_file_name(ref.name);
	expect(!strchr(ref.host, '/') && !strstr(ref.name, "..") && (ref.tag[0] || ref.digest[0]));
	if (ref.tag[0])
		expect_file_name(ref.tag);
	for (int familiar = 0; familiar < 2; familiar++) {
		expect(image_ref_parse(image_ref_text(&ref, familiar, text), &again, &e) == 0);
		expect(memcmp(&again, &ref, sizeof(ref)) == 0);
	}
	return 0;
}
