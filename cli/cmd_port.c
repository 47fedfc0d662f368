// SPDX-License-Identifier: Apache-2.0
/* port: which ports of the host lead to a container. */
#include <errno.h>
#include <stdio.h>

#include "cli/port_view.h"
#include "cli/verbs.h"

struct port {
	bool all, latest;
};

static const struct option rows[] = {
	OPT_FLAG(struct port, all, "all", 'a', "of all that run, with their ids"),
	LATEST_ROW(struct port, latest),
};

/* @wanted: a port and a protocol, of which the place alone is shown; NULL: all. Return: how many */
static size_t print(const struct port_view *view, const struct net_port *wanted, const char *id)
{
	char host[NET_PORT_MAX];
	size_t printed = 0;

	for (size_t i = 0; i < view->n; i++) {
		const struct net_port *p = &view->v[i];

		if (!p->host_port || (wanted && (p->container_port != wanted->container_port || p->protocol != wanted->protocol)))
			continue;
		if (id)
			printf("%.12s\t", id);
		if (!wanted)
			printf("%u/%s -> ", p->container_port, net_protocol_name(p->protocol));
		printf("%s\n", port_view_host(p, host));
		printed++;
	}
	return printed;
}

static int show(const struct container *c, void *arg, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct port_view view = { .v = NULL };

	(void)arg;
	if (c->phase != PHASE_RUNNING && c->phase != PHASE_PAUSED)
		return 0;
	int r = port_view(c, &a, &view, e);

	if (r >= 0)
		(void)print(&view, NULL, c->settings.id);
	return r;
}

/* "80", "53/udp" */
static int parse(const char *text, struct arena *a, struct net_port *ret, struct err *e)
{
	struct net_port *p = NULL;
	size_t n = 0;

	if (strchr(text, ':') || net_port_parse(a, text, &p, &n, e) < 0 || n != 1)
		return err_say(e, EINVAL, "port \"%s\": one of the container's, 1 to 65535, with /udp or /sctp where it is not tcp", text);
	*ret = *p;
	return 0;
}

static int show_one(const struct call *c, const struct engine *g, struct err *e)
{
	auto_container struct container box = { 0 };
	struct port_view view = { .v = NULL };
	struct net_port wanted = { 0 };
	char id[CONTAINER_ID_MAX];
	char *const *port;
	int r = verb_named(c, g, ((const struct port *)c->options)->latest, id, &port, e);

	if (r >= 0 && *port)
		r = parse(*port, c->arena, &wanted, e);
	if (r >= 0)
		r = container_load(g, id, &box, e);
	if (r >= 0)
		r = port_view(&box, c->arena, &view, e);
	if (r < 0)
		return r;
	if (print(&view, *port ? &wanted : NULL, NULL) || !*port)
		return 0;
	return err_say(e, ENOENT, "container %s: port %u/%s is not published", box.settings.name, wanted.container_port,
		       net_protocol_name(wanted.protocol));
}

static int run(const struct call *c, struct err *e)
{
	const struct port *o = c->options;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	if (o->all && (o->latest || c->n_args))
		return err_say(e, EINVAL, "--all leaves no place for names");
	return o->all ? container_each(&g, show, NULL, e) : show_one(c, &g, e);
}

const struct verb verb_port = {
	.name = "port",
	.group = "Looking at them",
	.arguments = "[CONTAINER] [PORT[/udp|/sctp]]",
	.help = "which host ports lead to it",
	.about = "Show which ports of this host lead to a container: all of them, or those that lead to one of its ports.",
	.max_args = 2,
	.options = OPTIONS(rows, struct port),
	.run = run,
};
