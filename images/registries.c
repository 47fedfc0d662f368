// SPDX-License-Identifier: Apache-2.0
#include "images/registries.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/file.h"

#define SETTINGS_MAX (1 << 20)
#define MIRRORS_MAX  7 /* each can be two endpoints, and so can the registry itself */
#define HUB	     "docker.io"
#define HUB_SERVER   "registry-1.docker.io"

struct mirror {
	char *host, *prefix;
	bool insecure, digest_only;
};

struct registry {
	char *host, *prefix; /* prefix: of repositories, in whole words between slashes; NULL: all of them */
	struct {
		struct mirror *v;
		size_t n;
	} mirrors;
	bool insecure, blocked;
};

/* One file, as it was written. */
struct settings {
	const char *path;
	struct strv search; /* v is NULL where the file has no list; an empty one is a list */
	struct spec_map aliases;
	struct {
		struct registry *v;
		size_t n;
	} registries;
};

struct registries {
	struct arena arena; /* owns everything below, and this */
	struct settings *files; /* those that are there, in the order in which they count */
	size_t n;
};
static_assert((MIRRORS_MAX + 1) * 2 <= ENDPOINTS_MAX, "room for all of them");

static const struct field mirror_fields[] = {
	FIELD_STRING(struct mirror, host, "host", REQUIRED),
	FIELD_STRING(struct mirror, prefix, "prefix", OPTIONAL),
	FIELD_BOOL(struct mirror, insecure, "insecure", OPTIONAL),
	FIELD_BOOL(struct mirror, digest_only, "digest_only", OPTIONAL),
};

static const struct field registry_fields[] = {
	FIELD_STRING(struct registry, host, "host", REQUIRED),
	FIELD_STRING(struct registry, prefix, "prefix", OPTIONAL),
	FIELD_LIST(struct registry, mirrors, "mirrors", OPTIONAL, mirror_fields, struct mirror),
	FIELD_BOOL(struct registry, insecure, "insecure", OPTIONAL),
	FIELD_BOOL(struct registry, blocked, "blocked", OPTIONAL),
};

static const struct field fields[] = {
	FIELD_STRINGS(struct settings, search, "search", OPTIONAL),
	FIELD_MAP(struct settings, aliases, "aliases"),
	FIELD_LIST(struct settings, registries, "registries", OPTIONAL, registry_fields, struct registry),
};

/* ---- what is written there, checked ---- */

/* A host stands in front of a name, so it is one that a name can have; a prefix is the beginning of such a name. */
static int check_place(const char *host, const char *prefix, struct err *e)
{
	char name[IMAGE_REF_MAX];
	struct image_ref ref;
	struct err why;

	snprintf(name, sizeof(name), "%s/%s", host, prefix && *prefix ? prefix : "x");
	if (strlen(host) >= sizeof(ref.host) || strchr(host, '/') || image_ref_parse(name, &ref, &why) < 0 ||
	    !streq(ref.host, host)) {
		err_say(e, EINVAL, "\"%.200s\"%s%.200s is no place of images", host, prefix ? " with the prefix " : "",
			prefix ? prefix : "");
		return err_hint(e, "a host is written as in a name: docker.io, registry.example, localhost:5000; a prefix is "
				   "words between slashes");
	}
	return 0;
}

static int check_registry(const struct registry *r, struct err *e)
{
	int bad = check_place(r->host, r->prefix, e);

	if (bad >= 0 && r->mirrors.n > MIRRORS_MAX)
		bad = err_say(e, EINVAL, "%s has %zu mirrors: %d is the most", r->host, r->mirrors.n, MIRRORS_MAX);
	for (size_t i = 0; i < r->mirrors.n && bad >= 0; i++)
		bad = check_place(r->mirrors.v[i].host, r->mirrors.v[i].prefix, e);
	return bad;
}

static int check_alias(const struct spec_pair *alias, struct err *e)
{
	struct image_ref from, to;
	struct err why;

	if (strpbrk(alias->key, ":@") || image_ref_parse(alias->key, &from, &why) < 0 || image_ref_names_host(alias->key, &from))
		return err_say(e, EINVAL, "aliases: \"%.200s\" is no short name: no host, no tag", alias->key);
	if (image_ref_parse(alias->value, &to, &why) < 0 || !image_ref_names_host(alias->value, &to) || to.digest[0] ||
	    strchr(strchr(alias->value, '/'), ':'))
		return err_say(e, EINVAL, "aliases.%.200s: \"%.200s\" is no name with a host and without a tag", alias->key,
			       alias->value);
	return 0;
}

