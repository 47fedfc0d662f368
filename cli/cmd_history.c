// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <time.h>

#include "base/timestamp.h"
#include "cli/output.h"
#include "cli/verbs.h"

struct history {
	bool quiet, no_trunc;
	enum switch_state human;
	const char *format;
};

static const struct option rows[] = {
	OPT_SWITCH(struct history, human, "human", 'H', "sizes and ages for people; the default"),
	OPT_FLAG(struct history, quiet, "quiet", 'q', "ids only"),
	OPT_FLAG(struct history, no_trunc, "no-trunc", 0, "whole ids and commands"),
	OPT_STRING(struct history, format, "format", 0, "FORMAT", "table, json, or a template such as {{.CreatedBy}}"),
};

#define SHORT_COMMAND 45
#define NO_ID	      "<missing>" /* an image has one id, that of its topmost step */

struct entry {
	char *id, *created, *created_since, *created_by, *comment;
	uint64_t bytes;
	struct strv tags;
	bool human;
};

/* podman writes the same in two ways. */
static const struct field json_fields[] = {
	FIELD_STRING(struct entry, id, "id", REQUIRED),
	FIELD_STRING(struct entry, created, "created", REQUIRED),
	FIELD_STRING(struct entry, created_by, "CreatedBy", REQUIRED),
	FIELD_U64(struct entry, bytes, "size", REQUIRED),
	FIELD_STRING(struct entry, comment, "comment", REQUIRED),
	FIELD_STRINGS(struct entry, tags, "tags", REQUIRED),
};
static const struct field template_fields[] = {
	FIELD_STRING(struct entry, id, "ID", REQUIRED),
	FIELD_STRING(struct entry, created, "Created", REQUIRED),
	FIELD_STRING(struct entry, created, "CreatedAt", REQUIRED),
	FIELD_STRING(struct entry, created_since, "CreatedSince", REQUIRED),
	FIELD_STRING(struct entry, created_by, "CreatedBy", REQUIRED),
	FIELD_U64(struct entry, bytes, "Size", REQUIRED),
	FIELD_STRING(struct entry, comment, "Comment", REQUIRED),
	FIELD_STRINGS(struct entry, tags, "Tags", REQUIRED),
};

static const struct column columns[] = {
	{ "ID", 0 }, { "CREATED", 0 }, { "CREATED BY", SHORT_COMMAND }, { "SIZE", 0 }, { "COMMENT", 0 },
};

static int add_row(struct table *t, const void *arg, struct err *e)
{
	const struct entry *entry = arg;
	char size[STR_BYTES_MAX];
	int r = streq(entry->id, NO_ID) ? table_add(t, e, NO_ID) : table_add_id(t, entry->id, e);

	if (r >= 0)
		r = table_add(t, e, "%s", entry->human ? entry->created_since : entry->created);
	if (r >= 0)
		r = table_add(t, e, "%s", entry->created_by);
	if (r >= 0 && entry->human)
		r = table_add(t, e, "%s", str_bytes(entry->bytes, size));
	else if (r >= 0)
		r = table_add(t, e, "%" PRIu64, entry->bytes);
	return r < 0 ? r : table_add(t, e, "%s", entry->comment);
}

static char *text(char *s)
{
	return s ? s : (char *)"";
}

static char *since(struct arena *a, const char *created)
{
	char age[STR_AGE_MAX];
	int64_t s;

	if (!created || timestamp_parse(created, &s) < 0 || s > time(NULL))
		return arena_strdup(a, "");
	return arena_printf(a, "%s ago", str_age((uint64_t)(time(NULL) - s), age));
}

/* Steps, the oldest first, and the layers that they made; a history can have fewer steps than there are layers, or none. */
static int list_steps(const struct image *image, const struct history *o, struct arena *a, struct entry *ret, size_t *ret_n,
		      struct err *e)
{
	size_t layer = 0, n = 0;

	for (size_t i = 0; i < image->history.n || layer < image->layers.n; i++) {
		const struct image_history none = { 0 }, *h = i < image->history.n ? &image->history.v[i] : &none;
		bool made_layer = !h->empty_layer && layer < image->layers.n;

		ret[n] = (struct entry){
			.id = (char *)NO_ID,
			.created = text(h->created),
			.created_since = since(a, h->created),
			.created_by = text(h->created_by),
			.comment = text(h->comment),
			.bytes = made_layer ? image->layers.v[layer].bytes : 0,
			.human = o->human != SWITCH_OFF,
		};
		layer += made_layer;
		if (!ret[n++].created_since)
			return err_nomem(e);
	}
	*ret_n = n;
	return 0;
}

static int show(const struct call *c, struct image *image, struct listing *l, struct err *e)
{
	const struct history *o = c->options;
	struct entry *steps = arena_array(c->arena, image->history.n + image->layers.n, sizeof(*steps));
	size_t n = 0;
	int r = steps ? list_steps(image, o, c->arena, steps, &n, e) : err_nomem(e);

	if (r >= 0 && n) {
		steps[n - 1].id = image->config;
		steps[n - 1].tags = image->names;
	}
	for (size_t i = n; r >= 0 && i-- > 0;) {
		if (!o->quiet)
			r = listing_add(l, &steps[i], e);
		else if (streq(steps[i].id, NO_ID))
			output_line(NO_ID);
		else
			printf("%.*s\n", o->no_trunc ? DIGEST_HEX : ID_SHORT, steps[i].id);
	}
	return r;
}

static int run(const struct call *c, struct err *e)
{
	const struct history *o = c->options;
	auto_listing struct listing listing = {
		.table = { .columns = columns, .n_columns = ARRAY_SIZE(columns), .whole = o->no_trunc },
		.fields = template_fields,
		.n_fields = ARRAY_SIZE(template_fields),
		.add_row = add_row,
	};
	auto_image struct image image = { 0 };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = listing_begin(&listing, c, o->format, e);
	if (listing.format == LIST_JSON) {
		listing.fields = json_fields;
		listing.n_fields = ARRAY_SIZE(json_fields);
	}
	if (r >= 0)
		r = image_find(&g.store, c->args[0], &image, e);
	if (r >= 0)
		r = image_names(&g.store, &image, e);
	if (r >= 0)
		r = show(c, &image, &listing, e);
	if (r >= 0 && !o->quiet)
		r = listing_end(&listing, e);
	return r;
}

const struct verb verb_history = {
	.name = "history",
	.group = "Images",
	.arguments = "IMAGE",
	.help = "how it was made",
	.about = "Show the steps in which an image was made, the last one first, and how large the layers are that they made, "
		 "as they are kept for registries: compressed, if they came so.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct history),
	.run = run,
};
