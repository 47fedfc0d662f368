// SPDX-License-Identifier: Apache-2.0
#include "images/worker/derive.h"

#include <errno.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/worker/image.h"
#include "images/worker/media.h"
#include "spec/text.h"

#define LABEL "the new image"

struct derivation {
	const struct work_job *job;
	struct image image; /* as it shall be */
	struct import import;
	bool docker;
	struct file config, manifest;
	struct image_parts parts;
};

/* Set a key, or take it away where there is nothing to say. Return: 0, or -ENOMEM with @e filled */
static int set(json_t *object, const char *key, json_t *value, struct err *e)
{
	if (value)
		return json_object_set_new(object, key, value) < 0 ? err_nomem(e) : 0;
	(void)json_object_del(object, key); /* not there: fine */
	return 0;
}

static json_t *text(const char *s)
{
	return s && *s ? json_string(s) : NULL;
}

static json_t *list(const struct strv *words)
{
	json_t *array = words->n ? json_array() : NULL;

	for (size_t i = 0; array && i < words->n; i++)
		(void)json_array_append_new(array, json_string(words->v[i]));
	return array;
}

/* {"80/tcp": {}}: how configs write sets */
static json_t *keys(const struct strv *words)
{
	json_t *object = words->n ? json_object() : NULL;

	for (size_t i = 0; object && i < words->n; i++)
		(void)json_object_set_new(object, words->v[i], json_object());
	return object;
}

static json_t *map(const struct spec_map *m)
{
	json_t *object = m->n ? json_object() : NULL;

	for (size_t i = 0; object && i < m->n; i++)
		(void)json_object_set_new(object, m->v[i].key, json_string(m->v[i].value));
	return object;
}

static int set_defaults(json_t *config, const struct image_defaults *d, struct err *e)
{
	const struct {
		const char *key;
		json_t *value;
	} values[] = {
		{ "User", text(d->user) },	    { "WorkingDir", text(d->working_dir) },
		{ "StopSignal", text(d->stop_signal) }, { "Env", list(&d->env) },
		{ "Entrypoint", list(&d->entrypoint) }, { "Cmd", list(&d->cmd) },
		{ "Volumes", keys(&d->volumes) },   { "ExposedPorts", keys(&d->exposed_ports) },
		{ "Labels", map(&d->labels) },
	};
	json_t *own = json_object_get(config, "config");
	int r = 0;

	if (!json_is_object(own))
		r = set(config, "config", own = json_object(), e);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (r == 0)
			r = set(own, values[i].key, values[i].value, e);
		else
			json_decref(values[i].value);
	return r;
}

static json_t *history(const struct image_histories *h)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < h->n; i++) {
		json_t *entry = json_object();
		struct err ignored;

		(void)set(entry, "created", text(h->v[i].created), &ignored);
		(void)set(entry, "created_by", text(h->v[i].created_by), &ignored);
		(void)set(entry, "comment", text(h->v[i].comment), &ignored);
		(void)set(entry, "empty_layer", h->v[i].empty_layer ? json_true() : NULL, &ignored);
		(void)json_array_append_new(array, entry);
	}
	return array;
}

static json_t *rootfs(const struct image_layers *l)
{
	json_t *ids = json_array();

	for (size_t i = 0; ids && i < l->n; i++)
		(void)json_array_append_new(ids, json_sprintf("sha256:%s", l->v[i].diff_id));
	return json_pack("{s:s, s:o}", "type", "layers", "diff_ids", ids);
}

/* What the config of another image says of how that one was made. */
static void forget_origin(json_t *config)
{
	static const char *const stale[] = { "id", "parent", "container", "container_config", "docker_version" };

	for (size_t i = 0; i < ARRAY_SIZE(stale); i++)
		(void)json_object_del(config, stale[i]);
}

static int fill_config(json_t *config, const struct image *i, struct err *e)
{
	const struct {
		const char *key;
		json_t *value;
	} values[] = {
		{ "created", text(i->created) },	   { "author", text(i->author) },
		{ "architecture", text(i->architecture) }, { "os", text(i->os) },
		{ "variant", text(i->variant) },	   { "rootfs", rootfs(&i->layers) },
		{ "history", history(&i->history) },
	};
	int r = set_defaults(config, &i->defaults, e);

	forget_origin(config);
	for (size_t k = 0; k < ARRAY_SIZE(values); k++)
		if (r == 0)
			r = set(config, values[k].key, values[k].value, e);
		else
			json_decref(values[k].value);
	return r;
}

