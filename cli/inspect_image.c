// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/inspect.h"
#include "spec/decode.h"

/* A set, as podman and docker write it: { "80/tcp": {} } */
struct member {
	char *key, *nothing;
};
static const struct field member_fields[] = { FIELD_STRING(struct member, nothing, "", OPTIONAL) };
struct set {
	struct member *v;
	size_t n;
};

static const struct field health_fields[] = {
	FIELD_STRINGS(struct image_health, test, "Test", OPTIONAL),
	FIELD_U63(struct image_health, interval_ns, "Interval", OPTIONAL),
	FIELD_U63(struct image_health, timeout_ns, "Timeout", OPTIONAL),
	FIELD_U63(struct image_health, start_period_ns, "StartPeriod", OPTIONAL),
	FIELD_U32(struct image_health, retries, "Retries", OPTIONAL),
};

struct config_view {
	struct image_defaults is;
	struct set ports, volumes;
};
static const struct field config_fields[] = {
	FIELD_STRING(struct config_view, is.user, "User", REQUIRED),
	{ FIELD_OF(struct config_view, ports, "ExposedPorts", keyed, true), .table = member_fields,
	  .n_table = ARRAY_SIZE(member_fields), .size = sizeof(struct member) },
	FIELD_STRINGS(struct config_view, is.env, "Env", REQUIRED),
	FIELD_STRINGS(struct config_view, is.entrypoint, "Entrypoint", REQUIRED),
	FIELD_STRINGS(struct config_view, is.cmd, "Cmd", REQUIRED),
	{ FIELD_OF(struct config_view, volumes, "Volumes", keyed, true), .table = member_fields,
	  .n_table = ARRAY_SIZE(member_fields), .size = sizeof(struct member) },
	FIELD_STRING(struct config_view, is.working_dir, "WorkingDir", REQUIRED),
	{ FIELD_OF(struct config_view, is.labels, "Labels", map, true) },
	FIELD_STRING(struct config_view, is.stop_signal, "StopSignal", REQUIRED),
	FIELD_OBJECT(struct config_view, is.health, "Healthcheck", OPTIONAL, health_fields),
};

struct rootfs_view {
	char *type;
	struct strv layers;
};
static const struct field rootfs_fields[] = {
	FIELD_STRING(struct rootfs_view, type, "Type", REQUIRED),
	FIELD_STRINGS(struct rootfs_view, layers, "Layers", REQUIRED),
};

static const struct field history_fields[] = {
	FIELD_STRING(struct image_history, created, "created", OPTIONAL),
	FIELD_STRING(struct image_history, created_by, "created_by", OPTIONAL),
	FIELD_STRING(struct image_history, comment, "comment", OPTIONAL),
	FIELD_BOOL(struct image_history, empty_layer, "empty_layer", OPTIONAL),
};

/* Where its layers lie. */
struct driver_view {
	char *name;
	struct strv folders; /* the topmost first */
};
static const struct field driver_fields[] = {
	FIELD_STRING(struct driver_view, name, "Name", REQUIRED),
	FIELD_STRINGS(struct driver_view, folders, "LowerDirs", REQUIRED),
};

struct view {
	char *id, *digest, *created, *author, *comment, *architecture, *os, *variant, *media_type;
	struct strv tags, digests;
	uint64_t bytes;
	bool readonly;
	struct config_view config;
	struct driver_view driver;
	struct rootfs_view rootfs;
	struct image_histories history;
};
static const struct field fields[] = {
	FIELD_STRING(struct view, id, "Id", REQUIRED),
	FIELD_STRING(struct view, digest, "Digest", REQUIRED),
	FIELD_STRINGS(struct view, tags, "RepoTags", REQUIRED),
	FIELD_STRINGS(struct view, digests, "RepoDigests", REQUIRED),
	FIELD_STRING(struct view, comment, "Comment", REQUIRED),
	FIELD_STRING(struct view, created, "Created", REQUIRED),
	FIELD_STRING(struct view, author, "Author", REQUIRED),
	FIELD_STRING(struct view, architecture, "Architecture", REQUIRED),
	FIELD_STRING(struct view, os, "Os", REQUIRED),
	FIELD_STRING(struct view, variant, "Variant", OPTIONAL),
	FIELD_U64(struct view, bytes, "Size", REQUIRED),
	FIELD_U64(struct view, bytes, "VirtualSize", REQUIRED),
	FIELD_BOOL(struct view, readonly, "ReadOnly", REQUIRED),
	FIELD_STRING(struct view, media_type, "ManifestType", REQUIRED),
	FIELD_STRING(struct view, config.is.user, "User", REQUIRED),
	{ FIELD_OF(struct view, config.is.labels, "Labels", map, true) },
	FIELD_OBJECT(struct view, config, "Config", REQUIRED, config_fields),
	FIELD_OBJECT(struct view, driver, "GraphDriver", REQUIRED, driver_fields),
	FIELD_OBJECT(struct view, rootfs, "RootFS", REQUIRED, rootfs_fields),
	FIELD_LIST(struct view, history, "History", REQUIRED, history_fields, struct image_history),
};

