// SPDX-License-Identifier: Apache-2.0
#include "images/worker/manifest.h"

#include <errno.h>

#include "images/worker/digest.h"
#include "images/worker/harmless.h"
#include "images/worker/media.h"
#include "spec/text.h"

#define SCHEMA_VERSION 2
#define OLD_SCHEMA     1

static const struct field platform_fields[] = {
	FIELD_STRING(struct platform, os, "os", REQUIRED),
	FIELD_STRING(struct platform, architecture, "architecture", REQUIRED),
	FIELD_STRING(struct platform, variant, "variant", OPTIONAL),
};

static const struct field descriptor_fields[] = {
	FIELD_STRING(struct descriptor, media_type, "mediaType", REQUIRED),
	FIELD_STRING(struct descriptor, digest, "digest", REQUIRED),
	{ FIELD_OF(struct descriptor, bytes, "size", u64, REQUIRED), .max = INT64_MAX },
	FIELD_MAP(struct descriptor, annotations, "annotations"),
	FIELD_OBJECT_GIVEN(struct descriptor, platform, "platform", given, platform_fields),
};

static const struct field manifest_fields[] = {
	FIELD_U32(struct manifest, schema_version, "schemaVersion", REQUIRED),
	FIELD_STRING(struct manifest, media_type, "mediaType", OPTIONAL),
	FIELD_STRING(struct manifest, artifact_type, "artifactType", OPTIONAL),
	FIELD_OBJECT_GIVEN(struct manifest, config, "config", given, descriptor_fields),
	FIELD_LIST(struct manifest, layers, "layers", OPTIONAL, descriptor_fields, struct descriptor),
	FIELD_LIST(struct manifest, manifests, "manifests", OPTIONAL, descriptor_fields, struct descriptor),
};

static const struct field history_fields[] = {
	FIELD_STRING(struct image_history, created, "created", OPTIONAL),
	FIELD_STRING(struct image_history, created_by, "created_by", OPTIONAL),
	FIELD_STRING(struct image_history, comment, "comment", OPTIONAL),
	FIELD_BOOL(struct image_history, empty_layer, "empty_layer", OPTIONAL),
};

/* "Volumes" and "ExposedPorts": objects whose keys alone mean something. */
static int field_keys(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct strv *list = ret;
	const char *key;
	json_t *value;

	(void)f;
	if (!json_is_object(v))
		return decode_fail(d, "expected an object");
	json_object_foreach(v, key, value)
		if (strv_add(d->arena, list, key) < 0)
			return err_nomem(d->e);
	return 0;
}

static const struct field health_fields[] = {
	FIELD_STRINGS(struct image_health, test, "Test", OPTIONAL),
	FIELD_U64(struct image_health, interval_ns, "Interval", OPTIONAL),
	FIELD_U64(struct image_health, timeout_ns, "Timeout", OPTIONAL),
	FIELD_U64(struct image_health, start_period_ns, "StartPeriod", OPTIONAL),
	FIELD_U32(struct image_health, retries, "Retries", OPTIONAL),
};

static const struct field defaults_fields[] = {
	FIELD_STRING(struct image_defaults, user, "User", OPTIONAL),
	FIELD_STRING(struct image_defaults, working_dir, "WorkingDir", OPTIONAL),
	FIELD_STRING(struct image_defaults, stop_signal, "StopSignal", OPTIONAL),
	FIELD_STRINGS(struct image_defaults, env, "Env", OPTIONAL),
	FIELD_STRINGS(struct image_defaults, entrypoint, "Entrypoint", OPTIONAL),
	FIELD_STRINGS(struct image_defaults, cmd, "Cmd", OPTIONAL),
	FIELD_MAP(struct image_defaults, labels, "Labels"),
	FIELD_OBJECT(struct image_defaults, health, "Healthcheck", OPTIONAL, health_fields),
	{ .key = "Volumes", .offset = offsetof(struct image_defaults, volumes), .decode = field_keys },
	{ .key = "ExposedPorts", .offset = offsetof(struct image_defaults, exposed_ports), .decode = field_keys },
};