static int check(const struct settings *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < s->search.n && r >= 0; i++)
		r = check_place(s->search.v[i], NULL, e);
	for (size_t i = 0; i < s->aliases.n && r >= 0; i++)
		r = check_alias(&s->aliases.v[i], e);
	for (size_t i = 0; i < s->registries.n && r >= 0; i++)
		r = check_registry(&s->registries.v[i], e);
	return r < 0 ? err_wrap(e, "%s", s->path) : 0;
}

/* Return: 1, 0 where there is no such file, or -errno with @e filled */
static int read_one(const char *path, struct arena *a, struct settings *ret, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* the administrator may have put a link there */
	size_t len;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	int r = file_read_fd(fd, path, SETTINGS_MAX, &text, &len, e);

	if (r >= 0)
		r = decode_strict(text, len, path, fields, ARRAY_SIZE(fields), a, ret, e);
	ret->path = arena_strdup(a, path);
	if (r >= 0 && !ret->path)
		r = err_nomem(e);
	if (r >= 0)
		r = check(ret, e);
	return r < 0 ? r : 1;
}

int registries_read(const char *const *files, size_t n, struct registries **ret, struct err *e)
{
	struct arena arena = { 0 };
	struct registries *all = arena_alloc(&arena, sizeof(*all));
	struct settings *list = arena_array(&arena, n + 1, sizeof(*list));
	size_t there = 0;
	int r = all && list ? 0 : err_nomem(e);

	for (size_t i = 0; i < n && r >= 0; i++) {
		r = read_one(files[i], &arena, &list[there], e);
		there += r > 0;
	}
	if (r < 0) {
		arena_free(&arena);
		return r;
	}
	*all = (struct registries){ .arena = arena, .files = list, .n = there };
	*ret = all;
	return 0;
}

void registries_free(struct registries *r)
{
	if (!r)
		return;
	struct arena arena = r->arena; /* it lies in there itself */

	arena_free(&arena);
}

/* ---- where an image can be had ---- */

/* What follows the prefix in a repository's name, without the slash; NULL: it does not begin with it. */
static const char *below(const char *repository, const char *prefix)
{
	if (!prefix || !*prefix)
		return repository;
	const char *rest = str_after(repository, prefix);

	return rest && (*rest == '/' || !*rest) ? rest + (*rest == '/') : NULL;
}

/* The first file that says something of a repository; in it, the entry with the longest prefix. */
static const struct registry *find_entry(const struct registries *r, const struct image_ref *ref, const char **ret_path)
{
	const struct registry *best = NULL;

	for (size_t f = 0; f < r->n && !best; f++) {
		const struct settings *s = &r->files[f];
		size_t longest = 0;

		*ret_path = s->path;
		for (size_t i = 0; i < s->registries.n; i++) {
			const struct registry *entry = &s->registries.v[i];
			size_t n = entry->prefix ? strlen(entry->prefix) : 0;

			if (!streq(entry->host, ref->host) || !below(ref->name, entry->prefix) || (best && n < longest))
				continue;
			best = entry;
			longest = n;
		}
	}
	return best;
}

struct endpoints {
	struct endpoint *v;
	int n;
};

/*
 * An insecure host is asked over TLS first, with whatever certificate it has, and without TLS if it does not speak it: a
 * host for tests has either.
 */
static void add_endpoints(struct endpoints *list, const char *host, const char *repository, bool insecure, bool mirror)
{
	static const char *const schemes[] = { "https", "http" };

	for (size_t i = 0; i < (insecure ? 2 : 1); i++) {
		struct endpoint *p = &list->v[list->n++];

		*p = (struct endpoint){ .any_certificate = insecure && i == 0, .mirror = mirror };
		snprintf(p->url, sizeof(p->url), "%s://%s", schemes[i], streq(host, HUB) ? HUB_SERVER : host);
		snprintf(p->host, sizeof(p->host), "%s", host);
		snprintf(p->repository, sizeof(p->repository), "%s", repository);
	}
}

