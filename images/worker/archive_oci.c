// SPDX-License-Identifier: Apache-2.0
/* archive_oci.c: image-spec image-layout.md. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/fd.h"
#include "images/worker/archive.h"
#include "images/worker/choose.h"
#include "images/worker/harmless.h"

#define DEPTH_MAX   4 /* of indexes in indexes */
#define LABEL_MAX   (HARMLESS_MAX + 8)

/*
 * What an index calls an image. containerd and docker write whole names in an annotation of their own; the one
 * of the specification holds a whole name (podman) or a tag alone (skopeo), which would name nothing.
 */
static const char *name_of(const struct descriptor *d)
{
	const char *name = descriptor_annotation(d, "io.containerd.image.name");

	if (name && *name)
		return name;
	name = descriptor_annotation(d, "org.opencontainers.image.ref.name");
	return name && strpbrk(name, ":/") ? name : NULL;
}

/* A blob by its descriptor. @what: "layer 2 of image x" */
static int find_blob(struct import *i, const struct descriptor *d, const char *what, const struct file **ret,
		     struct err *e)
{
	char path[sizeof("blobs/sha256/") + DIGEST_HEX];

	snprintf(path, sizeof(path), "blobs/sha256/%s", d->hex);
	int r = files_find(&i->files, path, ret, e);

	if (r < 0)
		return err_wrap(e, "%s", what);
	if (r == 0)
		return err_say(e, ENOENT, "%s (sha256:%s) is not in the archive", what, d->hex);
	if (!streq((*ret)->hex, d->hex))
		return err_say(e, EINVAL, "%s (sha256:%s) does not match its digest (found sha256:%s)", what, d->hex,
			       (*ret)->hex);
	if ((*ret)->bytes != d->bytes)
		return err_say(e, EINVAL, "%s (sha256:%s) has %" PRIu64 " bytes, and %" PRIu64 " by its descriptor", what,
			       d->hex, (*ret)->bytes, d->bytes);
	return 0;
}

static int take_image(struct import *i, const struct manifest *m, const struct file *file, const char *label,
		      struct image **ret, struct err *e)
{
	struct image_parts parts = { .label = label, .manifest = file, .media_type = m->media_type, .n_layers = m->layers.n };
	char what[LABEL_MAX + 48];

	parts.layers = arena_array(&i->arena, m->layers.n, sizeof(*parts.layers));
	if (!parts.layers)
		return err_nomem(e);
	snprintf(what, sizeof(what), "config of image %s", label);
	int r = find_blob(i, &m->config, what, &parts.config, e);

	for (size_t n = 0; r == 0 && n < m->layers.n; n++) {
		snprintf(what, sizeof(what), "layer %zu of image %s", n + 1, label);
		parts.layers[n].media_type = m->layers.v[n].media_type;
		r = find_blob(i, &m->layers.v[n], what, &parts.layers[n].file, e);
	}
	return r < 0 ? r : image_add(i, &parts, ret, e);
}

static int read_manifest(struct import *i, const struct descriptor *d, const char *label, const struct file **ret_file,
			 struct manifest *ret, struct err *e)
{
	auto_free char *text = NULL;
	char what[LABEL_MAX + 48];
	size_t len;

	snprintf(what, sizeof(what), "manifest of image %s", label);
	int r = find_blob(i, d, what, ret_file, e);

	if (r == 0)
		r = files_text(&i->files, *ret_file, what, &text, &len, e);
	return r < 0 ? r : manifest_parse(text, len, what, d->media_type, &i->arena, ret, e);
}

/* From a descriptor of the index down to an image for the platform. */
static int take_descriptor(struct import *i, const struct descriptor *d, const struct image_platform *want, struct err *e)
{
	char label[HARMLESS_MAX], text[PLATFORM_MAX];
	const char *name = name_of(d);
	const struct file *file;
	struct manifest m = { .is_index = true };
	struct image *image;

	harmless(name ? name : d->digest, label);
	for (int depth = 0; m.is_index; depth++) {
		if (depth == DEPTH_MAX)
			return err_say(e, EINVAL, "image %s: indexes in indexes in indexes", label);
		int r = read_manifest(i, d, label, &file, &m, e);

		if (r < 0)
			return r;
		if (m.is_index)
			d = choose_manifest(&m, want);
		if (!d)
			return err_say(e, ENOENT, "image %s has nothing for %s", label, platform_text(want, text));
	}
	int r = take_image(i, &m, file, label, &image, e);

	return r < 0 || !name ? r : image_add_name(i, image, name, e);
}

int archive_oci(struct import *i, const struct file *index, struct err *e)
{
	auto_free char *text = NULL;
	struct image_platform own;
	char shown[PLATFORM_MAX];
	struct manifest m;
	size_t len;
	int r = files_text(&i->files, index, "index.json", &text, &len, e);

	platform_own(&own);
	if (r == 0)
		r = manifest_parse(text, len, "index.json", NULL, &i->arena, &m, e);
	if (r == 0 && !m.is_index)
		r = err_say(e, EINVAL, "index.json is no index");
	for (size_t n = 0; r == 0 && n < m.manifests.n; n++)
		if (choose_rank(&m.manifests.v[n], &own) > 0)
			r = take_descriptor(i, &m.manifests.v[n], &own, e);
	if (r == 0 && i->images.n == 0)
		r = err_say(e, ENOENT, "there is no image for %s in it", platform_text(&own, shown));
	return r;
}
