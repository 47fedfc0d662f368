// SPDX-License-Identifier: Apache-2.0
#include "runtime/cdi.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "spec/decode.h"

#define FILE_MAX_BYTES (4 << 20)

struct device {
	char *name;
	struct cdi_edits edits;
};
struct document {
	char *version, *kind;
	struct {
		struct device *v;
		size_t n;
	} devices;
	struct cdi_edits edits;
};

static const struct field node_fields[] = {
	FIELD_STRING(struct cdi_node, path, "path", REQUIRED),
	FIELD_STRING(struct cdi_node, host_path, "hostPath", OPTIONAL),
	FIELD_STRING(struct cdi_node, type, "type", OPTIONAL),
	FIELD_STRING(struct cdi_node, permissions, "permissions", OPTIONAL),
	FIELD_OPT_U32(struct cdi_node, file_mode, "fileMode"),
	FIELD_OPT_U32(struct cdi_node, uid, "uid"),
	FIELD_OPT_U32(struct cdi_node, gid, "gid"),
};

static const struct field mount_fields[] = {
	FIELD_STRING(struct cdi_mount, host_path, "hostPath", REQUIRED),
	FIELD_STRING(struct cdi_mount, container_path, "containerPath", REQUIRED),
	FIELD_STRING(struct cdi_mount, type, "type", OPTIONAL),
	FIELD_STRINGS(struct cdi_mount, options, "options", OPTIONAL),
};

static const struct field hook_fields[] = {
	FIELD_STRING(struct cdi_hook, name, "hookName", REQUIRED),
	FIELD_STRING(struct cdi_hook, hook.path, "path", REQUIRED),
	FIELD_STRINGS(struct cdi_hook, hook.args, "args", OPTIONAL),
	FIELD_STRINGS(struct cdi_hook, hook.env, "env", OPTIONAL),
	{ FIELD_OF(struct cdi_hook, hook.timeout_s, "timeout", opt_i64, false), .min = 1, .max = INT64_MAX },
};

static const struct field edits_fields[] = {
	FIELD_STRINGS(struct cdi_edits, env, "env", OPTIONAL),
	FIELD_LIST(struct cdi_edits, nodes, "deviceNodes", OPTIONAL, node_fields, struct cdi_node),
	FIELD_LIST(struct cdi_edits, mounts, "mounts", OPTIONAL, mount_fields, struct cdi_mount),
	FIELD_LIST(struct cdi_edits, hooks, "hooks", OPTIONAL, hook_fields, struct cdi_hook),
	FIELD_U32_LIST(struct cdi_edits, gids, "additionalGids", OPTIONAL),
};

static const struct field device_fields[] = {
	FIELD_STRING(struct device, name, "name", REQUIRED),
	FIELD_OBJECT(struct device, edits, "containerEdits", OPTIONAL, edits_fields),
};

static const struct field fields[] = {
	FIELD_STRING(struct document, version, "cdiVersion", REQUIRED),
	FIELD_STRING(struct document, kind, "kind", REQUIRED),
	FIELD_LIST(struct document, devices, "devices", REQUIRED, device_fields, struct device),
	FIELD_OBJECT(struct document, edits, "containerEdits", OPTIONAL, edits_fields),
};

bool cdi_is_name(const char *word)
{
	size_t n = strcspn(word, "/=");

	return n > 0 && isalpha((unsigned char)*word) && word[n] == '/' && strchr(word, '=') && !strchr(word, ':');
}

struct search {
	struct arena *arena;
	const char *kind, *name;
	size_t kind_len;
	const char *folder;
	struct cdi_edits *ret;
	bool found, yaml; /* one of them was seen, and not read */
};

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && streq(name + n - m, end);
}

static int look_into(int dir, const char *name, void *arg, struct err *e)
{
	struct search *s = arg;
	auto_free char *text = NULL;
	struct document d = { 0 };
	size_t len;

	s->yaml |= ends_with(name, ".yaml") || ends_with(name, ".yml");
	if (!ends_with(name, ".json"))
		return 0;
	int r = file_read(dir, name, FILE_MAX_BYTES, &text, &len, e);

	if (r >= 0)
		r = decode_text(text, len, name, fields, ARRAY_SIZE(fields), s->arena, &d, e);
	if (r < 0)
		return err_wrap(e, "%s", s->folder);
	if (strlen(d.kind) != s->kind_len || memcmp(d.kind, s->kind, s->kind_len) != 0)
		return 0;
	for (size_t i = 0; i < d.devices.n; i++) {
		if (!streq(d.devices.v[i].name, s->name))
			continue;
		s->found = true;
		s->ret[0] = d.edits;
		s->ret[1] = d.devices.v[i].edits;
	}
	return 0;
}

int cdi_find(const char *word, const char *const *folders, struct arena *a, struct cdi_edits ret[2], struct err *e)
{
	size_t kind_len = strcspn(word, "=");
	struct search s = { .arena = a, .kind = word, .kind_len = kind_len, .name = word + kind_len + 1, .ret = ret };

	for (; *folders; folders++) {
		s.folder = *folders;
		auto_fd int dir = path_open_dir(s.folder, O_RDONLY, e);
		int r = dir < 0 ? dir : file_each(dir, look_into, &s, e);

		if (r < 0 && r != -ENOENT)
			return r;
	}
	if (s.found)
		return 0;
	err_say(e, ENOENT, "no file in /etc/cdi or /run/cdi knows this device");
	return s.yaml ? err_hint(e, "files in YAML are not read: write it as JSON (`nvidia-ctk cdi generate --format json`)") : -ENOENT;
}
