// SPDX-License-Identifier: Apache-2.0
#include "runtime/wiring.h"

#include <errno.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/netns.h"
#include "runtime/cni_plan.h"
#include "runtime/rootless.h"
#include "runtime/user_network.h"

bool wiring_is_wanted(const struct settings *s)
{
	return streq(s->network, NETWORK_BRIDGE);
}

int wiring_find(const struct engine *g, const char *network, struct err *e)
{
	struct net_network found;

	if (cni_is_meant(network) && g->rootless) {
		err_say(e, EPERM, "network %s: plugins work on this machine's own links, which are root's", network);
		return err_hint(e, "a user's networks are bridges: `network create`");
	}
	return cni_is_meant(network) ? cni_plan_find(network, e) : network_find(g->networks, network, &found, e);
}

static int take_address(const struct engine *g, const struct net_plan *p, enum net_family f, const char *wanted,
			struct net_addr *ret, struct err *e)
{
	struct net_addr want;

	if (wanted && net_addr_parse(wanted, &want) < 0)
		return err_say(e, EINVAL, "\"%s\" is not an address", wanted);
	if (p->network.ip[f].subnet.family)
		return network_lease(g->networks, &p->network, f, p->id, wanted ? &want : NULL, ret, e);
	return wanted ? err_say(e, EINVAL, "network %s has no IPv6, and so no address %s", p->network.name, wanted) : 0;
}

static int plan_one(const struct engine *g, const struct settings *s, const struct network_wish *wish, unsigned index,
		    const char *hostname, struct arena *a, struct net_plan *ret, struct err *e)
{
	struct net_plan p = {
		.id = s->id, .name = s->name, .hostname = hostname, .index = index,
		.aliases = (const char *const *)wish->aliases.v, .n_aliases = wish->aliases.n,
		.shape = &wish->shape, .apart = g->rootless,
	};

	if (!s->no_hosts)
		p.hosts = arena_printf(a, "%s/containers/%s/hosts", g->data_path, s->id);
	int r = p.hosts || s->no_hosts ? network_find(g->networks, wish->network, &p.network, e) : err_nomem(e);

	if (r >= 0)
		r = net_egress_of_words(&s->egress, a, &p.egress, e);
	if (wish->interface)
		snprintf(p.interface, sizeof(p.interface), "%s", wish->interface);
	if (r >= 0 && wish->mac && net_mac_parse(wish->mac, p.mac) < 0)
		r = err_say(e, EINVAL, "\"%s\" is not a hardware address", wish->mac);
	for (enum net_family f = 0; f < NET_FAMILIES && r >= 0; f++)
		r = take_address(g, &p, f, f == NET_V4 ? wish->ip : wish->ip6, &p.address[f], e);
	if (r >= 0)
		*ret = p;
	return r;
}

/* One of them, of either kind: the @index'th of the container. */
static int take_one(const struct engine *g, const struct settings *s, const struct network_wish *wish, unsigned index,
		    const char *hostname, struct wiring *w, struct err *e)
{
	if (cni_is_meant(wish->network))
		return cni_plan_make(g, s, wish, index, hostname, w->arena, &w->cni[w->n_cni++], e);
	return plan_one(g, s, wish, index, hostname, w->arena, &w->plans[w->n++], e);
}

/* Ports go to the first network that leads in from outside. */
static int add_port(struct wiring *w, const char *text, struct err *e)
{
	struct net_plan *bearer = w->plans; /* which says why it cannot have any */

	for (size_t i = w->n; i-- > 0;)
		if (w->plans[i].network.driver == NET_BRIDGE && !w->plans[i].network.internal)
			bearer = &w->plans[i];
	if (w->n_cni && (!w->n || bearer->network.driver != NET_BRIDGE || bearer->network.internal))
		return net_port_parse(w->arena, text, &w->cni->request.ports, &w->cni->request.n_ports, e);
	return net_port_parse(w->arena, text, &bearer->ports, &bearer->n_ports, e);
}

