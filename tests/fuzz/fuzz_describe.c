// SPDX-License-Identifier: Apache-2.0
/* Any bytes as an index of a registry: what is chosen of it suits, and what is listed of it is harmless. */
#include <stdlib.h>

#include "images/digest_text.h"
#include "images/worker/choose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void check_choice(const struct manifest *m, const struct image_platform *want)
{
	const struct descriptor *d = choose_manifest(m, want);

	for (size_t i = 0; i < m->manifests.n; i++) {
		unsigned rank = choose_rank(&m->manifests.v[i], want);

		expect(d ? rank <= choose_rank(d, want) : rank == 0);
	}
	expect(!d || (choose_rank(d, want) > 0 && digest_is_hex(d->hex)));
}

static void check_list(const struct manifest *m)
{
	char text[CHOOSE_LIST_MAX];

	choose_list(m, text);
	expect(strlen(text) < sizeof(text));
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		expect(*c >= ' ' && *c != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const platforms[] = { "linux/amd64", "linux/arm/v7", "linux/arm64", "linux/amd64/v3", "x/y/z" };
	auto_arena struct arena a = { 0 };
	struct manifest m;
	struct err e;

	if (manifest_parse((const char *)data, size, "index", NULL, &a, &m, &e) < 0 || !m.is_index)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(platforms); i++) {
		struct image_platform want;

		expect(platform_parse(platforms[i], &want, &e) == 0);
		check_choice(&m, &want);
	}
	check_list(&m);
	return 0;
}
