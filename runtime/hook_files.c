// SPDX-License-Identifier: Apache-2.0
#include "runtime/hook_files.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "spec/decode.h"
#include "spec/names.h"

#define FILE_MAX_BYTES (1 << 20)
#define ENDING	       ".json"
#define VERSION	       "1.0.0"

struct when {
	struct opt_bool always, has_bind_mounts;
	struct spec_map annotations; /* patterns of keys and values */
	struct strv commands;
};

struct hook_file {
	char *version;
	struct spec_hook hook;
	struct when when;
	struct strv stages;
};

static const struct field hook_fields[] = {
	FIELD_STRING(struct spec_hook, path, "path", REQUIRED),
	FIELD_STRINGS(struct spec_hook, args, "args", OPTIONAL),
	FIELD_STRINGS(struct spec_hook, env, "env", OPTIONAL),
	{ FIELD_OF(struct spec_hook, timeout_s, "timeout", opt_i64, false), .min = 1, .max = INT64_MAX },
};

static const struct field when_fields[] = {
	FIELD_OPT_BOOL(struct when, always, "always"),
	FIELD_MAP(struct when, annotations, "annotations"),
	FIELD_STRINGS(struct when, commands, "commands", OPTIONAL),
	FIELD_OPT_BOOL(struct when, has_bind_mounts, "hasBindMounts"),
};

static const struct field fields[] = {
	FIELD_STRING(struct hook_file, version, "version", REQUIRED),
	FIELD_OBJECT(struct hook_file, hook, "hook", REQUIRED, hook_fields),
	FIELD_OBJECT(struct hook_file, when, "when", REQUIRED, when_fields),
	FIELD_STRINGS(struct hook_file, stages, "stages", REQUIRED),
};

int hook_add(struct spec *spec, enum spec_hook_kind kind, const struct spec_hook *hook, struct err *e)
{
	struct spec_hook_list *l = &spec->hooks[kind];
	struct spec_hook *v = arena_array(&spec->arena, l->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(e);
	if (l->n)
		memcpy(v, l->v, l->n * sizeof(*v));
	v[l->n] = *hook;
	*l = (struct spec_hook_list){ v, l->n + 1 };
	return 0;
}

/* Return: 1, 0, or -EINVAL with @e filled: it is no pattern */
static int matches(const char *pattern, const char *text, struct err *e)
{
	regex_t compiled;
	int r = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB);

	if (r != 0)
		return err_say(e, EINVAL, "when: \"%s\" is no regular expression", pattern);
	r = regexec(&compiled, text, 0, NULL, 0) == 0;
	regfree(&compiled);
	return r;
}

static int has_annotation(const struct spec_map *annotations, const struct spec_pair *pattern, struct err *e)
{
	int found = 0;

	for (size_t i = 0; i < annotations->n && found == 0; i++) {
		found = matches(pattern->key, annotations->v[i].key, e);
		if (found > 0)
			found = matches(pattern->value, annotations->v[i].value, e);
	}
	return found;
}

/* All conditions that are given must hold, and one must be given. Return: 1, 0, or -EINVAL with @e filled */
static int applies(const struct when *w, bool binds, const struct spec *spec, struct err *e)
{
	bool any = w->always.set || w->has_bind_mounts.set || w->annotations.n || w->commands.n;
	const char *command = spec->process.args.n ? spec->process.args.v[0] : "";
	int r = 1, found = w->commands.n == 0;

	if (!any || (w->always.set && !w->always.v) || (w->has_bind_mounts.set && w->has_bind_mounts.v != binds))
		return 0;
	for (size_t i = 0; i < w->annotations.n && r > 0; i++)
		r = has_annotation(&spec->annotations, &w->annotations.v[i], e);
	for (size_t i = 0; i < w->commands.n && r > 0 && found == 0; i++)
		found = matches(w->commands.v[i], command, e);
	return r > 0 ? found : r;
}

int hook_kind(const char *name, enum spec_hook_kind *ret, struct err *e)
{
	for (size_t k = 0; k < HOOK_COUNT; k++)
		if (streq(name, spec_hook_names[k])) {
			*ret = (enum spec_hook_kind)k;
			return 0;
		}
	return err_say(e, EINVAL, "there is no stage \"%s\"", name);
}

static int add_file(int dir, const char *name, bool binds, struct spec *spec, struct err *e)
{
	auto_free char *text = NULL;
	struct hook_file f = { 0 };
	size_t len;
	int r = file_read(dir, name, FILE_MAX_BYTES, &text, &len, e);

	if (r >= 0)
		r = decode_text(text, len, name, fields, ARRAY_SIZE(fields), &spec->arena, &f, e);
	if (r >= 0 && !streq(f.version, VERSION))
		r = err_say(e, EINVAL, "%s: version %s is not known, " VERSION " is", name, f.version);
	if (r >= 0 && *f.hook.path != '/')
		r = err_say(e, EINVAL, "%s: hook.path: %s is not absolute", name, f.hook.path);
	if (r >= 0)
		r = applies(&f.when, binds, spec, e);
	for (size_t i = 0, n = r > 0 ? f.stages.n : 0; i < n && r >= 0; i++) {
		enum spec_hook_kind kind = HOOK_COUNT;

		r = hook_kind(f.stages.v[i], &kind, e);
		if (r >= 0)
			r = hook_add(spec, kind, &f.hook, e);
	}
	return r < 0 ? r : 0;
}

static bool is_hook_file(const char *name)
{
	size_t n = strlen(name), end = strlen(ENDING);

	return n > end && streq(name + n - end, ENDING);
}

/* The last folder that has it counts. */
static int add_of_last(const int *dirs, size_t n, const struct strv *folders, const char *name, bool binds, struct spec *spec,
		       struct err *e)
{
	while (n-- > 0)
		if (faccessat(dirs[n], name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			int r = add_file(dirs[n], name, binds, spec, e);

			return r < 0 ? err_wrap(e, "%s", folders->v[n]) : 0;
		}
	return 0; /* gone meanwhile */
}

int hook_files_add(const struct strv *folders, bool binds, struct spec *spec, struct err *e)
{
	int *dirs = arena_array(&spec->arena, folders->n + 1, sizeof(*dirs));
	struct strv names = { 0 };
	size_t n = 0;
	int r = dirs ? 0 : err_nomem(e);

	for (; n < folders->n && r >= 0; n += r >= 0) {
		r = dirs[n] = path_open_dir(folders->v[n], O_RDONLY, e);
		if (r >= 0)
			r = file_names(dirs[n], &spec->arena, &names, e);
	}
	strv_sort(&names);
	for (size_t i = 0; i < names.n && r >= 0; i++)
		if (is_hook_file(names.v[i]) && (i == 0 || !streq(names.v[i], names.v[i - 1])))
			r = add_of_last(dirs, n, folders, names.v[i], binds, spec, e);
	while (n > 0)
		fd_close(&dirs[--n]);
	return r < 0 ? err_wrap(e, "--hooks-dir") : 0;
}
