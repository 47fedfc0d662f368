// SPDX-License-Identifier: Apache-2.0
/* registries_podman.c: podman's registries.conf, so that who has set it up need not do so again. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/registries_parts.h"
#include "spec/toml.h"

/* A LOCATION is HOST[/PREFIX]. */
struct podman_mirror {
	char *location, *pull;
	bool insecure;
};

struct podman_registry {
	char *prefix, *location;
	bool insecure, blocked, digest_only;
	struct {
		struct podman_mirror *v;
		size_t n;
	} mirrors;
};

struct podman_file {
	struct strv search;
	struct spec_map aliases;
	struct {
		struct podman_registry *v;
		size_t n;
	} registries;
};

static const struct field mirror_fields[] = {
	FIELD_STRING(struct podman_mirror, location, "location", REQUIRED),
	FIELD_STRING(struct podman_mirror, pull, "pull-from-mirror", OPTIONAL),
	FIELD_BOOL(struct podman_mirror, insecure, "insecure", OPTIONAL),
};

static const struct field registry_fields[] = {
	FIELD_STRING(struct podman_registry, prefix, "prefix", OPTIONAL),
	FIELD_STRING(struct podman_registry, location, "location", OPTIONAL),
	FIELD_BOOL(struct podman_registry, insecure, "insecure", OPTIONAL),
	FIELD_BOOL(struct podman_registry, blocked, "blocked", OPTIONAL),
	FIELD_BOOL(struct podman_registry, digest_only, "mirror-by-digest-only", OPTIONAL),
	FIELD_LIST(struct podman_registry, mirrors, "mirror", OPTIONAL, mirror_fields, struct podman_mirror),
};

static const struct field fields[] = {
	FIELD_STRINGS(struct podman_file, search, "unqualified-search-registries", OPTIONAL),
	FIELD_MAP(struct podman_file, aliases, "aliases"),
	FIELD_LIST(struct podman_file, registries, "registry", OPTIONAL, registry_fields, struct podman_registry),
};

static bool is_given(const char *text)
{
	return text && *text;
}

/* @prefix: "" where there is only a host */
static int split(const char *location, struct arena *a, char **host, char **prefix)
{
	size_t n = strcspn(location, "/");

	*host = arena_strndup(a, location, n);
	*prefix = arena_strdup(a, location + n + (location[n] == '/'));
	return *host && *prefix ? 0 : -ENOMEM;
}

static int take_mirror(const struct podman_registry *from, const struct podman_mirror *m, struct arena *a, struct mirror *ret)
{
	ret->insecure = m->insecure;
	ret->digest_only = from->digest_only || (m->pull && streq(m->pull, "digest-only"));
	ret->tag_only = m->pull && streq(m->pull, "tag-only");
	return split(m->location, a, &ret->host, &ret->prefix);
}

static int take_registry(const struct podman_registry *from, const char *path, struct arena *a, struct registry *ret, struct err *e)
{
	const char *name = is_given(from->prefix) ? from->prefix : from->location;

	if (!is_given(name))
		return err_say(e, EINVAL, "a registry has neither prefix nor location");
	*ret = (struct registry){ .insecure = from->insecure, .blocked = from->blocked, .path = path };
	ret->mirrors.n = from->mirrors.n;
	ret->mirrors.v = arena_array(a, from->mirrors.n + 1, sizeof(*ret->mirrors.v));
	int r = ret->mirrors.v ? split(name, a, &ret->host, &ret->prefix) : -ENOMEM;

	if (r >= 0 && !*ret->prefix)
		ret->prefix = NULL;
	for (size_t i = 0; i < from->mirrors.n && r >= 0; i++)
		r = take_mirror(from, &from->mirrors.v[i], a, &ret->mirrors.v[i]);
	if (r >= 0 && is_given(from->location) && !streq(from->location, name)) {
		ret->instead = arena_alloc(a, sizeof(*ret->instead));
		r = ret->instead ? split(from->location, a, &ret->instead->host, &ret->instead->prefix) : -ENOMEM;
	}
	return r < 0 ? err_nomem(e) : 0;
}

/* Later registries go before earlier ones of the same name. */
static int add_registries(const struct podman_file *f, const char *path, struct arena *a, struct settings *s, struct err *e)
{
	size_t n = s->registries.n;
	struct registry *v = arena_array(a, n + f->registries.n + 1, sizeof(*v));
	int r = v ? 0 : err_nomem(e);

	if (v && n)
		memcpy(v, s->registries.v, n * sizeof(*v));
	for (size_t i = 0; i < f->registries.n && r >= 0; i++)
		r = take_registry(&f->registries.v[i], path, a, &v[n + i], e);
	if (r < 0)
		return r;
	s->registries.v = v;
	s->registries.n = n + f->registries.n;
	return 0;
}

/* Later aliases go before earlier ones; an empty one takes away what was said. */
static int add_aliases(const struct podman_file *f, struct arena *a, struct settings *s, struct err *e)
{
	struct spec_pair *v = arena_array(a, f->aliases.n + s->aliases.n + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return err_nomem(e);
	for (size_t i = 0; i < f->aliases.n; i++)
		if (is_given(f->aliases.v[i].value))
			v[n++] = f->aliases.v[i];
	for (size_t i = 0; i < s->aliases.n; i++)
		if (!spec_map_get(&f->aliases, s->aliases.v[i].key))
			v[n++] = s->aliases.v[i];
	s->aliases = (struct spec_map){ .v = v, .n = n };
	return 0;
}

/* Return: 1, 0 where there is no such file, or -errno with @e filled */
static int add_file(const char *path, struct arena *a, struct settings *s, struct err *e)
{
	auto_free char *text = NULL;
	struct podman_file f = { 0 };
	struct decoder d = { .arena = a, .e = e };
	json_t *root = NULL;
	size_t len;
	int r = registries_file(path, &text, &len, e);

	if (r <= 0)
		return r;
	r = toml_read(text, len, &root, e);
	if (r >= 0)
		r = decode_object(&d, root, fields, ARRAY_SIZE(fields), &f);
	json_decref(root);
	s->path = arena_strdup(a, path);
	if (r >= 0 && !s->path)
		r = err_nomem(e);
	if (r >= 0)
		r = add_registries(&f, s->path, a, s, e);
	if (r >= 0)
		r = add_aliases(&f, a, s, e);
	if (r < 0)
		return err_wrap(e, "%s", path);
	if (f.search.v)
		s->search = f.search;
	return 1;
}

static int add_folder(const char *folder, struct arena *a, struct settings *s, struct err *e)
{
	auto_fd int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct strv names = { 0 };
	char path[PATH_MAX];

	if (dir < 0)
		return 0; /* none, or none of ours */
	int r = file_names(dir, a, &names, e), found = 0;

	strv_sort(&names);
	for (size_t i = 0; i < names.n && r >= 0; i++) {
		size_t n = strlen(names.v[i]);

		if (n <= 5 || !streq(names.v[i] + n - 5, ".conf"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, names.v[i]);
		r = add_file(path, a, s, e);
		found |= r > 0;
	}
	return r < 0 ? r : found;
}

int podman_registries_read(const struct registry_files *files, struct arena *a, struct settings *ret, struct err *e)
{
	int r = 0, found = 0;

	for (size_t i = 0; i < files->n_podman && r == 0; i++)
		r = add_file(files->podman[i], a, ret, e);
	found = r > 0;
	for (size_t i = 0; i < files->n_folders && r >= 0; i++) {
		r = add_folder(files->folders[i], a, ret, e);
		found |= r > 0;
	}
	return r < 0 ? r : found;
}
