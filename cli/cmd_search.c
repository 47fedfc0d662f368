// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/output.h"
#include "cli/registry.h"

#define DESCRIPTION_WIDTH 60
#define LIMIT_MAX	  100

struct search {
	struct registry_options registry;
	struct strv filters;
	const char *limit, *format;
	bool no_trunc, list_tags;
};

static const struct option rows[] = {
	OPT_STRING(struct search, limit, "limit", 0, "N", "at most so many of each registry; default: 25"),
	OPT_LIST(struct search, filters, "filter", 'f', "KEY=VALUE", "only those with stars=N or more, or is-official=true"),
	OPT_FLAG(struct search, list_tags, "list-tags", 0, "the tags of one repository"),
	OPT_FLAG(struct search, no_trunc, "no-trunc", 0, "whole descriptions"),
	OPT_STRING(struct search, format, "format", 0, "FORMAT", "table, json, or a template such as {{.Name}}"),
	REGISTRY_ROWS(struct search, registry),
};

struct entry {
	char *index, *name, *description, *tag;
	uint32_t stars;
	bool official;
};
static const struct field fields[] = {
	FIELD_STRING(struct entry, index, "Index", REQUIRED),
	FIELD_STRING(struct entry, name, "Name", REQUIRED),
	FIELD_STRING(struct entry, description, "Description", REQUIRED),
	FIELD_U32(struct entry, stars, "Stars", REQUIRED),
	FIELD_BOOL(struct entry, official, "Official", REQUIRED),
};
static const struct field tag_fields[] = {
	FIELD_STRING(struct entry, name, "Name", REQUIRED),
	FIELD_STRING(struct entry, tag, "Tag", REQUIRED),
};

static const struct column columns[] = { { "NAME", 0 }, { "DESCRIPTION", DESCRIPTION_WIDTH } };
static const struct column tag_columns[] = { { "NAME", 0 }, { "TAG", 0 } };

static int add_row(struct table *t, const void *arg, struct err *e)
{
	const struct entry *entry = arg;
	int r = table_add(t, e, "%s", entry->name);

	return r < 0 ? r : table_add(t, e, "%s", entry->tag ? entry->tag : entry->description);
}

struct wanted {
	uint64_t limit, stars;
	bool official;
};

static int read_filter(const char *text, struct wanted *w, struct err *e)
{
	const char *stars = str_after(text, "stars="), *official = str_after(text, "is-official=");

	if (stars && str_to_u64(stars, UINT32_MAX, &w->stars) == 0)
		return 0;
	if (official && (streq(official, "true") || streq(official, "false"))) {
		w->official = streq(official, "true");
		return 0;
	}
	return err_say(e, EINVAL, "--filter %s: it is stars=N or is-official=true", text);
}

static int read_wanted(const struct search *o, struct wanted *ret, struct err *e)
{
	int r = 0;

	*ret = (struct wanted){ .limit = 25 };
	if (o->limit && (str_to_u64(o->limit, LIMIT_MAX, &ret->limit) < 0 || ret->limit == 0))
		return err_say(e, EINVAL, "--limit %s: a number from 1 to %d, please", o->limit, LIMIT_MAX);
	for (size_t i = 0; r >= 0 && i < o->filters.n; i++)
		r = read_filter(o->filters.v[i], ret, e);
	return r;
}

static int list_found(const struct call *c, struct listing *l, const struct wanted *w, const char *host, const struct found *found,
		      struct err *e)
{
	uint64_t shown = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < found->n && shown < w->limit; i++) {
		const struct fetch_found *f = &found->v[i];
		struct entry entry = {
			.index = (char *)host,
			.name = arena_printf(c->arena, "%s/%s", host, f->name),
			.description = f->description ? f->description : (char *)"",
			.stars = f->stars,
			.official = f->official,
		};

		if (f->stars < w->stars || (w->official && !f->official))
			continue;
		r = entry.name ? listing_add(l, &entry, e) : err_nomem(e);
		shown++;
	}
	return r;
}

