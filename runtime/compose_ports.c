// SPDX-License-Identifier: Apache-2.0
/* compose_ports.c: --publish, --expose and --publish-all: which ports of the host are to lead to it. */
#include <errno.h>

#include "runtime/compose_parts.h"

#define IMAGE_MAX 64 /* of the ports that an image exposes */

static bool has_word(const struct strv *words, const char *word)
{
	for (size_t i = 0; i < words->n; i++)
		if (streq(words->v[i], word))
			return true;
	return false;
}

/* "80", "80-90/udp", written as the first and the last of them say. */
static int add_exposed(struct composition *c, const char *text, struct err *e)
{
	auto_arena struct arena parsed = { 0 };
	struct arena *a = &c->s->arena;
	struct net_port *p = NULL;
	size_t n = 0;

	if (strchr(text, ':'))
		return err_say(e, EINVAL, "exposed port \"%s\": one of the container alone, please", text);
	int r = net_port_parse(&parsed, text, &p, &n, e);

	if (r < 0)
		return err_wrap(e, "--expose");
	const char *protocol = net_protocol_name(p->protocol);
	char *word = n == 1 ? arena_printf(a, "%u/%s", p[0].container_port, protocol)
			    : arena_printf(a, "%u-%u/%s", p[0].container_port, p[n - 1].container_port, protocol);

	if (!word)
		return err_nomem(e);
	return has_word(&c->s->exposed, word) || strv_push(a, &c->s->exposed, word) == 0 ? 0 : err_nomem(e);
}

struct ports {
	struct net_port *v;
	size_t n;
};

static bool is_published(const struct ports *all, const struct net_port *p)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].container_port == p->container_port && all->v[i].protocol == p->protocol)
			return true;
	return false;
}

/* Those that lead nowhere yet get a free port of the host each, at each start. */
static int publish_exposed(struct composition *c, const struct ports *published, struct err *e)
{
	struct ports all = { .v = NULL };
	char text[NET_PORT_MAX];
	int r = 0;

	for (size_t i = 0; i < c->s->exposed.n && r >= 0; i++)
		r = net_port_parse(&c->spec->arena, c->s->exposed.v[i], &all.v, &all.n, e);
	for (size_t i = 0; i < all.n && r >= 0; i++)
		if (!is_published(published, &all.v[i]) &&
		    strv_add(&c->s->arena, &c->s->ports, net_port_text(&all.v[i], text)) < 0)
			r = err_nomem(e);
	return r;
}

int compose_ports(struct composition *c, struct err *e)
{
	const struct strv *image = &c->image.defaults.exposed_ports, *publish = &c->o->publish;
	struct ports all = { .v = NULL };
	struct err ignored;
	int r = 0;

	for (size_t i = 0; i < publish->n && r >= 0; i++) {
		r = net_port_parse(&c->spec->arena, publish->v[i], &all.v, &all.n, e);
		if (r >= 0 && strv_add(&c->s->arena, &c->s->ports, publish->v[i]) < 0)
			r = err_nomem(e);
	}
	if (r >= 0)
		r = net_ports_check(all.v, all.n, e);
	for (size_t i = 0; i < MIN(image->n, (size_t)IMAGE_MAX) && r >= 0; i++)
		r = add_exposed(c, image->v[i], &ignored) == -ENOMEM ? err_nomem(e) : 0; /* its nonsense is no reason to fail */
	for (size_t i = 0; i < c->o->expose.n && r >= 0; i++)
		r = add_exposed(c, c->o->expose.v[i], e);
	c->s->publish_all = c->o->publish_all;
	return r < 0 || !c->o->publish_all ? r : publish_exposed(c, &all, e);
}