struct rootfs {
	char *type;
	struct strv diff_ids;
};
static const struct field rootfs_fields[] = {
	FIELD_STRING(struct rootfs, type, "type", REQUIRED),
	FIELD_STRINGS(struct rootfs, diff_ids, "diff_ids", REQUIRED),
};

struct config {
	struct image image;
	struct rootfs rootfs;
};
static const struct field config_fields[] = {
	FIELD_STRING(struct config, image.architecture, "architecture", OPTIONAL),
	FIELD_STRING(struct config, image.os, "os", OPTIONAL),
	FIELD_STRING(struct config, image.variant, "variant", OPTIONAL),
	FIELD_STRING(struct config, image.created, "created", OPTIONAL),
	FIELD_STRING(struct config, image.author, "author", OPTIONAL),
	FIELD_OBJECT(struct config, image.defaults, "config", OPTIONAL, defaults_fields),
	FIELD_LIST(struct config, image.history, "history", OPTIONAL, history_fields, struct image_history),
	FIELD_OBJECT(struct config, rootfs, "rootfs", REQUIRED, rootfs_fields),
};

static const struct field docker_fields[] = {
	FIELD_STRING(struct docker_image, config, "Config", REQUIRED),
	FIELD_STRINGS(struct docker_image, repo_tags, "RepoTags", OPTIONAL),
	FIELD_STRINGS(struct docker_image, layers, "Layers", REQUIRED),
};

const char *descriptor_annotation(const struct descriptor *d, const char *key)
{
	for (size_t i = 0; i < d->annotations.n; i++)
		if (streq(d->annotations.v[i].key, key))
			return d->annotations.v[i].value;
	return NULL;
}

static int check_descriptor(struct descriptor *d, const char *what, struct err *e)
{
	d->hex = digest_hex(d->digest, what, e);
	return d->hex ? 0 : -EINVAL;
}

static int check_type(const char *type, enum media_kind kind, const char *what, struct err *e)
{
	char shown[HARMLESS_MAX];

	if (media_kind(type) == kind)
		return 0;
	return err_say(e, EINVAL, "%s has the media type \"%s\", which is not supported here", what,
		       harmless(type, shown));
}

static int check_index(struct manifest *m, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->manifests.n; i++)
		r = check_descriptor(&m->manifests.v[i], "a manifest", e);
	return r;
}

static int check_image(struct manifest *m, struct err *e)
{
	if (!m->config.given)
		return err_say(e, EINVAL, "it has no config");
	if (media_kind(m->config.media_type) != MEDIA_CONFIG) {
		char shown[HARMLESS_MAX];

		return err_say(e, EINVAL, "it is no image, but an artifact: %s",
			       harmless(m->artifact_type ? m->artifact_type : m->config.media_type, shown));
	}
	int r = check_descriptor(&m->config, "its config", e);

	if (r == 0 && m->layers.n > IMAGE_LAYERS_MAX)
		r = err_say(e, EINVAL, "it has %zu layers; at most %d are supported", m->layers.n, IMAGE_LAYERS_MAX);
	for (size_t i = 0; r == 0 && i < m->layers.n; i++) {
		r = check_type(m->layers.v[i].media_type, MEDIA_LAYER, "a layer", e);
		if (r == 0)
			r = check_descriptor(&m->layers.v[i], "a layer", e);
	}
	return r;
}

