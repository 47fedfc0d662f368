// SPDX-License-Identifier: Apache-2.0
/* Any bytes as each kind of JSON that an image brings: refused, or such that what was promised of it holds. */
#include <stdlib.h>

#include "images/digest_text.h"
#include "images/worker/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void check_manifest(const char *text, size_t size, struct arena *a)
{
	struct manifest m;
	struct err e;

	if (manifest_parse(text, size, "manifest", NULL, a, &m, &e) < 0)
		return;
	expect(m.is_index || (m.config.given && digest_is_hex(m.config.hex) && m.layers.n <= IMAGE_LAYERS_MAX));
	for (size_t i = 0; i < m.layers.n; i++)
		expect(digest_is_hex(m.layers.v[i].hex));
	for (size_t i = 0; i < m.manifests.n; i++)
		expect(digest_is_hex(m.manifests.v[i].hex) && (int64_t)m.manifests.v[i].bytes >= 0);
}

static void check_config(const char *text, size_t size, struct arena *a)
{
	struct image image;
	struct strv ids;
	struct err e;

	if (config_parse(text, size, "config", a, &image, &ids, &e) < 0)
		return;
	for (size_t i = 0; i < ids.n; i++)
		expect(digest_is_hex(ids.v[i]));
	for (size_t i = 0; i < image.defaults.env.n; i++) {
		const char *eq = strchr(image.defaults.env.v[i], '=');

		expect(eq && eq != image.defaults.env.v[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct docker_images images;
	auto_arena struct arena a = { 0 };
	struct err e;

	check_manifest(text, size, &a);
	check_config(text, size, &a);
	if (docker_manifest_parse(text, size, &a, &images, &e) == 0)
		expect(images.n > 0 && images.v[0].config);
	return 0;
}