/* The config that we begin with. */
static int read_base(const struct derivation *d, json_t **ret, struct err *e)
{
	auto_free char *bytes = NULL;
	size_t len;

	if (!*d->job->blob_digest) {
		*ret = json_object();
		return *ret ? 0 : err_nomem(e);
	}
	int r = file_read(d->import.files.work, d->job->blob_digest, FILES_TEXT_MAX, &bytes, &len, e);

	if (r == 0)
		r = json_from_text(bytes, len, ret, e);
	if (r == 0 && !json_is_object(*ret))
		r = err_say(e, EINVAL, "the image's config is no object");
	return r;
}

static int add_json(struct derivation *d, json_t *value, struct file *ret, struct err *e)
{
	auto_free char *bytes = NULL;
	int r = json_to_text(value, &bytes, e);

	return r < 0 ? r : files_add(&d->import.files, bytes, strlen(bytes), ret, e);
}

static int write_config(struct derivation *d, struct err *e)
{
	json_auto_t *config = NULL;
	int r = read_base(d, &config, e);

	if (r == 0)
		r = fill_config(config, &d->image, e);
	return r == 0 ? add_json(d, config, &d->config, e) : r;
}

static json_t *descriptor(const char *type, const char *hex, uint64_t bytes)
{
	return json_pack("{s:s, s:o, s:I}", "mediaType", type, "digest", json_sprintf("sha256:%s", hex), "size",
			 (json_int_t)bytes);
}

/* Each kind of manifest names the same layer otherwise. */
static int add_layer(struct derivation *d, size_t n, json_t *array, struct err *e)
{
	const struct image_layer *l = &d->image.layers.v[n];
	struct file *file = arena_alloc(&d->import.arena, sizeof(*file));
	const char *type = media_as(l->media_type, d->docker);

	if (!file)
		return err_nomem(e);
	if (!type)
		return err_say(e, EINVAL, "layer %zu (%s) cannot be in an image of %s format", n + 1, l->media_type,
			       d->docker ? "docker's" : "this");
	memcpy(file->hex, l->blob, sizeof(file->hex));
	file->bytes = l->bytes;
	d->parts.layers[n] = (struct image_part){ .file = file, .media_type = type, .elsewhere = true };
	return json_array_append_new(array, descriptor(type, l->blob, l->bytes)) < 0 ? err_nomem(e) : 0;
}

static int write_manifest(struct derivation *d, struct err *e)
{
	json_auto_t *layers = json_array(), *manifest = NULL;
	const char *config_type = d->docker ? MEDIA_DOCKER_CONFIG : MEDIA_OCI_CONFIG;
	int r = layers ? 0 : err_nomem(e);

	d->parts.n_layers = d->image.layers.n;
	d->parts.layers = arena_array(&d->import.arena, d->parts.n_layers, sizeof(*d->parts.layers));
	if (!d->parts.layers)
		return err_nomem(e);
	for (size_t i = 0; r == 0 && i < d->image.layers.n; i++)
		r = add_layer(d, i, layers, e);
	if (r < 0)
		return r;
	manifest = json_pack("{s:i, s:s, s:o, s:O}", "schemaVersion", 2, "mediaType", d->job->media_type, "config",
			     descriptor(config_type, d->config.hex, d->config.bytes), "layers", layers);
	return manifest ? add_json(d, manifest, &d->manifest, e) : err_nomem(e);
}

static int read_words(struct derivation *d, int words, struct err *e)
{
	auto_free char *bytes = NULL;
	size_t len;
	int r = file_read_fd(words, "the new image's record", WORK_IMAGES_MAX, &bytes, &len, e);

	return r == 0 ? image_decode(bytes, len, "the new image's record", &d->image, e) : r;
}

/* By the same way as any image's from outside: what we write is read and checked. */
static int describe(struct derivation *d, struct err *e)
{
	struct image *image;

	d->parts.label = LABEL;
	d->parts.manifest = &d->manifest;
	d->parts.config = &d->config;
	d->parts.media_type = d->job->media_type;
	int r = image_add(&d->import, &d->parts, &image, e);

	return r == 0 ? image_write_all(&d->import, e) : r;
}

int derive_image(const struct work_job *job, int words, int work, struct work_done *ret, struct err *e)
{
	struct derivation d = {
		.job = job,
		.import.files = { .work = work, .folder = -1 },
		.docker = streq(job->media_type, MEDIA_DOCKER_MANIFEST),
	};
	int r = read_words(&d, words, e);

	if (r == 0)
		r = write_config(&d, e);
	if (r == 0)
		r = write_manifest(&d, e);
	if (r == 0)
		r = describe(&d, e);
	files_close(&d.import.files);
	arena_free(&d.import.arena);
	image_free(&d.image);
	if (r == 0)
		*ret = (struct work_done){ .bytes = d.config.bytes + d.manifest.bytes };
	return r;
}
