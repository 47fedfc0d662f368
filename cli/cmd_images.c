// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <time.h>

#include "base/timestamp.h"
#include "cli/output.h"
#include "cli/verbs.h"

struct images {
	bool all, quiet, digests, no_trunc;
	const char *format;
};

static const struct option rows[] = {
	OPT_FLAG(struct images, quiet, "quiet", 'q', "ids only"),
	OPT_FLAG(struct images, digests, "digests", 0, "the digests of their manifests too"),
	OPT_FLAG(struct images, no_trunc, "no-trunc", 0, "whole ids"),
	OPT_STRING(struct images, format, "format", 0, "FORMAT", "table, json, or a template such as {{.Id}}"),
	OPT_FLAG(struct images, all, "all", 'a', NULL), /* there are no others */
};

/* An image; in the table, one of its names. */
struct entry {
	char *id, *digest, *created, *architecture, *os;
	struct strv names;
	char *repository, *tag; /* of the table */
	uint64_t bytes;
	struct spec_map labels;
};

static const struct field fields[] = {
	FIELD_STRING(struct entry, id, "Id", REQUIRED),
	FIELD_STRINGS(struct entry, names, "Names", REQUIRED),
	FIELD_STRING(struct entry, digest, "Digest", REQUIRED),
	FIELD_STRING(struct entry, created, "Created", REQUIRED),
	FIELD_U64(struct entry, bytes, "Size", REQUIRED),
	FIELD_STRING(struct entry, architecture, "Architecture", REQUIRED),
	FIELD_STRING(struct entry, os, "Os", REQUIRED),
	FIELD_MAP(struct entry, labels, "Labels"),
};

static const struct column columns[] = {
	{ "REPOSITORY", 0 }, { "TAG", 0 }, { "IMAGE ID", 0 }, { "CREATED", 0 }, { "SIZE", 0 },
};
static const struct column columns_with_digest[] = {
	{ "REPOSITORY", 0 }, { "TAG", 0 }, { "DIGEST", 0 }, { "IMAGE ID", 0 }, { "CREATED", 0 }, { "SIZE", 0 },
};

static int add_row(struct table *t, const void *arg, struct err *e)
{
	const struct entry *entry = arg;
	char age[STR_AGE_MAX], size[STR_BYTES_MAX];
	int64_t created;
	bool dated = timestamp_parse(entry->created, &created) == 0 && created <= time(NULL);
	int r = table_add(t, e, "%s", entry->repository);

	if (r >= 0)
		r = table_add(t, e, "%s", entry->tag);
	if (r >= 0 && t->n_columns == ARRAY_SIZE(columns_with_digest))
		r = table_add(t, e, "%s", entry->digest);
	if (r >= 0)
		r = table_add_id(t, entry->id, e);
	if (r >= 0)
		r = table_add(t, e, "%s%s", dated ? str_age((uint64_t)(time(NULL) - created), age) : "", dated ? " ago" : "");
	return r < 0 ? r : table_add(t, e, "%s", str_bytes(entry->bytes, size));
}

struct walk {
	const struct images *options;
	struct listing *listing;
};

/* A row of the table for each name. */
static int add_names(struct listing *l, struct entry *entry, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < MAX(entry->names.n, (size_t)1) && r >= 0; i++) {
		struct image_ref ref = { .name = "<none>", .tag = "<none>" };
		char repository[IMAGE_REF_MAX];

		if (entry->names.n && image_ref_parse(entry->names.v[i], &ref, e) < 0)
			return -e->code;
		snprintf(repository, sizeof(repository), "%s%s%s", ref.host, *ref.host ? "/" : "", ref.name);
		entry->repository = repository;
		entry->tag = ref.tag;
		r = listing_add(l, entry, e);
	}
	return r;
}

static int add_image(const struct image *image, void *arg, struct err *e)
{
	struct walk *w = arg;
	struct arena *a = w->listing->table.arena;
	char *none = (char *)"";
	struct entry entry = {
		.id = image->config,
		.digest = arena_printf(a, "sha256:%s", image->manifest),
		.created = image->created ? image->created : none,
		.architecture = image->architecture ? image->architecture : none,
		.os = image->os ? image->os : none,
		.names = image->names,
		.bytes = image->bytes,
		.labels = image->defaults.labels,
	};

	if (!entry.digest)
		return err_nomem(e);
	if (w->options->quiet) {
		printf("%.*s\n", w->options->no_trunc ? DIGEST_HEX : ID_SHORT, image->config);
		return 0;
	}
	return w->listing->format == LIST_TABLE ? add_names(w->listing, &entry, e) : listing_add(w->listing, &entry, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct images *o = c->options;
	auto_listing struct listing listing = {
		.table = { .columns = o->digests ? columns_with_digest : columns,
			   .n_columns = o->digests ? ARRAY_SIZE(columns_with_digest) : ARRAY_SIZE(columns),
			   .whole = o->no_trunc },
		.fields = fields,
		.n_fields = ARRAY_SIZE(fields),
		.add_row = add_row,
	};
	struct walk walk = { .options = o, .listing = &listing };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = listing_begin(&listing, c, o->format, e);

	if (r < 0)
		return r;
	r = image_each_head(&g.store, add_image, &walk, e);
	if (r >= 0 && !o->quiet)
		r = listing_end(&listing, e);
	return r;
}

const struct verb verb_images = {
	.name = "images",
	.group = "Images",
	.arguments = "",
	.help = "list them",
	.about = "List the images that are here: a line for each of their names.",
	.options = OPTIONS(rows, struct images),
	.run = run,
};
