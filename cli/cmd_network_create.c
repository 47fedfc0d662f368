// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/in.h>

#include "cli/output.h"
#include "cli/pairs.h"
#include "cli/verbs.h"
#include "runtime/networks.h"

struct create {
	const char *driver, *interface;
	struct strv subnets, gateways, ranges, labels, options;
	struct strv dns;
	bool ipv6, internal, ignore, disable_dns;
	const char *mtu;
	bool isolate;
};

static const struct option rows[] = {
	OPT_STRING(struct create, driver, "driver", 'd', "NAME", "bridge (default), macvlan or ipvlan"),
	OPT_LIST(struct create, subnets, "subnet", 0, "SUBNET", "10.1.2.0/24, and one of IPv6; default: one that is free"),
	OPT_LIST(struct create, gateways, "gateway", 0, "ADDRESS", "the bridge's own, or the router's; default: the first"),
	OPT_LIST(struct create, ranges, "ip-range", 0, "RANGE", "10.1.2.128/25 or FIRST-LAST: where addresses are taken from"),
	OPT_FLAG(struct create, ipv6, "ipv6", '6', "IPv6 beside IPv4, in a local subnet unless one is given"),
	OPT_FLAG(struct create, internal, "internal", 0, "no way out, and no published ports"),
	OPT_FLAG(struct create, isolate, "isolate", 0, "other isolated networks do not reach it by published ports either"),
	OPT_FLAG(struct create, disable_dns, "disable-dns", 0, "containers are not told each other's names"),
	OPT_LIST(struct create, dns, "dns", 0, "ADDRESS", "its containers ask this nameserver instead of the host's"),
	OPT_STRING(struct create, mtu, "mtu", 0, "BYTES", "the largest packet"),
	OPT_STRING(struct create, interface, "interface-name", 0, "LINK",
		   "what the bridge is called; of macvlan and ipvlan the parent"),
	OPT_LIST(struct create, options, "opt", 'o', "KEY=VALUE", "mtu=, isolate=, mode=, parent="),
	OPT_LIST(struct create, labels, "label", 0, "KEY=VALUE", "a note about it"),
	OPT_FLAG(struct create, ignore, "ignore", 0, "one of this name may be there"),
};

static int set_driver(struct net_network *n, const char *value, struct err *e)
{
	for (uint32_t i = 0; i < NET_DRIVER_COUNT; i++)
		if (streq(net_driver_names[i], value)) {
			n->driver = i;
			return 0;
		}
	return err_say(e, EINVAL, "--driver %s: it is bridge, macvlan or ipvlan", value);
}

static int set_mtu(struct net_network *n, const char *value, struct err *e)
{
	uint64_t mtu;

	if (str_to_u64(value, UINT16_MAX, &mtu) < 0 || mtu == 0)
		return err_say(e, EINVAL, "an mtu is a number of bytes up to 65535, not \"%s\"", value);
	n->mtu = (uint32_t)mtu;
	return 0;
}

static int set_isolate(struct net_network *n, const char *value, struct err *e)
{
	n->isolate = streq(value, "true") || streq(value, "1");
	if (n->isolate || streq(value, "false") || streq(value, "0"))
		return 0;
	return err_say(e, EINVAL, "isolate is true or false, not \"%s\"", value);
}

static int set_mode(struct net_network *n, const char *value, struct err *e)
{
	if (!*value || strlen(value) >= sizeof(n->mode))
		return err_say(e, EINVAL, "there is no mode \"%s\"", value);
	snprintf(n->mode, sizeof(n->mode), "%s", value);
	return 0;
}

static int set_link(struct net_network *n, const char *value, struct err *e)
{
	if (!net_link_name_is_good(value))
		return err_say(e, EINVAL, "\"%s\" cannot be a link's name", value);
	snprintf(n->bridge, sizeof(n->bridge), "%s", value);
	return 0;
}

