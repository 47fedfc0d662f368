// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/timestamp.h"
#include "cli/image_filter.h"
#include "cli/image_use.h"
#include "cli/output.h"
#include "cli/verbs.h"

struct images {
	bool all, quiet, digests, no_trunc, no_heading;
	const char *format, *sort;
	struct strv filters;
};

static const struct option rows[] = {
	OPT_FLAG(struct images, quiet, "quiet", 'q', "ids only"),
	OPT_FLAG(struct images, digests, "digests", 0, "the digests of their manifests too"),
	OPT_FLAG(struct images, no_trunc, "no-trunc", 0, "whole ids"),
	OPT_FLAG(struct images, no_heading, "noheading", 'n', "no titles above the columns"),
	OPT_LIST(struct images, filters, "filter", 'f', "KEY=VALUE", "those with this " IMAGE_FILTERS_HELP),
	OPT_STRING(struct images, sort, "sort", 0, "KEY", "by created (default), id, repository, size or tag"),
	OPT_STRING(struct images, format, "format", 0, "FORMAT", "table, json, or a template such as {{.Repository}}"),
	OPT_FLAG(struct images, all, "all", 'a', NULL), /* there are no others */
};

#define NO_TIME INT64_MIN

/* An image; in a table and for a template, one of its names. */
struct entry {
	char *id, *short_id, *manifest, *digest, *created, *created_since, *architecture, *os, *variant;
	char *repository, *tag;
	int64_t created_s;
	struct strv names, repo_tags, repo_digests;
	uint64_t bytes;
	uint32_t containers;
	bool readonly, dangling;
	struct spec_map labels;
};

static const struct field fields[] = {
	FIELD_STRING(struct entry, id, "Id", REQUIRED),
	FIELD_STRINGS(struct entry, names, "Names", REQUIRED),
	FIELD_STRINGS(struct entry, repo_tags, "RepoTags", REQUIRED),
	FIELD_STRINGS(struct entry, repo_digests, "RepoDigests", REQUIRED),
	FIELD_STRING(struct entry, digest, "Digest", REQUIRED),
	FIELD_STRING(struct entry, created, "Created", REQUIRED),
	FIELD_STRING(struct entry, created, "CreatedAt", REQUIRED),
	FIELD_U64(struct entry, bytes, "Size", REQUIRED),
	FIELD_STRING(struct entry, architecture, "Architecture", REQUIRED),
	FIELD_STRING(struct entry, os, "Os", REQUIRED),
	FIELD_U32(struct entry, containers, "Containers", REQUIRED),
	FIELD_BOOL(struct entry, dangling, "Dangling", REQUIRED),
	FIELD_BOOL(struct entry, readonly, "ReadOnly", REQUIRED),
	FIELD_MAP(struct entry, labels, "Labels"),
	/* of templates alone, one for each name */
	FIELD_STRING(struct entry, short_id, "ID", OPTIONAL),
	FIELD_STRING(struct entry, repository, "Repository", OPTIONAL),
	FIELD_STRING(struct entry, tag, "Tag", OPTIONAL),
	FIELD_STRING(struct entry, created_since, "CreatedSince", OPTIONAL),
};

enum { COLUMN_DIGEST = 2, COLUMN_READONLY = 6 };
static const struct column columns[] = {
	{ "REPOSITORY", 0 }, { "TAG", 0 }, { "DIGEST", 0 }, { "IMAGE ID", 0 }, { "CREATED", 0 }, { "SIZE", 0 }, { "R/O", 0 },
};

static int add_row(struct table *t, const void *arg, struct err *e)
{
	const struct entry *entry = arg;
	char size[STR_BYTES_MAX];
	int r = table_add(t, e, "%s", entry->repository);

	if (r >= 0)
		r = table_add(t, e, "%s", entry->tag);
	if (r >= 0)
		r = table_add(t, e, "%s", entry->digest);
	if (r >= 0)
		r = table_add_id(t, entry->id, e);
	if (r >= 0)
		r = table_add(t, e, "%s", entry->created_since);
	if (r >= 0)
		r = table_add(t, e, "%s", str_bytes(entry->bytes, size));
	return r < 0 ? r : table_add(t, e, "%s", entry->readonly ? "true" : "false");
}

/* All that is to be listed: an image each, or one of its names each. */
struct walk {
	const struct images *options;
	const struct image_filters *filters;
	const struct image_use *use;
	struct arena *arena;
	struct entry *v;
	size_t n, room;
	bool by_name, any_readonly;
	int64_t now_s;
};

