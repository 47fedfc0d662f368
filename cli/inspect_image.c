// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/inspect.h"
#include "spec/decode.h"

static const struct field config_fields[] = {
	FIELD_STRING(struct image_defaults, user, "User", REQUIRED),
	FIELD_STRINGS(struct image_defaults, env, "Env", REQUIRED),
	FIELD_STRINGS(struct image_defaults, entrypoint, "Entrypoint", REQUIRED),
	FIELD_STRINGS(struct image_defaults, cmd, "Cmd", REQUIRED),
	FIELD_STRING(struct image_defaults, working_dir, "WorkingDir", REQUIRED),
	FIELD_STRINGS(struct image_defaults, exposed_ports, "ExposedPorts", REQUIRED),
	FIELD_STRINGS(struct image_defaults, volumes, "Volumes", REQUIRED),
	FIELD_STRING(struct image_defaults, stop_signal, "StopSignal", REQUIRED),
	{ FIELD_OF(struct image_defaults, labels, "Labels", map, true) },
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
	FIELD_STRING(struct image_history, created, "Created", OPTIONAL),
	FIELD_STRING(struct image_history, created_by, "CreatedBy", OPTIONAL),
	FIELD_STRING(struct image_history, comment, "Comment", OPTIONAL),
	FIELD_BOOL(struct image_history, empty_layer, "EmptyLayer", OPTIONAL),
};

struct view {
	char *id, *digest, *created, *author, *architecture, *os;
	struct strv tags;
	uint64_t bytes;
	struct image_defaults config;
	struct rootfs_view rootfs;
	struct image_histories history;
};
static const struct field fields[] = {
	FIELD_STRING(struct view, id, "Id", REQUIRED),
	FIELD_STRING(struct view, digest, "Digest", REQUIRED),
	FIELD_STRINGS(struct view, tags, "RepoTags", REQUIRED),
	FIELD_STRING(struct view, created, "Created", REQUIRED),
	FIELD_STRING(struct view, author, "Author", REQUIRED),
	FIELD_STRING(struct view, architecture, "Architecture", REQUIRED),
	FIELD_STRING(struct view, os, "Os", REQUIRED),
	FIELD_U64(struct view, bytes, "Size", REQUIRED),
	FIELD_OBJECT(struct view, config, "Config", REQUIRED, config_fields),
	FIELD_OBJECT(struct view, rootfs, "RootFS", REQUIRED, rootfs_fields),
	FIELD_LIST(struct view, history, "History", REQUIRED, history_fields, struct image_history),
};

static char *text(char *s)
{
	return s ? s : (char *)"";
}

int inspect_image(const struct engine *g, struct image *image, json_t **ret, struct err *e)
{
	struct arena *a = &image->arena;
	struct view v = { .rootfs.type = (char *)"layers" };
	int r = image_names(&g->store, image, e);

	if (r < 0)
		return r;
	v.id = image->config;
	v.digest = arena_printf(a, "sha256:%s", image->manifest);
	v.tags = image->names;
	v.created = text(image->created);
	v.author = text(image->author);
	v.architecture = text(image->architecture);
	v.os = text(image->os);
	v.bytes = image->bytes;
	v.config = image->defaults;
	v.config.user = text(v.config.user);
	v.config.working_dir = text(v.config.working_dir);
	v.config.stop_signal = text(v.config.stop_signal);
	v.history = image->history;
	for (size_t i = 0; i < image->layers.n; i++)
		if (strv_push(a, &v.rootfs.layers, arena_printf(a, "sha256:%s", image->layers.v[i].diff_id)) < 0)
			return err_nomem(e);
	return v.digest ? encode_object(fields, ARRAY_SIZE(fields), &v, ret, e) : err_nomem(e);
}
