// SPDX-License-Identifier: Apache-2.0
#include "images/registries.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/registries_parts.h"

#define HUB	   "docker.io"
#define HUB_SERVER "registry-1.docker.io"

struct registries {
	struct arena arena; /* owns everything below, and this */
	struct settings *files; /* those that are there, in the order in which they count */
	size_t n, n_own;	/* ours, before podman's */
};
static_assert((REGISTRY_MIRRORS_MAX + 1) * 2 <= ENDPOINTS_MAX, "room for all of them");

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
	const char *plain = str_after(host, REGISTRY_ANY_BELOW);
	char name[IMAGE_REF_MAX];
	struct image_ref ref;
	struct err why;

	host = plain ? plain : host;
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

	if (bad >= 0 && r->mirrors.n > REGISTRY_MIRRORS_MAX)
		bad = err_say(e, EINVAL, "%s has %zu mirrors: %d is the most", r->host, r->mirrors.n, REGISTRY_MIRRORS_MAX);
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

int registries_file(const char *path, char **ret, size_t *ret_len, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* the administrator may have put a link there */

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	int r = file_read_fd(fd, path, REGISTRY_SETTINGS_MAX, ret, ret_len, e);

	return r < 0 ? r : 1;
}

/* Return: 1, 0 where there is no such file, or -errno with @e filled */
static int read_one(const char *path, struct arena *a, struct settings *ret, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = registries_file(path, &text, &len, e);

	if (r <= 0)
		return r;
	r = decode_strict(text, len, path, fields, ARRAY_SIZE(fields), a, ret, e);
	ret->path = arena_strdup(a, path);
	return r >= 0 && !ret->path ? err_nomem(e) : r < 0 ? r : 1;
}

int registries_read(const struct registry_files *files, struct registries **ret, struct err *e)
{
	struct arena arena = { 0 };
	struct registries *all = arena_alloc(&arena, sizeof(*all));
	struct settings *list = arena_array(&arena, files->n_own + 1, sizeof(*list));
	size_t n = 0, n_own = 0;
	int r = all && list ? 0 : err_nomem(e);

	for (size_t i = 0; i <= files->n_own && r >= 0; i++) {
		bool own = i < files->n_own;

		r = own ? read_one(files->own[i], &arena, &list[n], e) : podman_registries_read(files, &arena, &list[n], e);
		if (r > 0 && check(&list[n], e) < 0)
			r = -EINVAL;
		n += r > 0;
		n_own += r > 0 && own;
	}
	if (r < 0) {
		arena_free(&arena);
		return r;
	}
	*all = (struct registries){ .arena = arena, .files = list, .n = n, .n_own = n_own };
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
static bool is_host(const char *entry, const char *host)
{
	const char *any = str_after(entry, REGISTRY_ANY_BELOW);
	size_t n = strlen(host), end = any ? strlen(any) : 0;

	return any ? n > end + 1 && host[n - end - 1] == '.' && streq(host + n - end, any) : streq(entry, host);
}

static const struct registry *find_entry(const struct registries *r, const struct image_ref *ref, const char **ret_path)
{
	const struct registry *best = NULL;

	for (size_t f = 0; f < r->n && !best; f++) {
		const struct settings *s = &r->files[f];
		size_t longest = 0;

		for (size_t i = 0; i < s->registries.n; i++) {
			const struct registry *entry = &s->registries.v[i];
			bool any = str_after(entry->host, REGISTRY_ANY_BELOW);
			size_t n = strlen(entry->host) + (entry->prefix ? strlen(entry->prefix) : 0) + (any ? 0 : 2);

			if (!is_host(entry->host, ref->host) || !below(ref->name, entry->prefix) || (best && n < longest))
				continue;
			best = entry;
			longest = n;
			*ret_path = entry->path ? entry->path : s->path;
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
static void add_mirror(struct endpoints *list, const struct registry *entry, const struct mirror *m, const char *repository,
		       bool insecure)
{
	char there[sizeof(list->v->repository) * 2];
	const char *rest = below(repository, entry->prefix);

	if (m->prefix) {
		snprintf(there, sizeof(there), "%s%s%s", m->prefix, *m->prefix && *rest ? "/" : "", rest);
		repository = there;
	}
	if (strlen(repository) < sizeof(list->v->repository)) /* no registry has such a name */
		add_endpoints(list, m->host, repository, insecure, m != entry->instead);
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
	for (size_t i = 0; entry && !push && i < entry->mirrors.n; i++) {
		const struct mirror *m = &entry->mirrors.v[i];

		if (by_digest ? !m->tag_only : !m->digest_only)
			add_mirror(&list, entry, m, ref->name, m->insecure);
	}
	if (entry && entry->instead)
		add_mirror(&list, entry, entry->instead, ref->name, plain_asked || entry->insecure);
	else
		add_endpoints(&list, ref->host, ref->name, plain_asked || (entry && entry->insecure), false);
	if (list.n)
		return list.n;
	return err_say(e, EINVAL, "%s/%s: %s leads to a name that is too long", ref->host, ref->name, path);
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

struct meaning {
	const char *alias;	   /* or NULL: */
	const struct strv *search; /* or NULL: nothing is said of it */
};

static struct meaning find_meaning(const struct registries *r, size_t first, size_t end, const char *name)
{
	struct meaning m = { 0 };

	for (size_t f = first; f < end && !m.alias; f++)
		m.alias = spec_map_get(&r->files[f].aliases, name);
	for (size_t f = first; f < end && !m.search; f++)
		m.search = r->files[f].search.v ? &r->files[f].search : NULL;
	return m;
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

	if (!key)
		return err_nomem(e);
	struct meaning m = find_meaning(r, 0, r->n_own, key);

	if (!m.alias && !m.search)
		m = find_meaning(r, r->n_own, r->n, key);
	if (m.alias) {
		char *whole = arena_printf(arena, "%s%s", m.alias, name + bare);

		bad = whole ? add_candidate(NULL, whole, arena, ret, e) : err_nomem(e);
		return bad < 0 ? bad : 1;
	}
	static char *hub[] = { (char *)HUB };
	static const struct strv usual = { .v = hub, .n = 1 };
	const struct strv *search = m.search ? m.search : &usual;

	for (size_t i = 0; i < search->n && bad >= 0; i++)
		bad = add_candidate(search->v[i], name, arena, ret, e);
	if (bad < 0)
		return bad;
	if (ret->n)
		return (int)ret->n;
	err_say(e, EINVAL, "%s is a short name, and the settings have no registry to look for it", name);
	return err_hint(e, "name the registry: docker.io/%s", name);
}
