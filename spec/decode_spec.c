// SPDX-License-Identifier: Apache-2.0
/* decode_spec.c: the top of config.json: version, root, mounts, hooks; and the entry points of spec/spec.h. */
#include <errno.h>

#include "spec/names.h"
#include "spec/tables.h"

int field_text(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	if (json_is_string(v) && json_string_length(v) == 0)
		return 0;
	return field_string(d, f, v, ret);
}

int field_filled(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	int r = field_string(d, f, v, ret);

	if (r < 0)
		return r;
	return **(char **)ret ? 0 : decode_fail(d, "is empty");
}

int field_absolute(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	int r = field_string(d, f, v, ret);

	if (r < 0)
		return r;
	const char *path = *(char **)ret;

	return *path == '/' ? 0 : decode_fail(d, "\"%.64s\" is not an absolute path", path);
}

int field_letter(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	uint32_t i;
	int r = field_enum(d, f, v, &i);

	if (r == 0)
		*(char *)ret = *f->names[i];
	return r;
}

int put_letter(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	char word[] = { *(const char *)value, '\0' };
	int i = spec_name_index(f->names, f->n_table, word);

	return i < 0 ? 0 : put_enum(f, &(uint32_t){ (uint32_t)i }, ret, e);
}

/* Digits and then @after. Return: what follows, or NULL */
static const char *skip_number(const char *s, const char *after)
{
	size_t n = strspn(s, "0123456789");

	return n ? str_after(s + n, after) : NULL;
}

/* "1.MINOR.PATCH", then nothing, "-PRERELEASE" or "+BUILD" (semver.org 2.0) */
static int field_version(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	int r = field_string(d, f, v, ret);

	if (r < 0)
		return r;
	const char *s = str_after(*(char **)ret, "1.");

	s = s ? skip_number(s, ".") : NULL;
	s = s ? skip_number(s, "") : NULL;
	if (!s || (*s && *s != '-' && *s != '+'))
		return decode_fail(d, "\"%.64s\" is not a version 1.x.y of the runtime specification",
				   *(char **)ret);
	return 0;
}

static const struct field root_fields[] = {
	FIELD_RULE(struct spec_root, path, "path", filled, REQUIRED),
	FIELD_BOOL(struct spec_root, readonly, "readonly", OPTIONAL),
};

static const struct field mount_fields[] = {
	FIELD_RULE(struct spec_mount, destination, "destination", filled, REQUIRED),
	FIELD_TEXT(struct spec_mount, type, "type"),
	FIELD_TEXT(struct spec_mount, source, "source"),
	FIELD_STRINGS(struct spec_mount, options, "options", OPTIONAL),
	FIELD_LIST(struct spec_mount, uid_mappings, "uidMappings", OPTIONAL, spec_id_map_fields,
		   struct spec_id_map),
	FIELD_LIST(struct spec_mount, gid_mappings, "gidMappings", OPTIONAL, spec_id_map_fields,
		   struct spec_id_map),
};

static const struct field hook_fields[] = {
	FIELD_RULE(struct spec_hook, path, "path", absolute, REQUIRED),
	FIELD_STRINGS(struct spec_hook, args, "args", OPTIONAL),
	FIELD_STRINGS(struct spec_hook, env, "env", OPTIONAL),
	FIELD_RANGE(struct spec_hook, timeout_s, "timeout", opt_i64, OPTIONAL, 1, INT64_MAX),
};

struct hook_lists {
	struct spec_hook_list of[HOOK_COUNT];
};
#define HOOKS(kind, name) FIELD_LIST(struct hook_lists, of[kind], name, OPTIONAL, hook_fields, struct spec_hook)
static const struct field hooks_fields[] = {
	HOOKS(HOOK_PRESTART, "prestart"),
	HOOKS(HOOK_CREATE_RUNTIME, "createRuntime"),
	HOOKS(HOOK_CREATE_CONTAINER, "createContainer"),
	HOOKS(HOOK_START_CONTAINER, "startContainer"),
	HOOKS(HOOK_POSTSTART, "poststart"),
	HOOKS(HOOK_POSTSTOP, "poststop"),
};
static_assert(ARRAY_SIZE(hooks_fields) == HOOK_COUNT, "a row for each kind of hook");

const struct field spec_fields[] = {
	FIELD_RULE(struct spec, oci_version, "ociVersion", version, REQUIRED),
	FIELD_OBJECT(struct spec, root, "root", REQUIRED, root_fields),
	FIELD_OBJECT_GIVEN(struct spec, process, "process", given, spec_process_fields),
	FIELD_TEXT(struct spec, hostname, "hostname"),
	FIELD_TEXT(struct spec, domainname, "domainname"),
	FIELD_LIST(struct spec, mounts, "mounts", OPTIONAL, mount_fields, struct spec_mount),
	FIELD_OBJECT(struct spec, hooks, "hooks", OPTIONAL, hooks_fields),
	FIELD_MAP(struct spec, annotations, "annotations"),
	FIELD_OBJECT(struct spec, linux_, "linux", OPTIONAL, spec_linux_fields),
};

static int decode_limited(const char *text, size_t len, const char *what, const struct field *table, size_t n,
			  struct arena *arena, void *ret, struct err *e)
{
	if (len > SPEC_MAX_BYTES)
		return err_say(e, EFBIG, "%s: %zu bytes are more than the limit of %d", what, len,
			       SPEC_MAX_BYTES);
	return decode_text(text, len, what, table, n, arena, ret, e);
}

void spec_free(struct spec *s)
{
	arena_free(&s->arena);
	*s = (struct spec){ 0 };
}

int spec_decode(const char *text, size_t len, struct spec *ret, struct err *e)
{
	*ret = (struct spec){ 0 };
	int r = decode_limited(text, len, "config.json", TABLE(spec_fields), &ret->arena, ret, e);

	if (r < 0)
		spec_free(ret);
	return r;
}

int spec_decode_process(const char *text, size_t len, struct arena *arena, struct spec_process *ret,
			struct err *e)
{
	*ret = (struct spec_process){ .given = true };
	return decode_limited(text, len, "process", TABLE(spec_process_fields), arena, ret, e);
}

int spec_decode_resources(const char *text, size_t len, struct arena *arena, struct spec_resources *ret,
			  struct err *e)
{
	*ret = (struct spec_resources){ .given = true };
	return decode_limited(text, len, "resources", TABLE(spec_resources_fields), arena, ret, e);
}

int spec_decode_seccomp(const char *text, size_t len, struct arena *arena, struct spec_seccomp *ret,
			struct err *e)
{
	*ret = (struct spec_seccomp){ .given = true };
	return decode_limited(text, len, "seccomp profile", TABLE(spec_seccomp_fields), arena, ret, e);
}

int spec_encode(const struct spec *s, char **ret, struct err *e)
{
	return encode_text(TABLE(spec_fields), s, ret, e);
}