static int append(struct walk *w, const struct entry *entry, struct err *e)
{
	if (w->n == w->room) {
		size_t room = MAX(w->room * 2, (size_t)64);
		struct entry *v = arena_array(w->arena, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (w->n)
			memcpy(v, w->v, w->n * sizeof(*v));
		w->v = v;
		w->room = room;
	}
	w->v[w->n++] = *entry;
	return 0;
}

/* Host and path of a name, and its tag; "<none>" where it is named by a digest. */
static int split_name(struct walk *w, const char *name, struct entry *entry, struct err *e)
{
	const char *slash = strrchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) : 0;

	n += strcspn(name + n, ":@");
	entry->repository = arena_strndup(w->arena, name, n);
	entry->tag = name[n] == ':' ? arena_strndup(w->arena, name + n + 1, strcspn(name + n + 1, "@")) : (char *)"<none>";
	return entry->repository && entry->tag ? 0 : err_nomem(e);
}

static int describe_age(struct walk *w, struct entry *entry, struct err *e)
{
	char age[STR_AGE_MAX];

	entry->created_since = (char *)"";
	if (entry->created_s != NO_TIME && entry->created_s <= w->now_s)
		entry->created_since = arena_printf(w->arena, "%s ago", str_age((uint64_t)(w->now_s - entry->created_s), age));
	return entry->created_since ? 0 : err_nomem(e);
}

static int add_names(struct walk *w, struct entry *entry, struct err *e)
{
	int r = describe_age(w, entry, e);

	entry->short_id = w->options->no_trunc ? entry->id : arena_strndup(w->arena, entry->id, ID_SHORT);
	if (!entry->short_id)
		return err_nomem(e);
	if (!entry->names.n) {
		entry->repository = entry->tag = (char *)"<none>";
		return append(w, entry, e);
	}
	for (size_t i = 0; i < entry->names.n && r >= 0; i++) {
		r = split_name(w, entry->names.v[i], entry, e);
		if (r >= 0)
			r = append(w, entry, e);
	}
	return r;
}

/* For JSON: names with a tag, and each repository's name for this very manifest. */
static int sort_names(struct walk *w, struct entry *entry, struct err *e)
{
	for (size_t i = 0; i < entry->names.n; i++) {
		struct entry part;
		int r = split_name(w, entry->names.v[i], &part, e);
		char *pinned = r < 0 ? NULL : arena_printf(w->arena, "%s@%s", part.repository, entry->digest);
		bool seen = false;

		if (r < 0 || !pinned)
			return err_nomem(e);
		if (!streq(part.tag, "<none>") && strv_push(w->arena, &entry->repo_tags, entry->names.v[i]) < 0)
			return err_nomem(e);
		for (size_t k = 0; k < entry->repo_digests.n; k++)
			seen |= streq(entry->repo_digests.v[k], pinned);
		if (!seen && strv_push(w->arena, &entry->repo_digests, pinned) < 0)
			return err_nomem(e);
	}
	return 0;
}

static int copy_labels(struct walk *w, const struct spec_map *from, struct spec_map *to, struct err *e)
{
	*to = (struct spec_map){ .v = arena_array(w->arena, from->n, sizeof(*to->v)), .n = from->n };
	if (!to->v)
		return err_nomem(e);
	for (size_t i = 0; i < from->n; i++) {
		to->v[i].key = arena_strdup(w->arena, from->v[i].key);
		to->v[i].value = arena_strdup(w->arena, from->v[i].value);
		if (!to->v[i].key || !to->v[i].value)
			return err_nomem(e);
	}
	return 0;
}

/* Strings that outlive the image that they come from. */
static int copy_texts(struct walk *w, const struct image *image, struct entry *entry, struct err *e)
{
	const struct {
		char **to;
		const char *from;
	} texts[] = {
		{ &entry->id, image->config },		{ &entry->manifest, image->manifest },
		{ &entry->created, image->created },	{ &entry->architecture, image->architecture },
		{ &entry->os, image->os },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		*texts[i].to = arena_strdup(w->arena, texts[i].from ? texts[i].from : "");
		if (!*texts[i].to)
			return err_nomem(e);
	}
	for (size_t i = 0; i < image->names.n; i++)
		if (strv_add(w->arena, &entry->names, image->names.v[i]) < 0)
			return err_nomem(e);
	return copy_labels(w, &image->defaults.labels, &entry->labels, e);
}

static int add_image(const struct image *image, void *arg, struct err *e)
{
	struct walk *w = arg;

	if (!image_filters_fit(w->filters, image))
		return 0;
	struct entry entry = {
		.bytes = image->bytes,
		.readonly = image->peer != NULL,
		.dangling = image->names.n == 0,
		.containers = (uint32_t)image_use_count(w->use, image->manifest),
	};
	int r = copy_texts(w, image, &entry, e);

	w->any_readonly |= entry.readonly;
	if (r < 0)
		return r;
	if (timestamp_parse(entry.created, &entry.created_s) < 0)
		entry.created_s = NO_TIME;
	entry.digest = arena_printf(w->arena, "sha256:%s", entry.manifest);
	if (!entry.digest)
		return err_nomem(e);
	if (w->by_name)
		return add_names(w, &entry, e);
	r = sort_names(w, &entry, e);
	return r < 0 ? r : append(w, &entry, e);
}

