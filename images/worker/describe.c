// SPDX-License-Identifier: Apache-2.0
#include "images/worker/describe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/fd.h"
#include "images/worker/choose.h"
#include "images/worker/harmless.h"
#include "images/worker/image.h"
#include "images/worker/media.h"

#define DEPTH_MAX 4 /* of indexes in indexes */
#define LABEL	  "the image" /* the parent knows its name, and says it */

struct describe {
	struct import import;
	const struct image_platform *platform;
	struct work_want *want;
};

/* Its size by whoever refers to it; 0: nobody said. Return: 1, 0: it is not there, or -errno with @e filled */
static int find(struct describe *d, const char *hex, uint64_t bytes, const char *what, const struct file **ret,
		struct err *e)
{
	int r = files_find(&d->import.files, hex, ret, e);

	if (r <= 0)
		return r;
	if (!streq((*ret)->hex, hex))
		return err_say(e, EINVAL, "%s (sha256:%s) does not match its digest (found sha256:%s)", what, hex, (*ret)->hex);
	if (bytes && (*ret)->bytes != bytes)
		return err_say(e, EINVAL, "%s (sha256:%s) has %" PRIu64 " bytes, and %" PRIu64 " by its descriptor", what, hex,
			       (*ret)->bytes, bytes);
	return 1;
}

/* Ask for it, if there can be such a thing at all. Return: 0, or -errno with @e filled */
static int want(struct describe *d, const char *hex, uint64_t bytes, bool config, struct err *e)
{
	if (bytes == 0 || bytes > FILES_TEXT_MAX)
		return err_say(e, EFBIG, "its %s has %" PRIu64 " bytes; at most %d are supported", config ? "config" : "manifest",
			       bytes, FILES_TEXT_MAX);
	d->want->bytes = bytes;
	d->want->config = config;
	memcpy(d->want->digest, hex, DIGEST_HEX + 1);
	return 0;
}

static int take_layers(struct describe *d, const struct manifest *m, struct image_parts *p, struct err *e)
{
	struct arena *a = &d->import.arena;
	char shown[HARMLESS_MAX];

	p->n_layers = m->layers.n;
	p->layers = arena_array(a, p->n_layers, sizeof(*p->layers));
	if (!p->layers)
		return err_nomem(e);
	for (size_t i = 0; i < p->n_layers; i++) {
		const struct descriptor *layer = &m->layers.v[i];
		struct file *file = arena_alloc(a, sizeof(*file));

		if (!file)
			return err_nomem(e);
		if (media_is_foreign(layer->media_type))
			return err_say(e, EINVAL, "layer %zu is none that a registry may have (%s)", i + 1,
				       harmless(layer->media_type, shown));
		if (layer->bytes == 0)
			return err_say(e, EINVAL, "layer %zu has no bytes", i + 1);
		memcpy(file->hex, layer->hex, sizeof(file->hex));
		file->bytes = layer->bytes;
		p->layers[i] = (struct image_part){ .file = file, .media_type = layer->media_type, .elsewhere = true };
	}
	return 0;
}

/* Return: 0: it is described, or its config is wanted; -errno with @e filled */
static int take_image(struct describe *d, const struct manifest *m, const struct file *file, const char *media_type,
		      struct err *e)
{
	struct image_parts parts = { .label = LABEL, .manifest = file, .media_type = media_type };
	struct image *image;
	int r = take_layers(d, m, &parts, e);

	if (r == 0)
		r = find(d, m->config.hex, m->config.bytes, "its config", &parts.config, e);
	if (r == 0)
		return want(d, m->config.hex, m->config.bytes, true, e);
	if (r > 0)
		r = image_add(&d->import, &parts, &image, e);
	return r < 0 ? r : image_write_all(&d->import, e);
}

static int choose(const struct describe *d, const struct manifest *index, const struct descriptor **ret, struct err *e)
{
	char wanted[PLATFORM_MAX], shown[HARMLESS_MAX], list[CHOOSE_LIST_MAX];

	*ret = choose_manifest(index, d->platform);
	if (*ret)
		return 0;
	err_say(e, ENOENT, "it has nothing for %s", harmless(platform_text(d->platform, wanted), shown));
	return err_hint(e, "it is there for %s", choose_list(index, list));
}

/* What the registry says may be no media type of a manifest at all (text/plain): then the manifest's own word counts. */
static const char *known_type(const char *type)
{
	enum media_kind kind = media_kind(type);

	return kind == MEDIA_INDEX || kind == MEDIA_MANIFEST ? type : NULL;
}

static int walk(struct describe *d, const struct work_job *job, struct err *e)
{
	struct descriptor root = { .hex = job->blob_digest, .media_type = (char *)known_type(job->media_type) };
	const struct descriptor *at = &root;
	struct manifest m = { .is_index = true };
	const struct file *file;

	for (int depth = 0; m.is_index; depth++) {
		auto_free char *text = NULL;
		size_t len;

		if (depth == DEPTH_MAX)
			return err_say(e, EINVAL, "it is an index of indexes of indexes");
		int r = find(d, at->hex, at->bytes, "its manifest", &file, e);

		if (r == 0)
			return want(d, at->hex, at->bytes, false, e);
		if (r > 0)
			r = files_text(&d->import.files, file, "its manifest", &text, &len, e);
		if (r == 0)
			r = manifest_parse(text, len, "its manifest", at->media_type, &d->import.arena, &m, e);
		if (r == 0 && m.is_index)
			r = choose(d, &m, &at, e);
		if (r < 0)
			return r;
	}
	return take_image(d, &m, file, m.media_type && *m.media_type ? m.media_type : at->media_type, e);
}

int describe_image(const struct work_job *job, int folder, int work, struct work_done *ret, struct err *e)
{
	struct work_done done = { 0 };
	struct describe d = {
		.import.files = { .work = work, .folder = folder },
		.platform = &job->platform,
		.want = &done.want,
	};
	int r = walk(&d, job, e);

	files_close(&d.import.files);
	arena_free(&d.import.arena);
	if (r == 0)
		*ret = done;
	return r;
}
