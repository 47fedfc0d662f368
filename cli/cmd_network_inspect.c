// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/inspect.h"
#include "cli/network_view.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/networks.h"

struct inspect {
	const char *format;
};

static const struct option rows[] = {
	OPT_STRING(struct inspect, format, "format", 'f', "FORMAT", "json, or a template such as {{.Subnets}}"),
};

/* One network, and what is found out about it. */
struct look {
	struct arena *arena;
	const char *name;
	struct network_view view;
	bool found;
	size_t room;
};

static int take(const struct net_network *n, const struct spec_map *labels, void *arg, struct err *e)
{
	struct look *l = arg;

	if (!streq(n->name, l->name) && !streq(n->id, l->name))
		return 0;
	int r = network_view_fill(n, labels, l->arena, &l->view, e);

	l->found = r >= 0;
	return r < 0 ? r : 1; /* it is the only one */
}

static int fill_interface(const struct run_network *at, struct arena *a, struct network_member *ret, struct err *e)
{
	const char *const texts[][2] = { { at->address, at->gateway }, { at->address6, at->gateway6 } };
	struct network_interface *i = arena_alloc(a, sizeof(*i));

	if (!i)
		return err_nomem(e);
	i->subnets.v = arena_array(a, ARRAY_SIZE(texts), sizeof(*i->subnets.v));
	i->name = arena_strdup(a, at->interface);
	i->mac = arena_strdup(a, at->mac ? at->mac : "");
	if (!i->subnets.v || !i->name || !i->mac)
		return err_nomem(e);
	for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
		struct network_subnet *s = &i->subnets.v[i->subnets.n];

		if (!texts[k][0])
			continue;
		s->subnet = arena_strdup(a, texts[k][0]);
		s->gateway = texts[k][1] ? arena_strndup(a, texts[k][1], strcspn(texts[k][1], "/")) : NULL;
		if (!s->subnet)
			return err_nomem(e);
		i->subnets.n++;
	}
	ret->interfaces.v = i;
	ret->interfaces.n = 1;
	return 0;
}

/* Those that run are on it now; the others have a wish only. */
static int add_member(const struct container *c, const struct network_wish *wish, void *arg, struct err *e)
{
	struct look *l = arg;
	struct network_member m = { .id = arena_strdup(l->arena, c->settings.id), .name = arena_strdup(l->arena, c->settings.name) };
	int r = m.id && m.name ? 0 : err_nomem(e);

	if (c->phase != PHASE_RUNNING && c->phase != PHASE_PAUSED)
		return r;
	for (size_t i = 0; i < c->run.networks.n && r >= 0; i++)
		if (streq(c->run.networks.v[i].network, wish->network))
			r = fill_interface(&c->run.networks.v[i], l->arena, &m, e);
	if (r < 0 || !m.interfaces.n)
		return r;
	if (l->view.members.n == l->room) {
		size_t room = MAX(l->room * 2, (size_t)8);
		struct network_member *v = arena_array(l->arena, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (l->room)
			memcpy(v, l->view.members.v, l->room * sizeof(*v));
		l->view.members.v = v;
		l->room = room;
	}
	l->view.members.v[l->view.members.n++] = m;
	return 0;
}

int inspect_network(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e)
{
	struct look l = { .arena = how->arena, .name = name };
	const struct engine *g = how->g;
	struct net_network standing;
	struct err ignored;

	if (streq(name, NET_DEFAULT))
		(void)network_find(g->networks, name, &standing, &ignored); /* it is there for whoever asks for it */
	int r = network_each(g->networks, take, &l, e);

	if (r >= 0 && !l.found)
		return err_say(e, ENOENT, "no such network: %s", name);
	if (r >= 0)
		r = engine_network_users(g, l.view.name, add_member, &l, e);
	return r < 0 ? r : network_view_json(&l.view, true, template, ret, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct inspect *o = c->options;
	auto_engine struct engine g;
	const struct inspection how = { .g = &g, .format = o->format, .arena = c->arena, .find = inspect_network };
	int r = verb_engine(c, &g, e);

	return r < 0 ? r : inspect_each(c, &how, e);
}

const struct verb verb_network_inspect = {
	.name = "inspect",
	.above = &verb_network,
	.arguments = "NETWORK…",
	.help = "all that is known, as JSON",
	.about = "Show all that is known of networks, and which containers are on them now.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct inspect),
	.run = run,
};