int wiring_take(const struct engine *g, const struct settings *s, const char *hostname, struct arena *a,
		struct wiring *ret, struct err *e)
{
	struct wiring w = {
		.arena = a,
		.plans = arena_array(a, s->networks.n + 1, sizeof(*w.plans)),
		.cni = arena_array(a, s->networks.n + 1, sizeof(*w.cni)),
	};
	int r = w.plans && w.cni ? 0 : err_nomem(e);

	for (size_t i = 0; i < s->networks.n && r >= 0; i++)
		r = take_one(g, s, &s->networks.v[i], (unsigned)i, hostname, &w, e);
	if (r >= 0 && s->ports.n && !s->networks.n)
		r = err_say(e, EINVAL, "container %s is on no network: no port can be published", s->name);
	for (size_t i = 0; i < s->ports.n && r >= 0; i++)
		r = add_port(&w, s->ports.v[i], e);
	if (r >= 0)
		*ret = w;
	return r;
}

int wiring_visit(const struct engine *g, int (*f)(void *arg, struct err *e), void *arg, struct err *e)
{
	if (!g->rootless)
		return f(arg, e);
	auto_fd int netns = rootless_network(g->run, e);

	return netns < 0 ? netns : netns_call(netns, f, arg, e);
}

struct joining {
	const struct engine *g;
	struct wiring *w;
	int netns;
};

static int join_bridges(void *arg, struct err *e)
{
	const struct joining *j = arg;
	struct wiring *w = j->w;
	int r = 0;

	for (size_t i = 0; i < w->n && r >= 0; i++)
		r = network_attach(j->g->networks, &w->plans[i], j->netns, w->plans[i].n_ports ? &w->hold : NULL, e);
	return r;
}

/* What is done in this network namespace, before the other one is entered where the bridges are. */
static int prepare_for_user(const struct engine *g, struct wiring *w, int *ret_uplink, struct err *e)
{
	bool leads_out = false;
	int r = 0;

	for (size_t i = 0; i < w->n && r >= 0; i++) {
		leads_out |= !w->plans[i].network.internal;
		if (!w->plans[i].n_ports)
			continue;
		auto_fd int bridges = rootless_network(g->run, e);

		r = bridges < 0 ? bridges : network_listen(g->networks, &w->plans[i], bridges, &w->hold, e);
	}
	if (r >= 0 && leads_out)
		r = *ret_uplink = uplink_hold(g, e);
	return r;
}

int wiring_attach(const struct engine *g, struct wiring *w, int netns, struct err *e)
{
	auto_fd int uplink = -1;
	int r = g->rootless ? prepare_for_user(g, w, &uplink, e) : 0;

	if (r >= 0 && w->n)
		r = wiring_visit(g, join_bridges, &(struct joining){ g, w, netns }, e);
	for (size_t i = 0; i < w->n_cni && r >= 0; i++)
		r = cni_plan_attach(g, &w->cni[i], netns, w->arena, w->cni[i].request.n_ports ? &w->hold : NULL, e);
	return r;
}

static char *text_of(struct arena *a, const struct net_addr *address)
{
	char text[NET_ADDR_MAX];

	return address->family ? arena_strdup(a, net_addr_text(address, true, text)) : NULL;
}

static int add_network(struct run_record *rec, const struct run_network *n, struct err *e)
{
	struct run_network *v = arena_array(&rec->arena, rec->networks.n + 1, sizeof(*v));

	if (!v)
		return err_nomem(e);
	if (rec->networks.n)
		memcpy(v, rec->networks.v, rec->networks.n * sizeof(*v));
	v[rec->networks.n++] = *n;
	rec->networks.v = v;
	return 0;
}

static int note(const struct net_plan *plan, struct run_record *rec, struct err *e)
{
	char name[IF_NAMESIZE], mac[NET_MAC_MAX];
	const struct net_subnet *ip = plan->network.ip;
	struct arena *a = &rec->arena;
	const struct run_network n = {
		.network = arena_strdup(a, plan->network.name),
		.interface = arena_strdup(a, net_plan_interface(plan, name)),
		.index = plan->index,
		.address = text_of(a, &plan->address[NET_V4]),
		.address6 = text_of(a, &plan->address[NET_V6]),
		.gateway = plan->network.internal ? NULL : text_of(a, &ip[NET_V4].gateway),
		.gateway6 = plan->network.internal ? NULL : text_of(a, &ip[NET_V6].gateway),
		.mac = arena_strdup(a, net_plan_mac(plan, mac)),
	};

	return add_network(rec, &n, e);
}

