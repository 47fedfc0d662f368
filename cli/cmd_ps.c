// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/container_filter.h"
#include "cli/ps_entry.h"
#include "cli/verbs.h"
#include "runtime/launch.h"

#define WATCH_MAX_S 86400

struct ps {
	bool all, quiet, no_trunc, size, latest, no_heading, namespaces, pods, external, sync;
	const char *format, *last, *sort, *watch;
	struct strv filters;
};

static const struct option rows[] = {
	OPT_FLAG(struct ps, all, "all", 'a', "those that do not run, too"),
	OPT_FLAG(struct ps, quiet, "quiet", 'q', "ids only"),
	OPT_FLAG(struct ps, no_trunc, "no-trunc", 0, "whole ids and commands"),
	OPT_FLAG(struct ps, size, "size", 's', "how much each has written, and with its image: all its files are counted"),
	OPT_FLAG(struct ps, namespaces, "ns", 0, "the numbers of their namespaces"),
	OPT_FLAG(struct ps, pods, "pod", 'p', "the pods that they are in, too"),
	OPT_LIST(struct ps, filters, "filter", 'f', "KEY=VALUE",
		 "those with this name=, id=, status=, label=, ancestor=, health=, network=, volume= …"),
	OPT_FLAG(struct ps, latest, "latest", 'l', "the one that was made last"),
	OPT_STRING(struct ps, last, "last", 'n', "NUMBER", "so many, those that were made last"),
	OPT_STRING(struct ps, sort, "sort", 0, "KEY", "by command, created (default), id, image, names, size or status"),
	OPT_FLAG(struct ps, no_heading, "noheading", 0, "no titles above the columns"),
	OPT_STRING(struct ps, format, "format", 0, "FORMAT", "table, json, or a template such as {{.Names}}"),
	OPT_STRING(struct ps, watch, "watch", 'w', "SECONDS", "show them again and again, so long after each other"),
	OPT_FLAG(struct ps, external, "external", 0, NULL), /* nobody else has containers in our folders */
	OPT_FLAG(struct ps, sync, "sync", 0, NULL),	    /* what is shown is always what is the case */
};

/* What --sort knows: texts of an entry. Sizes are compared as numbers, and the order in which they were made is there already. */
#define AS_MADE SIZE_MAX
static const struct order {
	const char *key;
	size_t text;
} orders[] = {
	{ "command", offsetof(struct ps_entry, command_words) },
	{ "created", AS_MADE },
	{ "id", offsetof(struct ps_entry, id) },
	{ "image", offsetof(struct ps_entry, image) },
	{ "names", offsetof(struct ps_entry, name) },
	{ "runningfor", AS_MADE },
	{ "size", offsetof(struct ps_entry, size_words) },
	{ "status", offsetof(struct ps_entry, status) },
};

/* Where one stands: by the number first. */
struct place {
	char *id, *text;
	uint64_t number;
};

struct walk {
	const struct engine *g;
	const struct ps *options;
	const struct order *order; /* NULL: that of their creation */
	struct ps_view view;
	struct listing *listing;
	struct container_filters filters;
	uint64_t left; /* how many may be shown yet */
	struct place *places; /* with an order; owned */
	size_t n;
};

static int compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->number != y->number ? (x->number < y->number ? -1 : 1) : strcmp(x->text, y->text);
}

static int add_place(struct walk *w, const struct ps_entry *entry, struct err *e)
{
	struct place *p = reallocarray(w->places, w->n + 1, sizeof(*p));
	const char *text = *(char *const *)((const char *)entry + w->order->text);
	bool by_size = w->order->text == offsetof(struct ps_entry, size_words);

	if (!p)
		return err_nomem(e);
	w->places = p;
	p += w->n++;
	p->id = arena_strdup(w->view.arena, entry->id);
	p->text = arena_strdup(w->view.arena, by_size ? "" : text);
	p->number = by_size ? entry->size.bytes.written_bytes : 0;
	return p->id && p->text ? 0 : err_nomem(e);
}

static bool is_wanted(const struct container *c, const struct ps *o, const struct container_filters *f)
{
	bool state = o->all || o->latest || o->last || f->ask_state;

	return container_filters_fit(f, c) && (state || (c->phase != PHASE_CREATED && c->phase != PHASE_EXITED));
}

