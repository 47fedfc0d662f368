// SPDX-License-Identifier: Apache-2.0
#include "images/record.h"

#include <errno.h>

#include "base/fd.h"
#include "images/digest_text.h"
#include "images/images.h"

static const struct field layer_fields[] = {
	FIELD_STRING(struct image_layer, blob, "blob", REQUIRED),
	FIELD_STRING(struct image_layer, diff_id, "diffId", REQUIRED),
	FIELD_STRING(struct image_layer, chain_id, "chainId", REQUIRED),
	FIELD_STRING(struct image_layer, folder, "folder", OPTIONAL),
	FIELD_STRING(struct image_layer, media_type, "mediaType", OPTIONAL),
	FIELD_U64(struct image_layer, bytes, "bytes", REQUIRED),
};

static const struct field history_fields[] = {
	FIELD_STRING(struct image_history, created, "created", OPTIONAL),
	FIELD_STRING(struct image_history, created_by, "createdBy", OPTIONAL),
	FIELD_STRING(struct image_history, comment, "comment", OPTIONAL),
	FIELD_BOOL(struct image_history, empty_layer, "emptyLayer", OPTIONAL),
};

static const struct field health_fields[] = {
	FIELD_STRINGS(struct image_health, test, "test", OPTIONAL),
	FIELD_U64(struct image_health, interval_ns, "interval", OPTIONAL),
	FIELD_U64(struct image_health, timeout_ns, "timeout", OPTIONAL),
	FIELD_U64(struct image_health, start_period_ns, "startPeriod", OPTIONAL),
	FIELD_U32(struct image_health, retries, "retries", OPTIONAL),
};

static const struct field defaults_fields[] = {
	FIELD_STRING(struct image_defaults, user, "user", OPTIONAL),
	FIELD_STRING(struct image_defaults, working_dir, "workingDir", OPTIONAL),
	FIELD_STRING(struct image_defaults, stop_signal, "stopSignal", OPTIONAL),
	FIELD_STRINGS(struct image_defaults, env, "env", OPTIONAL),
	FIELD_STRINGS(struct image_defaults, entrypoint, "entrypoint", OPTIONAL),
	FIELD_STRINGS(struct image_defaults, cmd, "cmd", OPTIONAL),
	FIELD_STRINGS(struct image_defaults, volumes, "volumes", OPTIONAL),
	FIELD_STRINGS(struct image_defaults, exposed_ports, "exposedPorts", OPTIONAL),
	FIELD_MAP(struct image_defaults, labels, "labels"),
	FIELD_OBJECT(struct image_defaults, health, "health", OPTIONAL, health_fields),
};

const struct field image_fields[] = {
	/* those of record_head.c, first */
	FIELD_STRING(struct image, manifest, "manifest", REQUIRED),
	FIELD_STRING(struct image, config, "config", REQUIRED),
	FIELD_STRING(struct image, architecture, "architecture", OPTIONAL),
	FIELD_STRING(struct image, os, "os", OPTIONAL),
	FIELD_STRING(struct image, variant, "variant", OPTIONAL),
	FIELD_STRING(struct image, created, "created", OPTIONAL),
	FIELD_U64(struct image, bytes, "bytes", OPTIONAL),
	/* and the rest */
	FIELD_STRING(struct image, media_type, "mediaType", OPTIONAL),
	FIELD_STRING(struct image, author, "author", OPTIONAL),
	FIELD_STRINGS(struct image, names, "names", OPTIONAL),
	FIELD_OBJECT(struct image, defaults, "defaults", OPTIONAL, defaults_fields),
	FIELD_LIST(struct image, layers, "layers", REQUIRED, layer_fields, struct image_layer),
	FIELD_LIST(struct image, history, "history", OPTIONAL, history_fields, struct image_history),
};
const size_t n_image_fields = ARRAY_SIZE(image_fields);

