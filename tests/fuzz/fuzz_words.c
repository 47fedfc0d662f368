// SPDX-License-Identifier: Apache-2.0
/* Any text as --change, and as an argument of cp: understood or refused; what is understood can be written as a record. */
#include <stdint.h>
#include <stdlib.h>

#include "base/fd.h"
#include "cli/copy_words.h"
#include "images/changes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena a = { 0 };
	char *text = arena_strndup(&a, (const char *)data, size);
	struct image_defaults d = { 0 };
	struct copy_words w;
	char name[NAME_MAX + 1];
	struct err e = { 0 };

	expect(text != NULL);
	if (change_apply(text, &a, &d, &e) == 0)
		for (size_t i = 0; i < d.env.n; i++)
			expect(strchr(d.env.v[i], '=') != NULL && *d.env.v[i] != '=');
	else
		expect(e.code && *e.text);
	if (copy_words(&a, text, &w, &e) < 0)
		return 0;
	copy_words_name(&w, name);
	expect(*name && !strchr(name, '/'));
	return 0;
}
