// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <time.h>

#include "base/timestamp.h"
#include "cli/container_filter.h"
#include "cli/output.h"
#include "cli/port_view.h"
#include "cli/verbs.h"
#include "runtime/launch.h"
#include "runtime/storage.h"

struct ps {
	bool all, quiet, no_trunc, size, latest, no_heading;
	const char *format, *last;
	struct strv filters;
};

static const struct option rows[] = {
	OPT_FLAG(struct ps, all, "all", 'a', "those that do not run, too"),
	OPT_FLAG(struct ps, quiet, "quiet", 'q', "ids only"),
	OPT_FLAG(struct ps, no_trunc, "no-trunc", 0, "whole ids and commands"),
	OPT_FLAG(struct ps, size, "size", 's', "how much each has written, and with its image: all its files are counted"),
	OPT_LIST(struct ps, filters, "filter", 'f', "KEY=VALUE",
		 "those with this name=, id=, status=, label=, ancestor=, health=, network=, volume= …"),
	OPT_FLAG(struct ps, latest, "latest", 'l', "the one that was made last"),
	OPT_STRING(struct ps, last, "last", 'n', "NUMBER", "so many, those that were made last"),
	OPT_FLAG(struct ps, no_heading, "noheading", 0, "no titles above the columns"),
	OPT_STRING(struct ps, format, "format", 0, "FORMAT", "table, json, or a template such as {{.Names}}"),
};

#define SHORT_COMMAND 24

struct entry {
	char *id, *image, *created, *state, *status;
	struct strv names, command, ports;
	uint32_t pid;
	int32_t exit_code;
	struct spec_map labels;
	struct storage_sizes size;
};

static const struct field size_fields[] = {
	FIELD_U64(struct storage_sizes, root_bytes, "rootFsSize", REQUIRED),
	FIELD_U64(struct storage_sizes, written_bytes, "rwSize", REQUIRED),
};

static const struct field fields[] = {
	FIELD_STRING(struct entry, id, "Id", REQUIRED),
	FIELD_STRINGS(struct entry, names, "Names", REQUIRED),
	FIELD_STRING(struct entry, image, "Image", REQUIRED),
	FIELD_STRINGS(struct entry, command, "Command", REQUIRED),
	FIELD_STRING(struct entry, created, "Created", REQUIRED),
	FIELD_STRING(struct entry, state, "State", REQUIRED),
	FIELD_STRING(struct entry, status, "Status", REQUIRED),
	FIELD_U32(struct entry, pid, "Pid", REQUIRED),
	FIELD_I32(struct entry, exit_code, "ExitCode", REQUIRED),
	FIELD_STRINGS(struct entry, ports, "Ports", REQUIRED),
	FIELD_MAP(struct entry, labels, "Labels"),
	FIELD_OBJECT(struct entry, size, "Size", REQUIRED, size_fields), /* the last one: where it is asked for */
};

static const struct column columns[] = {
	{ "CONTAINER ID", 0 }, { "IMAGE", 0 }, { "COMMAND", SHORT_COMMAND }, { "CREATED", 0 }, { "STATUS", 0 },
	{ "PORTS", 0 }, { "NAMES", 0 }, { "SIZE", 0 },
};

/* How long ago that was: "3 minutes"; "" where it is no time, or NULL. */
static const char *age(const char *when, char buf[STR_AGE_MAX])
{
	int64_t then, now = time(NULL);

	*buf = '\0';
	return !when || timestamp_parse(when, &then) < 0 ? buf : str_age((uint64_t)MAX(now - then, INT64_C(0)), buf);
}

static char *describe(const struct container *c, struct arena *a)
{
	char since[STR_AGE_MAX];

	switch (c->phase) {
	case PHASE_RUNNING:
	case PHASE_PAUSED:
		return arena_printf(a, "Up %s%s%s%s%s", age(c->run.started, since), c->phase == PHASE_PAUSED ? " (Paused)" : "",
				    c->health ? " (" : "", c->health ? health_status_names[c->health] : "", c->health ? ")" : "");
	case PHASE_EXITED:
		return arena_printf(a, "Exited (%d) %s ago", c->exit.status, age(c->exit.finished, since));
	case PHASE_STARTING:
		return arena_strdup(a, "Starting");
	default:
		return arena_strdup(a, "Created");
	}
}

static int add_words(struct table *t, const struct strv *words, const char *between, struct err *e)
{
	char *all = arena_strdup(t->arena, "");

	for (size_t i = 0; all && i < words->n; i++)
		all = arena_printf(t->arena, "%s%s%s", all, i ? between : "", words->v[i]);
	return all ? table_add(t, e, "%s", all) : err_nomem(e);
}

static int add_size(struct table *t, const struct storage_sizes *size, struct err *e)
{
	char written[STR_BYTES_MAX], all[STR_BYTES_MAX];

	return table_add(t, e, "%s (virtual %s)", str_bytes(size->written_bytes, written), str_bytes(size->root_bytes, all));
}

