// SPDX-License-Identifier: Apache-2.0
/* network connect and disconnect: of containers that run, and of those that do not, for their next start. */
#include <errno.h>

#include "cli/verbs.h"
#include "runtime/compose_parts.h"
#include "runtime/networks.h"

struct connect {
	const char *ip, *ip6, *mac, *interface;
	struct strv aliases;
};

static const struct option connect_rows[] = {
	OPT_STRING(struct connect, ip, "ip", 0, "ADDRESS", "its address there"),
	OPT_STRING(struct connect, ip6, "ip6", 0, "ADDRESS", "the same of IPv6"),
	OPT_STRING(struct connect, mac, "mac-address", 0, "ADDRESS", "its hardware address there"),
	OPT_STRING(struct connect, interface, "interface-name", 0, "NAME", "what its interface is called; default: the next ethN"),
	OPT_LIST(struct connect, aliases, "alias", 0, "NAME", "what others of the network call it, too"),
};

static int run_connect(const struct call *c, struct err *e)
{
	const struct connect *o = c->options;
	struct network_wish wish = { .network = c->args[0] };
	const struct {
		const char *key, *value;
	} given[] = { { "ip", o->ip }, { "ip6", o->ip6 }, { "mac", o->mac }, { "interface_name", o->interface } };
	char id[CONTAINER_ID_MAX];
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	for (size_t i = 0; i < ARRAY_SIZE(given) && r >= 0; i++)
		if (given[i].value)
			r = network_wish_set(c->arena, &wish, given[i].key, given[i].value, e);
	for (size_t i = 0; i < o->aliases.n && r >= 0; i++)
		r = network_wish_set(c->arena, &wish, "alias", o->aliases.v[i], e);
	if (r >= 0)
		r = verb_container(&g, c->args[1], id, e);
	return r < 0 ? r : engine_network_connect(&g, id, &wish, e);
}

const struct verb verb_network_connect = {
	.name = "connect",
	.above = &verb_network,
	.arguments = "NETWORK CONTAINER",
	.help = "put a container on one more",
	.about = "Put a container on one more network: at once where it runs, and at each start. The others learn its names.",
	.min_args = 2,
	.max_args = 2,
	.options = OPTIONS(connect_rows, struct connect),
	.run = run_connect,
};

struct disconnect {
	bool force;
};

static const struct option disconnect_rows[] = {
	OPT_FLAG(struct disconnect, force, "force", 'f', "a container that is not on it, or is not there, is fine"),
};

static int run_disconnect(const struct call *c, struct err *e)
{
	const struct disconnect *o = c->options;
	char id[CONTAINER_ID_MAX];
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	r = verb_container(&g, c->args[1], id, e);
	if (r >= 0)
		r = engine_network_disconnect(&g, id, c->args[0], e);
	return r == -ENOENT && o->force ? 0 : r;
}

const struct verb verb_network_disconnect = {
	.name = "disconnect",
	.above = &verb_network,
	.arguments = "NETWORK CONTAINER",
	.help = "take a container off one",
	.about = "Take a container off a network: at once where it runs, and for its next starts.",
	.min_args = 2,
	.max_args = 2,
	.options = OPTIONS(disconnect_rows, struct disconnect),
	.run = run_disconnect,
};