static int set_parent(struct net_network *n, const char *value, struct err *e)
{
	if (n->driver == NET_BRIDGE)
		return err_say(e, EINVAL, "a bridge has no parent; --driver macvlan or ipvlan does");
	return set_link(n, value, e);
}

static int refuse_vlan(struct net_network *n, const char *value, struct err *e)
{
	(void)n;
	err_say(e, EINVAL, "a bridge here has containers and nothing else on it, so there is no VLAN %s to share", value);
	return err_hint(e, "make a network for each, or --driver macvlan -o parent=LINK on a VLAN's link of this host");
}

/* -o, with the names that docker has, too. */
static const struct {
	const char *key;
	int (*set)(struct net_network *n, const char *value, struct err *e);
} keys[] = {
	{ "mtu", set_mtu },
	{ "com.docker.network.driver.mtu", set_mtu },
	{ "isolate", set_isolate },
	{ "mode", set_mode },
	{ "macvlan_mode", set_mode },
	{ "ipvlan_mode", set_mode },
	{ "parent", set_parent },
	{ "vlan", refuse_vlan },
	{ "com.docker.network.bridge.name", set_link },
};

static int set_option(struct net_network *n, const char *word, struct err *e)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; word[len] && i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].key) == len && memcmp(keys[i].key, word, len) == 0) {
			int r = keys[i].set(n, word + len + 1, e);

			return r < 0 ? err_wrap(e, "--opt %s", word) : 0;
		}
	err_say(e, EINVAL, "--opt %s: there is no such option", word);
	return err_hint(e, "there are mtu=, isolate=, and for macvlan and ipvlan mode= and parent=");
}

static int set_dns(struct net_network *n, const struct strv *words, struct err *e)
{
	if (words->n > NET_DNS_MAX)
		return err_say(e, EINVAL, "--dns: no more than %d nameservers, please", NET_DNS_MAX);
	for (size_t i = 0; i < words->n; i++)
		if (strchr(words->v[i], '/') || net_addr_parse(words->v[i], &n->dns[i]) < 0)
			return err_say(e, EINVAL, "--dns %s: an address, please", words->v[i]);
	return 0;
}

static int set_options(struct net_network *n, const struct create *o, struct err *e)
{
	int r = o->driver ? set_driver(n, o->driver, e) : 0;

	for (size_t i = 0; i < o->options.n && r >= 0; i++)
		r = set_option(n, o->options.v[i], e);
	if (r >= 0 && o->mtu)
		r = set_mtu(n, o->mtu, e);
	if (r >= 0 && o->interface)
		r = set_link(n, o->interface, e);
	if (r >= 0)
		r = set_dns(n, &o->dns, e);
	n->no_names = o->disable_dns;
	n->internal = o->internal;
	n->isolate |= o->isolate;
	return r;
}

static struct net_subnet *of_family(struct net_network *n, const struct net_addr *a)
{
	return &n->ip[a->family == AF_INET6 ? NET_V6 : NET_V4];
}

static int set_subnet(struct net_network *n, const char *text, struct err *e)
{
	struct net_addr a;

	if (!strchr(text, '/') || net_addr_parse(text, &a) < 0)
		return err_say(e, EINVAL, "--subnet %s: an address and the bits of its subnet, as 10.1.2.0/24, please", text);
	if (of_family(n, &a)->subnet.family)
		return err_say(e, EINVAL, "--subnet %s: there is one of this family already", text);
	of_family(n, &a)->subnet = a;
	return 0;
}

static int set_gateway(struct net_network *n, const char *text, struct err *e)
{
	struct net_addr a;

	if (strchr(text, '/') || net_addr_parse(text, &a) < 0)
		return err_say(e, EINVAL, "--gateway %s: an address, please", text);
	if (!of_family(n, &a)->subnet.prefix)
		return err_say(e, EINVAL, "--gateway %s: give the --subnet that it is in", text);
	of_family(n, &a)->gateway = a;
	return 0;
}