static int show(struct walk *w, const struct container *c, struct err *e)
{
	struct ps_entry entry = { .id = c->settings.id };
	bool quiet = w->options->quiet;
	int r = quiet && !w->order ? 0 : ps_entry_fill(&w->view, c, w->listing->format != LIST_TABLE, &entry, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r; /* removed meanwhile */
	if (w->order)
		return add_place(w, &entry, e);
	if (!quiet)
		return listing_add(w->listing, &entry, e);
	printf("%.*s\n", w->options->no_trunc ? RECORD_ID_LENGTH : ID_SHORT, entry.id);
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
	int r = show(w, c, e);

	return r < 0 ? r : --w->left == 0;
}

/* Their places are known: once more, in this order. */
static int show_sorted(struct walk *w, struct err *e)
{
	int r = 0;

	qsort(w->places, w->n, sizeof(*w->places), compare);
	w->order = NULL;
	for (size_t i = 0; i < w->n && r >= 0; i++) {
		auto_container struct container c = { 0 };

		r = container_load(w->g, w->places[i].id, &c, e);
		if (r >= 0)
			r = show(w, &c, e);
		r = r == -ENOENT ? 0 : r; /* removed meanwhile */
	}
	return r;
}

static int understand(const struct call *c, struct walk *w, uint64_t *ret_watch_s, struct err *e)
{
	const struct ps *o = c->options;

	for (size_t i = 0; o->sort && i < ARRAY_SIZE(orders); i++)
		if (streq(orders[i].key, o->sort))
			w->order = &orders[i];
	if (o->sort && !w->order)
		return err_say(e, EINVAL, "--sort %s: it is command, created, id, image, names, size or status", o->sort);
	if (w->order && w->order->text == AS_MADE)
		w->order = NULL;
	w->left = o->latest ? 1 : UINT64_MAX;
	if (o->last && (str_to_u64(o->last, INT32_MAX, &w->left) < 0 || w->left == 0))
		return err_say(e, EINVAL, "--last %s: a number, please", o->last);
	if (o->watch && (str_to_u64(o->watch, WATCH_MAX_S, ret_watch_s) < 0 || *ret_watch_s == 0))
		return err_say(e, EINVAL, "--watch %s: a number of seconds, please", o->watch);
	return container_filters_read(w->g, &o->filters, c->arena, &w->filters, e);
}

/* All of them, once. */
static int list(const struct call *call, const struct walk *how, struct arena *arena, struct err *e)
{
	const struct ps *o = call->options;
	struct call c = *call;
	struct walk w = *how;
	auto_listing struct listing listing;

	c.arena = arena; /* what is shown goes with it */
	w.view = (struct ps_view){
		.g = w.g, .arena = arena, .whole = o->no_trunc, .namespaces = o->namespaces, .pods = o->pods,
		.size = o->size || (w.order && w.order->text == offsetof(struct ps_entry, size_words)),
	};
	w.listing = &listing;
	ps_listing(&w.view, o->format, &listing);
	listing.table.no_titles = o->no_heading;
	bool all = w.filters.n || o->format || o->pods || w.view.size; /* is asked of them, not just what the usual table has */
	int r = listing_begin(&listing, &c, o->format, e);

	if (r >= 0)
		r = (all ? container_each : container_each_brief)(w.g, show_wanted, &w, e);
	if (r >= 0 && w.order)
		r = show_sorted(&w, e);
	free(w.places);
	return r < 0 || o->quiet ? r : listing_end(&listing, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct ps *o = c->options;
	auto_engine struct engine g;
	struct walk w = { .g = &g, .options = o };
	struct timespec pause = { 0 };
	uint64_t watch_s = 0;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = understand(c, &w, &watch_s, e);
	if (r < 0)
		return r;
	engine_sweep(&g);
	r = list(c, &w, c->arena, e);
	for (pause.tv_sec = (time_t)watch_s; r >= 0 && watch_s;) {
		auto_arena struct arena arena = { 0 };

		if (fflush(stdout) != 0) /* nobody looks any more */
			return err_set(e, errno, "write to standard output");
		(void)nanosleep(&pause, NULL);
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		r = list(c, &w, &arena, e);
	}
	return r;
}

/* clang-format off */
#define PS_VERB(word, more_words, group_above) { \
	.name = word, .aliases = more_words, .group = "Looking at them", .above = group_above, .arguments = "", .help = "list them", \
	.about = "List containers, the newest first. Filters: " CONTAINER_FILTERS_HELP ".", \
	.options = OPTIONS(rows, struct ps), .run = run, \
}
/* clang-format on */
const struct verb verb_ps = PS_VERB("ps", NULL, NULL);
const struct verb verb_container_ls = PS_VERB("ls", "list", &verb_container_group);
