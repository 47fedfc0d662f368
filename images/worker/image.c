// SPDX-License-Identifier: Apache-2.0
#include "images/worker/image.h"

#include <errno.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/images.h"
#include "images/worker/harmless.h"
#include "images/worker/manifest.h"
#include "images/worker/media.h"

#define IMAGES_MAX 1024

struct image *image_of_manifest(const struct import *i, const char *hex)
{
	for (size_t n = 0; n < i->images.n; n++)
		if (streq(i->images.v[n].manifest, hex))
			return &i->images.v[n];
	return NULL;
}

/* image-spec config.md, "Layer ChainID": of the lowest its diff id, of each other the digest of "BELOW DIFFID". */
static int chain_id(struct arena *a, const char *below, const char *diff_id, char **ret, struct err *e)
{
	char hex[DIGEST_HEX + 1];

	if (below) {
		char *both = arena_printf(a, "sha256:%s sha256:%s", below, diff_id);
		int r = both ? digest_of(both, strlen(both), hex, e) : err_nomem(e);

		if (r < 0)
			return r;
		diff_id = hex;
	}
	*ret = arena_strdup(a, diff_id);
	return *ret ? 0 : err_nomem(e);
}

static int fill_layer(struct import *i, const struct image_parts *p, size_t n, char *diff_id, const char *below,
		      struct image_layer *ret, struct err *e)
{
	const struct file *file = p->layers[n].file;
	int kind = p->layers[n].elsewhere ? COMPRESSION_DETECT : compression_of(file->magic, file->n_magic, e);

	if (kind < 0)
		return err_wrap(e, "layer %zu of image %s", n + 1, p->label);
	/* of a compressed one the unpacking will tell */
	if (kind == COMPRESSION_NONE && !streq(file->hex, diff_id))
		return err_say(e, EINVAL, "layer %zu of image %s does not match its diff id sha256:%s (found sha256:%s)",
			       n + 1, p->label, diff_id, file->hex);
	ret->blob = arena_strdup(&i->arena, file->hex);
	ret->media_type = arena_strdup(&i->arena, p->layers[n].media_type);
	if (!ret->blob || !ret->media_type)
		return err_nomem(e);
	ret->diff_id = diff_id;
	ret->folder = diff_id;
	ret->bytes = file->bytes;
	return chain_id(&i->arena, below, diff_id, &ret->chain_id, e);
}

static int fill_layers(struct import *i, const struct image_parts *p, const struct strv *diff_ids, struct image *image,
		       struct err *e)
{
	const char *below = NULL;

	if (diff_ids->n != p->n_layers)
		return err_say(e, EINVAL, "image %s has %zu layers, but %zu diff ids in its config", p->label, p->n_layers,
			       diff_ids->n);
	image->layers.n = p->n_layers;
	image->layers.v = arena_array(&i->arena, p->n_layers, sizeof(*image->layers.v));
	if (!image->layers.v)
		return err_nomem(e);
	for (size_t n = 0; n < p->n_layers; n++) {
		int r = fill_layer(i, p, n, diff_ids->v[n], below, &image->layers.v[n], e);

		if (r == 0 && !p->layers[n].elsewhere)
			r = files_keep(&i->files, p->layers[n].file, e);
		if (r < 0)
			return r;
		below = image->layers.v[n].chain_id;
		image->bytes += p->layers[n].file->bytes;
	}
	return 0;
}

static int fill(struct import *i, const struct image_parts *p, struct image *image, struct err *e)
{
	auto_free char *text = NULL;
	char what[HARMLESS_MAX + 32];
	struct strv diff_ids;
	size_t len;

	snprintf(what, sizeof(what), "config of image %s", p->label);
	int r = files_text(&i->files, p->config, what, &text, &len, e);

	if (r == 0)
		r = config_parse(text, len, what, &i->arena, image, &diff_ids, e);
	if (r == 0)
		r = fill_layers(i, p, &diff_ids, image, e);
	if (r == 0)
		r = files_keep(&i->files, p->manifest, e);
	if (r == 0)
		r = files_keep(&i->files, p->config, e);
	if (r < 0)
		return r;
	image->manifest = arena_strdup(&i->arena, p->manifest->hex);
	image->config = arena_strdup(&i->arena, p->config->hex);
	image->media_type = arena_strdup(&i->arena, p->media_type ? p->media_type : MEDIA_OCI_MANIFEST);
	image->bytes += p->manifest->bytes + p->config->bytes;
	return image->manifest && image->config && image->media_type ? 0 : err_nomem(e);
}

/* Room for one more; pointers to the images are good until the next one is added. */
static int make_room(struct import *i, struct err *e)
{
	if (i->images.n == IMAGES_MAX)
		return err_say(e, EINVAL, "it has more than %d images", IMAGES_MAX);
	if (i->images.n < i->room)
		return 0;
	size_t room = i->room ? i->room * 2 : 8;
	struct image *v = arena_array(&i->arena, room, sizeof(*v));

	if (!v)
		return err_nomem(e);
	if (i->images.n)
		memcpy(v, i->images.v, i->images.n * sizeof(*v));
	i->images.v = v;
	i->room = room;
	return 0;
}

int image_add(struct import *i, const struct image_parts *p, struct image **ret, struct err *e)
{
	struct image image = { 0 };

	*ret = image_of_manifest(i, p->manifest->hex);
	if (*ret)
		return 0;
	int r = make_room(i, e);

	if (r == 0)
		r = fill(i, p, &image, e);
	if (r < 0)
		return r;
	*ret = &i->images.v[i->images.n++];
	**ret = image;
	return 0;
}

int image_add_name(struct import *i, struct image *image, const char *name, struct err *e)
{
	char shown[HARMLESS_MAX], text[IMAGE_REF_MAX];
	struct image_ref ref;
	int r = image_ref_parse(name, &ref, e);

	if (r < 0) {
		err_say(e, EINVAL, "the archive names an image \"%s\"", harmless(name, shown));
		return err_hint(e, "that is no valid image name");
	}
	if (ref.digest[0])
		return 0;
	image_ref_text(&ref, false, text);
	for (size_t n = 0; n < image->names.n; n++)
		if (streq(image->names.v[n], text))
			return 0;
	return strv_add(&i->arena, &image->names, text) < 0 ? err_nomem(e) : 0;
}

static int write_list(const struct import *i, struct err *e)
{
	auto_free char *text = NULL;
	int r = encode_text(image_list_fields, n_image_list_fields, &i->images, &text, e);

	if (r < 0)
		return err_wrap(e, WORK_IMAGES_FILE);
	if (strlen(text) > WORK_IMAGES_MAX)
		return err_say(e, EFBIG, "the configs of its images are too large");
	return file_publish(i->files.work, WORK_IMAGES_FILE, text, strlen(text), 0600, 0, e);
}

int image_write_all(struct import *i, struct err *e)
{
	int r = files_sweep(&i->files, e);

	return r < 0 ? r : write_list(i, e);
}
