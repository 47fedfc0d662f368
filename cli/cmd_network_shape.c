// SPDX-License-Identifier: Apache-2.0
/* network shape: links of containers made slow or unreliable. */
#include <errno.h>

#include "cli/output.h"
#include "cli/shape_view.h"
#include "cli/verbs.h"
#include "runtime/networks.h"

struct shape {
	const char *network, *rate, *delay, *distribution, *loss, *duplicate, *reorder, *corrupt, *format;
	struct strv to;
	bool clear;
};

/* clang-format off */
static const struct option rows[] = {
	OPT_STRING(struct shape, network, "network", 0, "NAME", "one of its networks; default: all of them"),
	OPT_LIST(struct shape, to, "to", 0, "CIDR", "only from and to these addresses; the longest prefix counts"),
	OPT_STRING(struct shape, rate, "rate", 0, "IN/OUT",
		   "bits in a second that it receives and sends: 10mbit, 500k/2m, 1MB/s, /1gbit"),
	OPT_STRING(struct shape, delay, "delay", 0, "TIME[±TIME]", "of each packet each way: 80ms, 80ms±10ms (or +-)"),
	OPT_STRING(struct shape, distribution, "distribution", 0, "NAME", "of the delay: uniform (default) or normal"),
	OPT_STRING(struct shape, loss, "loss", 0, "PERCENT", "packets that are lost each way"),
	OPT_STRING(struct shape, duplicate, "duplicate", 0, "PERCENT", "… that come twice"),
	OPT_STRING(struct shape, reorder, "reorder", 0, "PERCENT", "… that overtake the delayed ones"),
	OPT_STRING(struct shape, corrupt, "corrupt", 0, "PERCENT", "… with a wrong bit"),
	OPT_FLAG(struct shape, clear, "clear", 0, "take away what there is, with --to for these addresses"),
	OPT_STRING(struct shape, format, "format", 0, "FORMAT", "of what is printed: table, json, or a template such as {{.Delay}}"),
};
/* clang-format on */

static const struct column columns[] = { { "NETWORK", 0 },   { "TO", 0 },   { "RATE IN", 0 },	{ "RATE OUT", 0 }, { "DELAY", 0 },
					 { "LOSS", 0 }, { "DUPLICATE", 0 }, { "REORDER", 0 }, { "CORRUPT", 0 } };

static int add_row(struct table *t, const void *entry, struct err *e)
{
	const struct shape_view *v = entry;
	const char *const cells[] = { v->network, *v->to ? v->to : "others", v->rate_in, v->rate_out, v->delay, v->loss,
				      v->duplicate, v->reorder, v->corrupt };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cells) && r >= 0; i++)
		r = table_add(t, e, "%s%s", *cells[i] ? cells[i] : "-",
			      cells[i] == v->delay && streq(v->distribution, "normal") ? " normal" : "");
	return r;
}

static int print(const struct call *c, const struct engine *g, const char *id, struct err *e)
{
	const struct shape *o = c->options;
	auto_listing struct listing listing = {
		.table = { .columns = columns, .n_columns = ARRAY_SIZE(columns) },
		.fields = shape_view_fields,
		.n_fields = SHAPE_VIEW_FIELDS,
		.add_row = add_row,
	};
	auto_container struct container ct = { 0 };
	const struct network_wishes *all = &ct.settings.networks;
	struct shape_views views = { 0 };
	bool found = !o->network;
	int r = listing_begin(&listing, c, o->format, e);

	if (r >= 0)
		r = container_load(g, id, &ct, e);
	for (size_t i = 0; i < all->n && r >= 0; i++) {
		if (o->network && !streq(o->network, all->v[i].network))
			continue;
		found = true;
		r = shape_view_add(&all->v[i], c->arena, &views, e);
	}
	if (r >= 0 && !found)
		return err_say(e, ENOENT, "container %s is not on network %s", ct.settings.name, o->network);
	for (size_t i = 0; i < views.n && r >= 0; i++)
		r = listing_add(&listing, &views.v[i], e);
	return r < 0 ? r : listing_end(&listing, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct shape *o = c->options;
	const struct spec_pair given[] = {
		{ (char *)"rate", (char *)o->rate },	     { (char *)"delay", (char *)o->delay },
		{ (char *)"loss", (char *)o->loss },	     { (char *)"distribution", (char *)o->distribution },
		{ (char *)"reorder", (char *)o->reorder },   { (char *)"duplicate", (char *)o->duplicate },
		{ (char *)"corrupt", (char *)o->corrupt },
	};
	struct spec_pair values[ARRAY_SIZE(given)];
	struct network_shaping want = { .network = o->network, .to = o->to, .values.v = values, .clear = o->clear };
	char id[CONTAINER_ID_MAX];
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = verb_container(&g, c->args[0], id, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		if (given[i].value)
			values[want.values.n++] = given[i];
	if (want.values.n || want.clear)
		return engine_network_shape(&g, id, &want, e);
	return want.to.n ? err_say(e, EINVAL, "--to says for whom: say what, too, such as --delay 80ms, or --clear") :
			   print(c, &g, id, e);
}

const struct verb verb_network_shape = {
	.name = "shape",
	.above = &verb_network,
	.arguments = "CONTAINER",
	.help = "make a container's link slow or unreliable",
	.about = "Limit how fast a container's link is, and make it as bad as real ones are: at once where the container runs, and at "
		 "each start. What is not named stays as it is, 0 takes it back. Without an option that changes something it prints "
		 "what is set. Rates are written as for tc: k, m, g and t are bits in a second, kbps and the like, and kB/s, are "
		 "bytes. The rate without --to is that of all together. Delay, loss and the others are each way, so an answer takes "
		 "twice the delay; they need the kernel's module sch_netem. A container that has CAP_NET_ADMIN can take away what "
		 "limits what it sends.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct shape),
	.run = run,
};