const struct field image_list_fields[] = {
	{ FIELD_OF(struct image_list, v, "images", list, REQUIRED), .table = image_fields,
	  .n_table = ARRAY_SIZE(image_fields), .size = sizeof(struct image) },
};
const size_t n_image_list_fields = ARRAY_SIZE(image_list_fields);
static_assert(offsetof(struct image_list, v) == 0, "a list field begins with its pointer");

void image_free(struct image *i)
{
	arena_free(&i->arena);
	*i = (struct image){ 0 };
}

static bool is_folder(const struct image_layer *l)
{
	const char *chain = l->folder ? str_after(l->folder, IMAGE_CHAIN_PREFIX) : NULL;

	return !l->folder || streq(l->folder, l->diff_id) || (chain && streq(chain, l->chain_id));
}

static int check_layers(const struct image *i, struct err *e)
{
	if (i->layers.n == 0)
		return err_say(e, EINVAL, "the image has no layers");
	if (i->layers.n > IMAGE_LAYERS_MAX)
		return err_say(e, EINVAL, "the image has %zu layers; at most %d are supported", i->layers.n, IMAGE_LAYERS_MAX);
	for (size_t n = 0; n < i->layers.n; n++) {
		const struct image_layer *l = &i->layers.v[n];

		if (!digest_is_hex(l->blob) || !digest_is_hex(l->diff_id) || !digest_is_hex(l->chain_id))
			return err_say(e, EINVAL, "layer %zu: a digest is not 64 hexadecimal digits", n + 1);
		if (!is_folder(l))
			return err_say(e, EINVAL, "layer %zu: its folder is named after neither of its digests", n + 1);
	}
	return 0;
}

static int check_names(const struct image *i, struct err *e)
{
	for (size_t n = 0; n < i->names.n; n++) {
		struct image_ref ref;
		int r = image_ref_parse(i->names.v[n], &ref, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Only NAME=VALUE: a bare name would ask for a variable of the host (rule K10). */
static int check_env(const struct image *i, struct err *e)
{
	for (size_t n = 0; n < i->defaults.env.n; n++) {
		const char *eq = strchr(i->defaults.env.v[n], '=');

		if (!eq || eq == i->defaults.env.v[n])
			return err_say(e, EINVAL, "environment entry %zu is not NAME=VALUE", n + 1);
	}
	return 0;
}

int image_check(const struct image *i, struct err *e)
{
	if (!digest_is_hex(i->manifest) || !digest_is_hex(i->config))
		return err_say(e, EINVAL, "the digest of its manifest or config is not 64 hexadecimal digits");
	int r = check_layers(i, e);

	if (r == 0)
		r = check_names(i, e);
	if (r == 0)
		r = check_env(i, e);
	return r;
}

int image_decode(const char *text, size_t len, const char *what, struct image *ret, struct err *e)
{
	auto_image struct image i = { 0 };
	int r = decode_text(text, len, what, image_fields, n_image_fields, &i.arena, &i, e);

	if (r < 0)
		return r;
	r = image_check(&i, e);
	if (r < 0)
		return err_wrap(e, "%s", what);
	*ret = i;
	i = (struct image){ 0 };
	return 0;
}

int image_list_decode(const char *text, size_t len, const char *what, struct arena *arena, struct image_list *ret,
		      struct err *e)
{
	struct image_list list = { 0 };
	int r = decode_text(text, len, what, image_list_fields, n_image_list_fields, arena, &list, e);

	if (r < 0)
		return r;
	for (size_t n = 0; n < list.n; n++) {
		r = image_check(&list.v[n], e);
		if (r < 0)
			return err_wrap(e, "%s: image %zu", what, n + 1);
	}
	*ret = list;
	return 0;
}

int image_encode(const struct image *i, char **ret, struct err *e)
{
	struct image nameless = *i;

	nameless.names = (struct strv){ 0 };
	return encode_text(image_fields, n_image_fields, &nameless, ret, e);
}