/* A mirror with a prefix has it in place of the entry's own; one without keeps names as they are. */
static void add_mirror(struct endpoints *list, const struct registry *entry, const struct mirror *m, const char *repository)
{
	char there[sizeof(list->v->repository) * 2];
	const char *rest = below(repository, entry->prefix);

	if (m->prefix) {
		snprintf(there, sizeof(there), "%s%s%s", m->prefix, *m->prefix && *rest ? "/" : "", rest);
		repository = there;
	}
	if (strlen(repository) < sizeof(list->v->repository)) /* no registry has such a name */
		add_endpoints(list, m->host, repository, m->insecure, true);
}

int registries_endpoints(const struct registries *r, const struct image_ref *ref, bool push, bool by_digest,
			 bool plain_asked, struct endpoint ret[ENDPOINTS_MAX], struct err *e)
{
	const char *path = NULL;
	const struct registry *entry = find_entry(r, ref, &path);
	struct endpoints list = { .v = ret };

	if (entry && entry->blocked)
		return err_say(e, EPERM, "%s/%s: %s%s%s is blocked by %s", ref->host, ref->name, entry->host,
			       entry->prefix ? "/" : "", entry->prefix ? entry->prefix : "", path);
	for (size_t i = 0; entry && !push && i < entry->mirrors.n; i++)
		if (by_digest || !entry->mirrors.v[i].digest_only)
			add_mirror(&list, entry, &entry->mirrors.v[i], ref->name);
	add_endpoints(&list, ref->host, ref->name, plain_asked || (entry && entry->insecure), false);
	return list.n;
}

/* ---- what a short name may mean ---- */

static int add_candidate(const char *host, const char *name, struct arena *arena, struct strv *ret, struct err *e)
{
	char text[IMAGE_REF_MAX * 2];
	struct image_ref ref;

	snprintf(text, sizeof(text), "%s%s%s", host ? host : "", host ? "/" : "", name);
	int r = image_ref_parse(text, &ref, e);

	if (r < 0)
		return r;
	return strv_add(arena, ret, image_ref_text(&ref, false, text)) < 0 ? err_nomem(e) : 0;
}

static const char *find_alias(const struct registries *r, const char *name)
{
	const char *found = NULL;

	for (size_t f = 0; f < r->n && !found; f++)
		found = spec_map_get(&r->files[f].aliases, name);
	return found;
}

static const struct strv *find_search(const struct registries *r)
{
	static char *hub[] = { (char *)HUB };
	static const struct strv usual = { .v = hub, .n = 1 };

	for (size_t f = 0; f < r->n; f++)
		if (r->files[f].search.v)
			return &r->files[f].search;
	return &usual;
}

int registries_candidates(const struct registries *r, const char *name, struct arena *arena, struct strv *ret, struct err *e)
{
	struct image_ref ref;
	int bad = image_ref_parse(name, &ref, e);

	*ret = (struct strv){ 0 };
	if (bad < 0)
		return bad;
	if (image_ref_names_host(name, &ref)) {
		bad = add_candidate(NULL, name, arena, ret, e);
		return bad < 0 ? bad : 1;
	}
	size_t bare = strcspn(name, ":@"); /* a port would have made it a host */
	char *key = arena_strndup(arena, name, bare);
	const char *alias = key ? find_alias(r, key) : NULL;

	if (!key)
		return err_nomem(e);
	if (alias) {
		char *whole = arena_printf(arena, "%s%s", alias, name + bare);

		bad = whole ? add_candidate(NULL, whole, arena, ret, e) : err_nomem(e);
		return bad < 0 ? bad : 1;
	}
	const struct strv *search = find_search(r);

	for (size_t i = 0; i < search->n && bad >= 0; i++)
		bad = add_candidate(search->v[i], name, arena, ret, e);
	if (bad < 0)
		return bad;
	if (ret->n)
		return (int)ret->n;
	err_say(e, EINVAL, "%s is a short name, and the settings have no registry to look for it", name);
	return err_hint(e, "name the registry: docker.io/%s", name);
}