static int check_manifest(struct manifest *m, const char *media_type, struct err *e)
{
	const char *own = m->media_type && *m->media_type ? m->media_type : media_type;
	int r = 0;

	if (m->schema_version != SCHEMA_VERSION)
		return err_say(e, EINVAL, "schemaVersion is %u; only %d is supported", m->schema_version, SCHEMA_VERSION);
	if (own && media_type && !streq(own, media_type))
		return err_say(e, EINVAL, "its media type is not the one that led to it");
	if (own)
		r = check_type(own, m->is_index ? MEDIA_INDEX : MEDIA_MANIFEST, "it", e);
	if (r < 0)
		return r;
	return m->is_index ? check_index(m, e) : check_image(m, e);
}

static int decode_manifest(json_t *value, const char *media_type, struct arena *a, struct manifest *ret, struct err *e)
{
	struct decoder d = { .arena = a, .e = e };
	bool image = json_object_get(value, "layers") || json_object_get(value, "config");
	bool index = json_object_get(value, "manifests") != NULL;

	if (json_integer_value(json_object_get(value, "schemaVersion")) == OLD_SCHEMA) {
		err_say(e, EINVAL, "its manifest is of docker's schema 1, which is not supported");
		return err_hint(e, "push it again with a docker or podman of this decade");
	}
	if (json_is_object(value) && image == index)
		return err_say(e, EINVAL, image ? "it has both layers and manifests" : "it has neither layers nor manifests");
	*ret = (struct manifest){ .is_index = index };
	int r = decode_object(&d, value, manifest_fields, ARRAY_SIZE(manifest_fields), ret);

	return r < 0 ? r : check_manifest(ret, media_type, e);
}

int manifest_parse(const char *text, size_t len, const char *what, const char *media_type, struct arena *a,
		   struct manifest *ret, struct err *e)
{
	json_auto_t *value = NULL;
	int r = json_from_text(text, len, &value, e);

	if (r == 0)
		r = decode_manifest(value, media_type, a, ret, e);
	return r < 0 ? err_wrap(e, "%s", what) : 0;
}

static void keep_assignments(struct strv *env)
{
	size_t n = 0;

	for (size_t i = 0; i < env->n; i++) {
		const char *eq = strchr(env->v[i], '=');

		if (eq && eq != env->v[i])
			env->v[n++] = env->v[i];
	}
	if (env->v)
		env->v[n] = NULL;
	env->n = n;
}

static int check_config(struct config *c, struct err *e)
{
	if (!streq(c->rootfs.type, "layers"))
		return err_say(e, EINVAL, "rootfs.type is not \"layers\"");
	for (size_t i = 0; i < c->rootfs.diff_ids.n; i++) {
		const char *hex = digest_hex(c->rootfs.diff_ids.v[i], "a layer", e);

		if (!hex)
			return -EINVAL;
		c->rootfs.diff_ids.v[i] += hex - c->rootfs.diff_ids.v[i];
	}
	keep_assignments(&c->image.defaults.env);
	return 0;
}

int config_parse(const char *text, size_t len, const char *what, struct arena *a, struct image *ret,
		 struct strv *ret_diff_ids, struct err *e)
{
	struct config c = { 0 };
	int r = decode_text(text, len, what, config_fields, ARRAY_SIZE(config_fields), a, &c, e);

	if (r < 0)
		return r;
	if (check_config(&c, e) < 0)
		return err_wrap(e, "%s", what);
	*ret = c.image;
	*ret_diff_ids = c.rootfs.diff_ids;
	return 0;
}

int docker_manifest_parse(const char *text, size_t len, struct arena *a, struct docker_images *ret, struct err *e)
{
	static const struct field list = {
		.table = docker_fields, .n_table = ARRAY_SIZE(docker_fields), .size = sizeof(struct docker_image)
	};
	struct decoder d = { .arena = a, .e = e };
	json_auto_t *value = NULL;
	int r = json_from_text(text, len, &value, e);

	if (r == 0)
		r = field_list(&d, &list, value, ret);
	if (r == 0 && ret->n == 0)
		r = err_say(e, EINVAL, "there is no image in it");
	return r < 0 ? err_wrap(e, "manifest.json") : 0;
}
