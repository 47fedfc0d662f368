// SPDX-License-Identifier: Apache-2.0
#include "cli/port_view.h"

#include <errno.h>

int port_view(const struct container *c, struct arena *a, struct port_view *ret, struct err *e)
{
	bool runs = c->phase == PHASE_RUNNING || c->phase == PHASE_PAUSED;
	const struct strv *texts = runs && c->run.ports.n ? &c->run.ports : &c->settings.ports;
	struct port_view view = { .v = NULL };
	int r = 0;

	if (!c->settings.publish_all)
		view.exposed = c->settings.exposed;
	for (size_t i = 0; i < texts->n && r >= 0; i++)
		r = net_port_parse(a, texts->v[i], &view.v, &view.n, e);
	if (r >= 0)
		*ret = view;
	return r;
}

static const char *host_ip(const struct net_port *p, char buf[NET_ADDR_MAX])
{
	return p->host_addr.family ? net_addr_text(&p->host_addr, false, buf) : "0.0.0.0";
}

const char *port_view_host(const struct net_port *p, char buf[NET_PORT_MAX])
{
	bool six = p->host_addr.family == AF_INET6;
	char address[NET_ADDR_MAX];

	snprintf(buf, NET_PORT_MAX, "%s%s%s:%u", six ? "[" : "", host_ip(p, address), six ? "]" : "", p->host_port);
	return buf;
}

#define WORD_MAX sizeof("65535/sctp")

static const char *container_port(const struct net_port *p, char buf[WORD_MAX])
{
	snprintf(buf, WORD_MAX, "%u/%s", p->container_port, net_protocol_name(p->protocol));
	return buf;
}

/* @b continues what @a has begun @n ports before. */
static bool continues(const struct net_port *a, const struct net_port *b, size_t n)
{
	return a->host_port && b->host_port == a->host_port + n && b->container_port == a->container_port + n &&
	       a->protocol == b->protocol && memcmp(&a->host_addr, &b->host_addr, sizeof(a->host_addr)) == 0;
}

/* How many ports from this one on are one range. */
static size_t neighbours(const struct port_view *view, size_t i)
{
	size_t n = 1;

	while (i + n < view->n && continues(&view->v[i], &view->v[i + n], n))
		n++;
	return n;
}

static char *range(const struct net_port *p, size_t n, struct arena *a)
{
	char host[NET_PORT_MAX], port[WORD_MAX];

	if (!p->host_port)
		return arena_strdup(a, container_port(p, port));
	port_view_host(p, host);
	if (n == 1)
		return arena_printf(a, "%s->%s", host, container_port(p, port));
	return arena_printf(a, "%s-%zu->%u-%s", host, p->host_port + n - 1, p->container_port, container_port(&p[n - 1], port));
}

static bool is_published(const struct port_view *view, const char *exposed)
{
	char port[WORD_MAX];

	for (size_t i = 0; i < view->n; i++)
		if (streq(container_port(&view->v[i], port), exposed))
			return true;
	return false;
}

int port_view_words(const struct port_view *view, struct arena *a, struct strv *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0, n; i < view->n && r >= 0; i += n) {
		n = neighbours(view, i);
		r = strv_push(a, ret, range(&view->v[i], n, a));
	}
	for (size_t i = 0; i < view->exposed.n && r >= 0; i++)
		if (!is_published(view, view->exposed.v[i]))
			r = strv_add(a, ret, view->exposed.v[i]);
	return r < 0 ? err_nomem(e) : 0;
}

/* One place of the host among those of a container's port. */
static int add_binding(json_t *all, const struct net_port *p)
{
	char port[WORD_MAX], address[NET_ADDR_MAX], number[8];
	json_t *places = json_object_get(all, container_port(p, port));

	snprintf(number, sizeof(number), "%u", p->host_port);
	if (!places) {
		places = json_array();
		if (json_object_set_new(all, port, places) < 0)
			return -ENOMEM;
	}
	return json_array_append_new(places, json_pack("{s:s, s:s}", "HostIp", host_ip(p, address), "HostPort",
						       p->host_port ? number : "")) < 0 ? -ENOMEM : 0;
}

int put_port_bindings(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct port_view *view = value;
	json_t *all = json_object();
	int r = all ? 0 : -ENOMEM;

	(void)f;
	for (size_t i = 0; i < view->n && r >= 0; i++)
		r = add_binding(all, &view->v[i]);
	if (r < 0) {
		json_decref(all);
		return err_nomem(e);
	}
	*ret = all;
	return 0;
}

/* @word: for each that is not there yet */
static int add_exposed(const struct port_view *view, json_t *all, json_t *word)
{
	int r = 0;

	for (size_t i = 0; i < view->exposed.n && r >= 0; i++)
		if (!json_object_get(all, view->exposed.v[i]))
			r = json_object_set(all, view->exposed.v[i], word);
	json_decref(word);
	return r;
}

int put_ports(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	int r = put_port_bindings(f, value, ret, e);

	if (r < 0 || add_exposed(value, *ret, json_null()) == 0)
		return r;
	json_decref(*ret);
	return err_nomem(e);
}

int put_exposed_ports(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct port_view *view = value;
	json_t *all = json_object();
	char port[WORD_MAX];
	int r = all ? add_exposed(view, all, json_object()) : -ENOMEM;

	(void)f;
	for (size_t i = 0; i < view->n && r >= 0; i++)
		r = json_object_set_new(all, container_port(&view->v[i], port), json_object());
	if (r < 0) {
		json_decref(all);
		return err_nomem(e);
	}
	*ret = all;
	return 0;
}

int put_port_list(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct port_view *view = value;
	json_auto_t *all = json_array();
	char address[NET_ADDR_MAX];
	int r = all ? 0 : -ENOMEM;

	(void)f;
	for (size_t i = 0, n; i < view->n && r >= 0; i += n) {
		const struct net_port *p = &view->v[i];

		n = neighbours(view, i);
		r = json_array_append_new(all, json_pack("{s:s, s:i, s:i, s:i, s:s}", "host_ip",
							 p->host_addr.family ? host_ip(p, address) : "", "container_port",
							 p->container_port, "host_port", p->host_port, "range", (int)n,
							 "protocol", net_protocol_name(p->protocol)));
	}
	if (r < 0)
		return err_nomem(e);
	*ret = json_incref(all);
	return 0;
}