static char *text(char *s)
{
	return s ? s : (char *)"";
}

static int make_set(struct arena *a, const struct strv *keys, struct set *ret, struct err *e)
{
	*ret = (struct set){ .v = arena_array(a, keys->n, sizeof(*ret->v)), .n = keys->n };
	if (!ret->v)
		return err_nomem(e);
	for (size_t i = 0; i < keys->n; i++)
		ret->v[i].key = keys->v[i];
	return 0;
}

/* Names with a tag; and what each repository calls this very manifest. */
static int split_names(struct image *image, struct view *v, struct err *e)
{
	for (size_t i = 0; i < image->names.n; i++) {
		char *name = image->names.v[i];
		struct image_ref ref;
		int r = image_ref_parse(name, &ref, e);
		bool seen = false;

		if (r < 0)
			return r;
		char *pinned = arena_printf(&image->arena, "%s/%s@sha256:%s", ref.host, ref.name, image->manifest);

		if (!pinned || (ref.tag[0] && strv_push(&image->arena, &v->tags, name) < 0))
			return err_nomem(e);
		for (size_t k = 0; k < v->digests.n; k++)
			seen |= streq(v->digests.v[k], pinned);
		if (!seen && strv_push(&image->arena, &v->digests, pinned) < 0)
			return err_nomem(e);
	}
	return 0;
}

static int list_folders(const struct engine *g, struct image *image, struct strv *ret, struct err *e)
{
	struct strv folders = { 0 };
	int r = image_folders(image, &image->arena, &folders, e);

	for (size_t i = 0; i < folders.n && r == 0; i++) {
		char *path = arena_printf(&image->arena, "%s/images/layers/%s", image->peer ? image->peer->path : g->data_path,
					  folders.v[i]);

		if (!path || strv_push(&image->arena, ret, path) < 0)
			r = err_nomem(e);
	}
	return r;
}

int inspect_image(const struct engine *g, struct image *image, json_t **ret, struct err *e)
{
	struct arena *a = &image->arena;
	struct view v = { .rootfs.type = (char *)"layers", .driver.name = (char *)"overlay" };
	int r = image_names(&g->store, image, e);

	if (r == 0)
		r = split_names(image, &v, e);
	if (r == 0)
		r = list_folders(g, image, &v.driver.folders, e);
	if (r == 0)
		r = make_set(a, &image->defaults.exposed_ports, &v.config.ports, e);
	if (r == 0)
		r = make_set(a, &image->defaults.volumes, &v.config.volumes, e);
	if (r < 0)
		return r;
	v.id = image->config;
	v.digest = arena_printf(a, "sha256:%s", image->manifest);
	v.created = text(image->created);
	v.author = text(image->author);
	v.architecture = text(image->architecture);
	v.os = text(image->os);
	v.variant = image->variant;
	v.media_type = text(image->media_type);
	v.comment = text(image->history.n ? image->history.v[image->history.n - 1].comment : NULL);
	v.bytes = image->bytes;
	v.readonly = image->peer != NULL;
	v.config.is = image->defaults;
	v.config.is.user = text(v.config.is.user);
	v.config.is.working_dir = text(v.config.is.working_dir);
	v.config.is.stop_signal = text(v.config.is.stop_signal);
	v.history = image->history;
	for (size_t i = 0; i < image->layers.n; i++)
		if (strv_push(a, &v.rootfs.layers, arena_printf(a, "sha256:%s", image->layers.v[i].diff_id)) < 0)
			return err_nomem(e);
	return v.digest ? encode_object(fields, ARRAY_SIZE(fields), &v, ret, e) : err_nomem(e);
}