/* "10.1.2.128/25", "10.1.2.5-10.1.2.9" */
static int parse_range(const char *text, struct net_addr *ret_first, struct net_addr *ret_last)
{
	char first[NET_ADDR_MAX];
	const char *dash = strchr(text, '-');

	if (!dash) {
		struct net_addr range;

		if (!strchr(text, '/') || net_addr_parse(text, &range) < 0)
			return -EINVAL;
		net_subnet_ends(&range, ret_first, ret_last);
		return 0;
	}
	if ((size_t)(dash - text) >= sizeof(first) || strchr(text, '/'))
		return -EINVAL;
	snprintf(first, sizeof(first), "%.*s", (int)(dash - text), text);
	if (net_addr_parse(first, ret_first) < 0 || net_addr_parse(dash + 1, ret_last) < 0)
		return -EINVAL;
	return ret_first->family == ret_last->family ? 0 : -EINVAL;
}

static int set_range(struct net_network *n, const char *text, struct err *e)
{
	struct net_addr first, last;

	if (parse_range(text, &first, &last) < 0)
		return err_say(e, EINVAL, "--ip-range %s: 10.1.2.128/25 or 10.1.2.5-10.1.2.9, please", text);
	struct net_subnet *s = of_family(n, &first);

	if (!s->subnet.prefix)
		return err_say(e, EINVAL, "--ip-range %s: give the --subnet that it is in", text);
	if (s->first.family)
		return err_say(e, EINVAL, "--ip-range %s: there is one of this family already", text);
	s->first = first;
	s->last = last;
	return 0;
}

static int set_subnets(struct net_network *n, const struct create *o, struct err *e)
{
	const struct {
		const struct strv *words;
		int (*set)(struct net_network *n, const char *text, struct err *e);
	} steps[] = {
		{ &o->subnets, set_subnet }, { &o->gateways, set_gateway }, { &o->ranges, set_range },
	};
	int r = 0;

	for (size_t s = 0; s < ARRAY_SIZE(steps); s++)
		for (size_t i = 0; i < steps[s].words->n && r >= 0; i++)
			r = steps[s].set(n, steps[s].words->v[i], e);
	if (o->ipv6)
		n->ip[NET_V6].subnet.family = AF_INET6; /* and where that is all, one is chosen */
	return r;
}

/* Without a name it is called as its bridge will be. */
static int choose_name(const struct engine *g, struct net_network *n, struct err *e)
{
	struct net_network taken;

	for (unsigned i = 1;; i++) {
		snprintf(n->name, sizeof(n->name), "paene%u", i);
		int r = network_find(g->networks, n->name, &taken, e);

		if (r < 0)
			return r == -ENOENT ? 0 : r;
	}
}

static int run(const struct call *c, struct err *e)
{
	const struct create *o = c->options;
	struct net_network n = { .internal = false };
	struct spec_map labels = { 0 };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = set_options(&n, o, e);
	if (r >= 0)
		r = set_subnets(&n, o, e);
	if (r >= 0)
		r = pairs_read("--label", &o->labels, c->arena, &labels, e);
	if (r >= 0 && c->n_args)
		r = str_check_name(c->args[0], "network name", e);
	if (r < 0)
		return r;
	if (c->n_args)
		snprintf(n.name, sizeof(n.name), "%s", c->args[0]);
	else
		r = choose_name(&g, &n, e);
	if (r >= 0)
		r = engine_network_create(&g, &n, &labels, e);
	if (r < 0 && !(r == -EEXIST && o->ignore && network_find(g.networks, n.name, &n, e) >= 0))
		return r;
	output_line(n.name);
	return 0;
}

const struct verb verb_network_create = {
	.name = "create",
	.above = &verb_network,
	.arguments = "[NAME]",
	.help = "make one",
	.about = "Make a network and print its name. Containers on it reach each other by name; other networks reach them by "
		 "published ports only. A bridge is made with the first container; macvlan and ipvlan put containers on a link of this host "
		 "(-o parent=LINK), in the --subnet that is there.",
	.max_args = 1,
	.options = OPTIONS(rows, struct create),
	.run = run,
};
