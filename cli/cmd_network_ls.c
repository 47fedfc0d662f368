// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "cli/network_filter.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/networks.h"

struct ls {
	const char *format;
	struct strv filters;
	bool quiet, no_trunc, no_heading;
};

static const struct option rows[] = {
	OPT_FLAG(struct ls, quiet, "quiet", 'q', "names only"),
	OPT_FLAG(struct ls, no_trunc, "no-trunc", 0, "whole ids"),
	OPT_FLAG(struct ls, no_heading, "noheading", 'n', "no titles above the columns"),
	OPT_LIST(struct ls, filters, "filter", 'f', "KEY=VALUE", "those with this " NETWORK_FILTERS_HELP),
	OPT_STRING(struct ls, format, "format", 0, "FORMAT", "table, json, or a template such as {{.Name}}"),
};

static const struct column columns[] = { { "NETWORK ID", 0 }, { "NAME", 0 }, { "DRIVER", 0 }, { "SUBNETS", 0 } };

struct walk {
	const struct call *call;
	const struct engine *g;
	struct network_filters filters;
	struct network_view *v;
	size_t n, room;
};

static int one_is_enough(const struct container *c, const struct network_wish *wish, void *arg, struct err *e)
{
	(void)c;
	(void)wish;
	(void)arg;
	(void)e;
	return 1;
}

static int add(const struct net_network *n, const struct spec_map *labels, void *arg, struct err *e)
{
	struct arena *a = ((struct walk *)arg)->call->arena;
	struct network_view view;
	struct walk *w = arg;
	int r = network_view_fill(n, labels, a, &view, e);
	int used = r;

	if (r >= 0 && w->filters.need_use)
		used = engine_network_users(w->g, n->name, one_is_enough, NULL, e);
	if (used < 0)
		return used;
	if (!network_filters_fit(&w->filters, &view, used))
		return 0;
	if (w->n == w->room) {
		size_t room = MAX(w->room * 2, (size_t)16);
		struct network_view *v = arena_array(a, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (w->n)
			memcpy(v, w->v, w->n * sizeof(*v));
		w->v = v;
		w->room = room;
	}
	w->v[w->n++] = view;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct network_view *)a)->name, ((const struct network_view *)b)->name);
}

static int add_row(struct table *t, const struct network_view *v, struct err *e)
{
	int r = table_add_id(t, v->id, e);

	if (r >= 0)
		r = table_add(t, e, "%s", v->name);
	if (r >= 0)
		r = table_add(t, e, "%s", v->driver);
	if (r < 0)
		return r;
	return v->subnets.n > 1 ? table_add(t, e, "%s, %s", v->subnets.v[0].subnet, v->subnets.v[1].subnet)
				: table_add(t, e, "%s", v->subnets.v[0].subnet);
}

static int print(const struct walk *w, struct listing *l, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < w->n && r >= 0; i++) {
		json_auto_t *object = NULL;

		if (l->format == LIST_TABLE) {
			r = add_row(&l->table, &w->v[i], e);
			continue;
		}
		r = network_view_json(&w->v[i], false, l->format != LIST_JSON, &object, e);
		if (r >= 0)
			r = listing_add_object(l, object, e);
	}
	return r < 0 ? r : listing_end(l, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct ls *o = c->options;
	auto_listing struct listing how = {
		.table = { .columns = columns, .n_columns = ARRAY_SIZE(columns), .whole = o->no_trunc, .no_titles = o->no_heading },
	};
	struct walk w = { .call = c };
	struct net_network standing;
	struct err ignored;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	w.g = &g;
	if (r >= 0)
		r = listing_begin(&how, c, o->format, e);
	if (r >= 0)
		r = network_filters_read(&o->filters, c->arena, &w.filters, e);
	if (r < 0)
		return r;
	(void)network_find(g.networks, NET_DEFAULT, &standing, &ignored); /* it is there for whoever asks for it */
	r = network_each(g.networks, add, &w, e);
	if (r < 0)
		return r;
	if (w.n)
		qsort(w.v, w.n, sizeof(*w.v), by_name);
	if (!o->quiet)
		return print(&w, &how, e);
	for (size_t i = 0; i < w.n; i++)
		output_line(w.v[i].name);
	return 0;
}

const struct verb verb_network_ls = {
	.name = "ls",
	.aliases = "list",
	.above = &verb_network,
	.arguments = "",
	.help = "which there are",
	.about = "List the networks. The default one, which containers are on unless they say otherwise, is called paene.",
	.options = OPTIONS(rows, struct ls),
	.run = run,
};