/* ---- the order ---- */

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->id, ((const struct entry *)b)->id);
}

static const char *repository_of(const struct entry *e)
{
	return e->repository ? e->repository : e->names.n ? e->names.v[0] : "";
}

static int by_repository(const void *a, const void *b)
{
	int order = strcmp(repository_of(a), repository_of(b));

	return order ? order : by_id(a, b);
}

static int by_tag(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->tag ? x->tag : "", y->tag ? y->tag : "");

	return order ? order : by_repository(a, b);
}

static int by_size(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->bytes != y->bytes ? (x->bytes < y->bytes ? -1 : 1) : by_repository(a, b);
}

/* The newest first. */
static int by_created(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->created_s != y->created_s ? (x->created_s > y->created_s ? -1 : 1) : by_repository(a, b);
}

typedef int (*comparison)(const void *a, const void *b);
static const struct {
	const char *key;
	comparison compare;
} orders[] = {
	{ "created", by_created }, { "id", by_id }, { "repository", by_repository }, { "size", by_size }, { "tag", by_tag },
};

static comparison order_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
		if (!key || streq(orders[i].key, key))
			return orders[i].compare;
	return NULL;
}

/* ---- what is printed ---- */

static void print_ids(const struct walk *w)
{
	for (size_t i = 0; i < w->n; i++)
		printf("%.*s\n", w->options->no_trunc ? DIGEST_HEX : ID_SHORT, w->v[i].id);
}

static int print(const struct walk *w, struct listing *l, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < w->n && r >= 0; i++)
		r = listing_add(l, &w->v[i], e);
	l->table.hidden |= w->any_readonly ? 0 : BIT(COLUMN_READONLY);
	return r < 0 ? r : listing_end(l, e);
}

static int understand(const struct call *c, const struct engine *g, struct image_filters *ret, struct err *e)
{
	const struct images *o = c->options;
	struct strv texts = { 0 };

	if (!order_of(o->sort))
		return err_say(e, EINVAL, "--sort %s: it is created, id, repository, size or tag", o->sort);
	for (size_t i = 0; i < o->filters.n; i++)
		if (strv_push(c->arena, &texts, o->filters.v[i]) < 0)
			return err_nomem(e);
	if (c->n_args) {
		char *reference = arena_printf(c->arena, "reference=%s", c->args[0]);

		if (!reference || strv_push(c->arena, &texts, reference) < 0)
			return err_nomem(e);
	}
	return image_filters_read(&g->store, &texts, c->arena, ret, e);
}

static int list(const struct call *c, const struct engine *g, struct listing *l, struct err *e)
{
	const struct images *o = c->options;
	struct image_filters filters = { 0 };
	struct image_use use = { 0 };
	struct walk w = {
		.options = o, .filters = &filters, .use = &use, .arena = c->arena, .now_s = time(NULL),
		.by_name = l->format != LIST_JSON && !o->quiet,
	};
	bool whole = !o->quiet && l->format != LIST_TABLE; /* labels and containers can be asked for */
	int r = understand(c, g, &filters, e);

	if (r >= 0 && whole)
		r = image_use_read(g, &use, e);
	if (r >= 0)
		r = (whole || filters.need_labels ? image_each : image_each_head)(&g->store, add_image, &w, e);
	arena_free(&use.arena);
	if (r < 0)
		return r;
	if (w.n)
		qsort(w.v, w.n, sizeof(*w.v), order_of(o->sort));
	if (!o->quiet)
		return print(&w, l, e);
	print_ids(&w);
	return 0;
}

static int run(const struct call *c, struct err *e)
{
	const struct images *o = c->options;
	auto_listing struct listing listing = {
		.table = { .columns = columns, .n_columns = ARRAY_SIZE(columns), .whole = o->no_trunc,
			   .hidden = o->digests ? 0 : BIT(COLUMN_DIGEST), .no_titles = o->no_heading },
		.fields = fields,
		.n_fields = ARRAY_SIZE(fields),
		.add_row = add_row,
	};
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = listing_begin(&listing, c, o->format, e);
	return r < 0 ? r : list(c, &g, &listing, e);
}

#define ABOUT                                                                                                               \
	"List the images that are here: a line for each of their names, the newest first. With a name, those whose name it is, " \
	"with whatever tag; * and ? stand for any characters but a slash."

const struct verb verb_images = {
	.name = "images",
	.group = "Images",
	.arguments = "[IMAGE]",
	.help = "list them",
	.about = ABOUT,
	.max_args = 1,
	.options = OPTIONS(rows, struct images),
	.run = run,
};

const struct verb verb_image_ls = {
	.name = "ls",
	.aliases = "list",
	.above = &verb_image,
	.arguments = "[IMAGE]",
	.help = "list them: `images`",
	.about = ABOUT,
	.max_args = 1,
	.options = OPTIONS(rows, struct images),
	.run = run,
};