static int search_in(const struct call *c, const struct engine *g, const struct registry *r, struct listing *l,
		     const char *host, const char *words, struct err *e)
{
	struct wanted wanted;
	struct found found;
	int code = read_wanted(c->options, &wanted, e);

	if (code >= 0)
		code = image_search(&g->store, host, words, &r->remote, c->arena, &found, e);
	return code < 0 ? code : list_found(c, l, &wanted, host, &found, e);
}

/* The host that a term begins with, or NULL. */
static const char *host_of(const struct call *c, const char *term)
{
	size_t n = strcspn(term, "/");

	if (!term[n] || (strcspn(term, ".:") >= n && strncmp(term, "localhost/", n + 1) != 0))
		return NULL;
	return arena_strndup(c->arena, term, n);
}

/* In the registry that the term begins with, else in each in which short names are looked for. */
static int search(const struct call *c, const struct engine *g, const struct registry *r, struct listing *l, struct err *e)
{
	struct strv candidates;
	const char *term;
	int code = registry_name(c->args[0], &term, e);
	const char *host = code < 0 ? NULL : host_of(c, term);

	if (host)
		return search_in(c, g, r, l, host, term + strlen(host) + 1, e);
	if (code >= 0) /* any name: its words do not matter here */
		code = registries_candidates(r->registries, "x", c->arena, &candidates, e);
	for (size_t i = 0; code >= 0 && i < candidates.n; i++) {
		candidates.v[i][strcspn(candidates.v[i], "/")] = '\0';
		code = search_in(c, g, r, l, candidates.v[i], term, e);
	}
	return code;
}

static int list_tags(const struct call *c, const struct engine *g, const struct registry *r, struct listing *l, struct err *e)
{
	struct image_ref ref;
	struct wanted wanted;
	struct strv tags;
	const char *name;
	int code = read_wanted(c->options, &wanted, e);

	if (code >= 0)
		code = registry_choose(c, r, c->args[0], &name, e);
	if (code >= 0)
		code = image_ref_parse(name, &ref, e);
	if (code >= 0)
		code = image_tags(&g->store, &ref, &r->remote, c->arena, &tags, e);
	for (size_t i = 0; code >= 0 && i < tags.n && i < wanted.limit; i++) {
		struct entry entry = { .name = arena_printf(c->arena, "%s/%s", ref.host, ref.name), .tag = tags.v[i] };

		code = entry.name ? listing_add(l, &entry, e) : err_nomem(e);
	}
	return code;
}

static int run(const struct call *c, struct err *e)
{
	const struct search *o = c->options;
	auto_listing struct listing listing = {
		.table = { .columns = o->list_tags ? tag_columns : columns, .n_columns = ARRAY_SIZE(columns), .whole = o->no_trunc },
		.fields = o->list_tags ? tag_fields : fields,
		.n_fields = o->list_tags ? ARRAY_SIZE(tag_fields) : ARRAY_SIZE(fields),
		.add_row = add_row,
	};
	auto_registry struct registry registry = NO_REGISTRY;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = registry_open(c, &g, &o->registry, &registry, e);
	if (r >= 0)
		r = listing_begin(&listing, c, o->format, e);
	if (r >= 0)
		r = o->list_tags ? list_tags(c, &g, &registry, &listing, e) : search(c, &g, &registry, &listing, e);
	return r < 0 ? r : listing_end(&listing, e);
}

const struct verb verb_search = {
	.name = "search",
	.group = "Images",
	.arguments = "TERM",
	.help = "find some in a registry",
	.about = "Search registries for repositories: the one that the term begins with (quay.io/nginx), else those in which short "
		 "names are looked for. Few registries offer it. With --list-tags the term is a repository, and its tags are listed.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct search),
	.run = run,
};