static int note_cni(const struct cni_plan *plan, struct run_record *rec, struct err *e)
{
	const struct cni_result *x = &plan->result;
	struct arena *a = &rec->arena;
	const struct run_network n = {
		.network = arena_strdup(a, plan->network),
		.interface = arena_strdup(a, plan->request.interface),
		.index = plan->index,
		.address = text_of(a, &x->address[NET_V4]),
		.address6 = text_of(a, &x->address[NET_V6]),
		.gateway = text_of(a, &x->gateway[NET_V4]),
		.gateway6 = text_of(a, &x->gateway[NET_V6]),
		.mac = arena_strdup(a, x->mac),
	};

	return add_network(rec, &n, e);
}

static int note_ports(const struct net_port *ports, size_t n, struct run_record *rec, struct err *e)
{
	char text[NET_PORT_MAX];

	for (size_t i = 0; i < n; i++)
		if (strv_add(&rec->arena, &rec->ports, net_port_text(&ports[i], text)) < 0)
			return err_nomem(e);
	return 0;
}

int wiring_record(const struct wiring *w, struct run_record *rec, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < w->n && r >= 0; i++) {
		r = note(&w->plans[i], rec, e);
		if (r >= 0)
			r = note_ports(w->plans[i].ports, w->plans[i].n_ports, rec, e);
	}
	for (size_t i = 0; i < w->n_cni && r >= 0; i++) {
		r = note_cni(&w->cni[i], rec, e);
		if (r >= 0)
			r = note_ports(w->cni[i].request.ports, w->cni[i].request.n_ports, rec, e);
	}
	return r;
}

int wiring_join(const struct engine *g, struct settings *s, const struct network_wish *wish, unsigned index,
		const char *hostname, int netns, struct run_record *run, struct err *e)
{
	struct net_plan plan = { .id = s->id };
	struct cni_plan cni = { .network = wish->network };
	struct wiring w = { .arena = &s->arena, .plans = &plan, .cni = &cni };
	int r = take_one(g, s, wish, index, hostname, &w, e);

	if (r >= 0)
		r = wiring_attach(g, &w, netns, e);
	return r < 0 ? r : wiring_record(&w, run, e);
}

/* Return: 1 where the record knows them and they are given back, 0 where it does not, or -errno with @e filled */
static int release_known(const struct engine *g, const struct net_plan *plan, const struct run_record *run, struct err *e)
{
	for (size_t i = 0; i < run->networks.n; i++) {
		const struct run_network *n = &run->networks.v[i];
		const char *const texts[] = { n->address, n->address6 };
		struct net_addr a;
		int r = 0;

		if (!streq(n->network, plan->network.name))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(texts) && r >= 0; k++)
			if (texts[k] && net_addr_parse(texts[k], &a) == 0)
				r = network_release(g->networks, &plan->network, plan->id, &a, e);
		return r < 0 ? r : 1;
	}
	return 0;
}

struct leaving {
	const struct engine *g;
	struct net_plan plan;
	int netns;
	bool ended;
};

static int leave(void *arg, struct err *e)
{
	const struct leaving *l = arg;

	return network_detach(l->g->networks, &l->plan, l->netns, l->ended, e);
}

int wiring_release(const struct engine *g, const char *id, const char *network, int netns, const struct run_record *run,
		   bool ended, struct err *e)
{
	struct leaving l = { .g = g, .plan.id = id, .netns = netns, .ended = ended };

	if (cni_is_meant(network))
		return cni_plan_release(g, id, network, e);
	int r = network_find(g->networks, network, &l.plan.network, e);

	if (r < 0) /* removed meanwhile, with all that belonged to it */
		return r == -ENOENT ? 0 : r;
	r = wiring_visit(g, leave, &l, e);
	if (r >= 0)
		r = release_known(g, &l.plan, run, e);
	if (r == 0)
		r = network_release(g->networks, &l.plan.network, id, NULL, e);
	if (r >= 0 && g->rootless)
		uplink_let_go(g);
	return r < 0 ? r : 0;
}
