// SPDX-License-Identifier: Apache-2.0
#include "runtime/cni_plan.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"

struct cni_places cni_plan_places(void)
{
	const char *configs = getenv("NETCONFPATH"), *path = getenv("CNI_PATH");

	return (struct cni_places){ configs && *configs ? configs : CNI_CONFIGS, path && *path ? path : CNI_PATH };
}

int cni_plan_find(const char *network, struct err *e)
{
	const struct cni_places places = cni_plan_places();

	return cni_find(&places, str_after(network, NETWORK_CNI), e);
}

/* What its hosts file calls it. */
static int add_names(const struct settings *s, const struct network_wish *wish, const char *hostname, struct arena *a,
		     struct strv *ret)
{
	int r = strv_push(a, ret, s->name);

	if (r >= 0 && hostname && !streq(hostname, s->name))
		r = strv_push(a, ret, (char *)hostname);
	for (size_t i = 0; i < wish->aliases.n && r >= 0; i++)
		r = strv_push(a, ret, wish->aliases.v[i]);
	return r;
}

int cni_plan_make(const struct engine *g, const struct settings *s, const struct network_wish *wish, unsigned index,
		  const char *hostname, struct arena *a, struct cni_plan *ret, struct err *e)
{
	const char *name = str_after(wish->network, NETWORK_CNI);
	struct cni_plan p = {
		.network = wish->network,
		.index = index,
		.request = {
			.places = cni_plan_places(),
			.network = name,
			.id = s->id,
			.interface = wish->interface ? wish->interface : arena_printf(a, "eth%u", index),
			.netns = arena_printf(a, "%s/netns/%s.%s", g->run_path, s->id, name),
			.args = wish->args,
			.ips = { wish->ip, wish->ip6 },
			.mac = wish->mac,
			.aliases = wish->aliases,
			.hosts = arena_printf(a, "%s/containers/%s/hosts", g->data_path, s->id),
			.resolv = arena_printf(a, "%s/containers/%s/resolv.conf", g->data_path, s->id),
		},
	};
	const struct cni_request *q = &p.request;

	if (!q->interface || !q->netns || !q->hosts || !q->resolv || add_names(s, wish, hostname, a, &p.request.names) < 0)
		return err_nomem(e);
	*ret = p;
	return 0;
}

int cni_plan_attach(const struct engine *g, struct cni_plan *p, int netns, struct arena *a, struct net_hold *ret_hold,
		    struct err *e)
{
	auto_fd int dir = record_open(g, p->request.id, e);

	return dir < 0 ? dir : cni_add(dir, &p->request, netns, a, &p->result, ret_hold, e);
}

int cni_plan_release(const struct engine *g, const char *id, const char *network, struct err *e)
{
	auto_fd int dir = record_open(g, id, e);

	return dir < 0 ? dir : cni_delete(dir, str_after(network, NETWORK_CNI), e);
}

struct kept {
	const struct engine *g;
	const char *network;
	struct arena *arena;
	struct cni_attachment *v;
	size_t n, room;
};

/* Whoever has it on record, be it half. */
static int keep(const struct container *c, void *arg, struct err *e)
{
	struct kept *k = arg;
	const char *interface;
	auto_fd int dir = record_open(k->g, c->settings.id, e);
	int r = dir < 0 ? dir : cni_interface(dir, k->network, k->arena, &interface, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (k->n == k->room) {
		struct cni_attachment *v = arena_array(k->arena, k->n * 2 + 1, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (k->n)
			memcpy(v, k->v, k->n * sizeof(*v));
		k->v = v;
		k->room = k->n * 2 + 1;
	}
	k->v[k->n] = (struct cni_attachment){ arena_strdup(k->arena, c->settings.id), interface };
	return k->v[k->n++].id ? 0 : err_nomem(e);
}

int cni_plan_collect(const struct engine *g, const char *network, struct err *e)
{
	const struct cni_places places = cni_plan_places();
	const char *name = str_after(network, NETWORK_CNI);
	auto_arena struct arena a = { 0 };
	struct kept k = { .g = g, .network = name ? name : network, .arena = &a };
	int r = container_each(g, keep, &k, e);

	return r < 0 ? r : cni_collect(&places, k.network, k.v, k.n, e);
}