static int add_row(struct table *t, const void *arg, struct err *e)
{
	const struct entry *entry = arg;
	char created[STR_AGE_MAX];
	int r = table_add_id(t, entry->id, e);

	if (r >= 0)
		r = table_add(t, e, "%s", entry->image);
	if (r >= 0)
		r = add_words(t, &entry->command, " ", e);
	if (r >= 0)
		r = table_add(t, e, "%s ago", age(entry->created, created));
	if (r >= 0)
		r = table_add(t, e, "%s", entry->status);
	if (r >= 0)
		r = add_words(t, &entry->ports, ", ", e);
	if (r >= 0)
		r = add_words(t, &entry->names, " ", e);
	return r < 0 || t->n_columns < ARRAY_SIZE(columns) ? r : add_size(t, &entry->size, e);
}

static bool is_wanted(const struct container *c, const struct ps *o, const struct container_filters *f)
{
	bool state = o->all || o->latest || o->last || f->ask_state;

	return container_filters_fit(f, c) && (state || (c->phase != PHASE_CREATED && c->phase != PHASE_EXITED));
}

struct walk {
	const struct engine *g;
	const struct ps *options;
	struct listing *listing;
	struct container_filters filters;
	uint64_t left; /* how many may be shown yet */
};

static int show(const struct container *c, const struct walk *w, struct err *e)
{
	struct entry entry = {
		.id = c->settings.id,
		.names = { .v = (char **)&c->settings.name, .n = 1 },
		.image = c->settings.image,
		.command = c->settings.command,
		.created = c->settings.created,
		.state = (char *)phase_names[c->phase],
		.status = describe(c, w->listing->table.arena),
		.pid = c->phase == PHASE_EXITED ? 0 : (uint32_t)c->init.pid,
		.exit_code = c->exit.status,
		.labels = c->settings.labels,
	};

	struct port_view ports = { .v = NULL };

	if (!entry.status)
		return err_nomem(e);
	int r = port_view(c, w->listing->table.arena, &ports, e);

	if (r >= 0)
		r = port_view_words(&ports, w->listing->table.arena, &entry.ports, e);
	if (r < 0)
		return r;
	r = w->options->size && !w->options->quiet ? storage_sizes(w->g, &c->settings, &entry.size, e) : 0;

	if (r < 0)
		return r == -ENOENT ? 0 : r; /* removed meanwhile */
	if (!w->options->quiet)
		return listing_add(w->listing, &entry, e);
	printf("%.*s\n", w->options->no_trunc ? CONTAINER_ID_MAX : ID_SHORT, entry.id);
	return 0;
}

static int show_wanted(const struct container *c, void *arg, struct err *e)
{
	struct walk *w = arg;
	auto_container struct container now = { 0 };

	if (c->unsettled && !c->watched) {
		const char *id = c->settings.id;
		int r = engine_settle(w->g, id, e);

		if (r >= 0)
			r = container_load(w->g, id, &now, e);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		c = &now;
	}
	if (!is_wanted(c, w->options, &w->filters))
		return 0;
	int r = show(c, w, e);

	return r < 0 ? r : --w->left == 0;
}

static int run(const struct call *c, struct err *e)
{
	const struct ps *o = c->options;
	auto_listing struct listing listing = {
		.table = { .columns = columns, .n_columns = ARRAY_SIZE(columns) - !o->size, .whole = o->no_trunc,
			   .no_titles = o->no_heading },
		.fields = fields,
		.n_fields = ARRAY_SIZE(fields) - !o->size,
		.add_row = add_row,
	};
	auto_engine struct engine g;
	struct walk walk = { .g = &g, .options = o, .listing = &listing, .left = o->latest ? 1 : UINT64_MAX };
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = listing_begin(&listing, c, o->format, e);
	if (r >= 0)
		r = container_filters_read(&g, &o->filters, c->arena, &walk.filters, e);
	if (r >= 0 && o->last && (str_to_u64(o->last, INT32_MAX, &walk.left) < 0 || walk.left == 0))
		r = err_say(e, EINVAL, "--last %s: a number, please", o->last);
	if (r < 0)
		return r;
	engine_sweep(&g);
	r = container_each(&g, show_wanted, &walk, e);
	if (r >= 0 && !o->quiet)
		r = listing_end(&listing, e);
	return r;
}

/* clang-format off */
#define PS_VERB(word, group_above) { \
	.name = word, .group = "Looking at them", .above = group_above, .arguments = "", .help = "list them", \
	.about = "List containers, the newest first. Filters: " CONTAINER_FILTERS_HELP ".", \
	.options = OPTIONS(rows, struct ps), .run = run, \
}
/* clang-format on */
const struct verb verb_ps = PS_VERB("ps", NULL);
const struct verb verb_container_ls = PS_VERB("ls", &verb_container_group);
const struct verb verb_container_list = PS_VERB("list", &verb_container_group);
