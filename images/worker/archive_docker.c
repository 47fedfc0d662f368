// SPDX-License-Identifier: Apache-2.0
/*
 * archive_docker.c: what `docker save` writes: manifest.json names a config and the layers of each image, as
 * files of the archive. Layers are "ID/layer.tar", files or links to those of other images (docker before 25),
 * or any other name (skopeo, buildah); mostly plain tars. They have no manifest that a registry would know: one
 * is made here.
 */
#include <errno.h>

#include "base/fd.h"
#include "images/worker/archive.h"
#include "images/worker/harmless.h"
#include "images/worker/manifest.h"
#include "images/worker/media.h"
#include "spec/text.h"

static int find_part(struct import *i, const char *name, const char *what, const char *label, const struct file **ret,
		     struct err *e)
{
	char shown[HARMLESS_MAX];
	int r = files_find(&i->files, name, ret, e);

	if (r < 0)
		return err_wrap(e, "%s of image %s", what, label);
	if (r == 0)
		return err_say(e, ENOENT, "%s of image %s (%s) is not in the archive", what, label, harmless(name, shown));
	return 0;
}

static int find_parts(struct import *i, const struct docker_image *d, struct image_parts *p, struct err *e)
{
	char what[32];
	int r = find_part(i, d->config, "config", p->label, &p->config, e);

	if (r < 0)
		return r;
	if (d->layers.n > IMAGE_LAYERS_MAX)
		return err_say(e, EINVAL, "image %s has %zu layers; at most %d are supported", p->label, d->layers.n,
			       IMAGE_LAYERS_MAX);
	p->n_layers = d->layers.n;
	p->layers = arena_array(&i->arena, p->n_layers, sizeof(*p->layers));
	if (!p->layers)
		return err_nomem(e);
	for (size_t n = 0; n < p->n_layers; n++) {
		struct image_part *layer = &p->layers[n];

		snprintf(what, sizeof(what), "layer %zu", n + 1);
		r = find_part(i, d->layers.v[n], what, p->label, &layer->file, e);
		if (r < 0)
			return r;
		int kind = compression_of(layer->file->magic, layer->file->n_magic, e);

		if (kind < 0)
			return err_wrap(e, "%s of image %s", what, p->label);
		layer->media_type = media_of_layer(kind);
	}
	return 0;
}

static json_t *descriptor(const char *media_type, const struct file *file)
{
	json_t *digest = json_sprintf("sha256:%s", file->hex);

	return json_pack("{s:s, s:o, s:I}", "mediaType", media_type, "digest", digest, "size",
			 (json_int_t)file->bytes);
}

static json_t *build_manifest(const struct image_parts *p)
{
	json_t *layers = json_array();

	for (size_t n = 0; layers && n < p->n_layers; n++) {
		if (json_array_append_new(layers, descriptor(p->layers[n].media_type, p->layers[n].file)) == 0)
			continue;
		json_decref(layers);
		layers = NULL;
	}
	return json_pack("{s:i, s:s, s:o, s:o}", "schemaVersion", 2, "mediaType", MEDIA_OCI_MANIFEST, "config",
			 descriptor(MEDIA_OCI_CONFIG, p->config), "layers", layers);
}

static int write_manifest(struct import *i, const struct image_parts *p, struct file *ret, struct err *e)
{
	json_auto_t *manifest = build_manifest(p);
	auto_free char *text = NULL;
	int r = manifest ? json_to_text(manifest, &text, e) : err_nomem(e);

	return r < 0 ? r : files_add(&i->files, text, strlen(text), ret, e);
}

static int take_image(struct import *i, const struct docker_image *d, struct err *e)
{
	char label[HARMLESS_MAX];
	struct image_parts parts = { .label = label };
	struct file manifest;
	struct image *image;

	harmless(d->repo_tags.n ? d->repo_tags.v[0] : d->config, label);
	int r = find_parts(i, d, &parts, e);

	if (r == 0)
		r = write_manifest(i, &parts, &manifest, e);
	parts.manifest = &manifest;
	if (r == 0)
		r = image_add(i, &parts, &image, e);
	for (size_t n = 0; r == 0 && n < d->repo_tags.n; n++)
		r = image_add_name(i, image, d->repo_tags.v[n], e);
	return r;
}

int archive_docker(struct import *i, const struct file *manifest, struct err *e)
{
	auto_free char *text = NULL;
	struct docker_images images;
	size_t len;
	int r = files_text(&i->files, manifest, "manifest.json", &text, &len, e);

	if (r == 0)
		r = docker_manifest_parse(text, len, &i->arena, &images, e);
	for (size_t n = 0; r == 0 && n < images.n; n++)
		r = take_image(i, &images.v[n], e);
	return r;
}
