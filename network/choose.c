// SPDX-License-Identifier: Apache-2.0
#include "network/choose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/file.h"
#include "network/link.h"
#include "network/settings.h"
#include "network/subnet.h"

#define BRIDGES_MAX 10000

/* Where subnets are taken from: a big one for the network that everybody uses, small ones for those that people make. */
static const struct pool {
	uint8_t first[4], last[4];
	uint8_t prefix;
	bool for_default;
} pools[] = {
	{ { 10, 89, 0, 0 }, { 10, 99, 255, 255 }, 16, true },
	{ { 172, 20, 0, 0 }, { 172, 31, 255, 255 }, 16, true },
	{ { 10, 100, 0, 0 }, { 10, 127, 255, 255 }, 24, false },
	{ { 192, 168, 128, 0 }, { 192, 168, 255, 255 }, 24, false },
};

/* Subnets and bridges that somebody has. */
struct taken {
	struct net_addr *subnets;
	size_t n, room;
	bool failed; /* out of memory */
	char (*bridges)[IF_NAMESIZE];
	size_t n_bridges;
};

static void taken_free(struct taken *t)
{
	free(t->subnets);
	free(t->bridges);
}

#define auto_taken __attribute__((cleanup(taken_free)))

static void add_subnet(const struct net_addr *subnet, void *arg)
{
	struct taken *t = arg;

	if (t->n == t->room) {
		size_t room = MAX(t->room * 2, (size_t)64);
		struct net_addr *more = reallocarray(t->subnets, room, sizeof(*more));

		if (!more) {
			t->failed = true;
			return;
		}
		t->subnets = more;
		t->room = room;
	}
	t->subnets[t->n++] = *subnet;
}

static int add_network(int networks, const char *name, void *arg, struct err *e)
{
	struct taken *t = arg;
	struct net_network n;
	int r = settings_read(networks, name, &n, e);

	if (r < 0) /* what is no network has nothing; one whose settings are broken is found out by whoever uses it */
		return r == -ENOMEM ? r : 0;
	if (n.driver != NET_BRIDGE) /* its subnet and link are the host's */
		return 0;
	char(*more)[IF_NAMESIZE] = reallocarray(t->bridges, t->n_bridges + 1, sizeof(*more));

	if (!more)
		return err_nomem(e);
	t->bridges = more;
	memcpy(t->bridges[t->n_bridges++], n.bridge, sizeof(n.bridge));
	for (enum net_family f = 0; f < NET_FAMILIES; f++)
		if (n.ip[f].subnet.family)
			add_subnet(&n.ip[f].subnet, t);
	return 0;
}

static int find_taken(int networks, struct nl *rt, struct taken *t, struct err *e)
{
	int r = file_each(networks, add_network, t, e);

	if (r == 0)
		r = link_each_subnet(rt, add_subnet, t, e);
	return r == 0 && t->failed ? err_nomem(e) : r;
}

static bool is_free(const struct taken *t, const struct net_addr *subnet)
{
	for (size_t i = 0; i < t->n; i++)
		if (subnet_overlaps(&t->subnets[i], subnet))
			return false;
	return true;
}

static int choose_subnet(const struct taken *t, bool for_default, struct net_addr *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(pools); i++) {
		struct net_addr first = { .family = AF_INET, .prefix = pools[i].prefix }, last = first;

		memcpy(first.bytes, pools[i].first, 4);
		memcpy(last.bytes, pools[i].last, 4);
		subnet_int end = subnet_number(&last), step = (subnet_int)1 << (32 - first.prefix);

		if (pools[i].for_default != for_default)
			continue;
		for (subnet_int at = subnet_number(&first); at < end; at += step) {
			struct net_addr one = subnet_address(&first, at);

			if (!is_free(t, &one))
				continue;
			*ret = one;
			return 0;
		}
	}
	err_say(e, EADDRNOTAVAIL, "every subnet that networks are made of collides with a route of this host");
	return err_hint(e, "make the network with a subnet of your choice");
}

static bool bridge_is_free(const struct taken *t, const char *name)
{
	for (size_t i = 0; i < t->n_bridges; i++)
		if (streq(t->bridges[i], name))
			return false;
	return if_nametoindex(name) == 0 && errno == ENODEV; /* who cannot ask takes none */
}

/* The default network's is paene0, unless an engine with other folders (--root) has it. */
static int choose_bridge(const struct taken *t, bool for_default, char ret[IF_NAMESIZE], struct err *e)
{
	for (unsigned i = for_default ? 0 : 1; i < BRIDGES_MAX; i++) {
		snprintf(ret, IF_NAMESIZE, "paene%u", i);
		if (bridge_is_free(t, ret))
			return 0;
	}
	return err_say(e, ENOSPC, "there are %d bridges", BRIDGES_MAX);
}

/* A unique local subnet: fd, 40 random bits, 16 bits of zeros (RFC 4193). */
static int choose_local(const struct taken *t, struct net_addr *ret, struct err *e)
{
	struct net_addr a = { .family = AF_INET6, .prefix = 64, .bytes = { 0xfd } };

	do {
		if (getrandom(a.bytes + 1, 5, 0) != 5)
			return err_set(e, errno, "choose an IPv6 subnet");
	} while (!is_free(t, &a));
	*ret = a;
	return 0;
}

static int choose_subnets(const struct taken *t, struct net_network *n, struct err *e)
{
	struct net_addr *v4 = &n->ip[NET_V4].subnet, *v6 = &n->ip[NET_V6].subnet;
	char text[NET_ADDR_MAX];
	int r = 0;

	for (enum net_family f = 0; f < NET_FAMILIES; f++)
		if (n->ip[f].subnet.prefix && !is_free(t, &n->ip[f].subnet))
			return err_say(e, EADDRINUSE, "subnet %s of network %s overlaps another network or a route of this host",
				       net_addr_text(&n->ip[f].subnet, true, text), n->name);
	if (!v4->family)
		r = choose_subnet(t, streq(n->name, NET_DEFAULT), v4, e);
	return r == 0 && v6->family && !v6->prefix ? choose_local(t, v6, e) : r;
}

static int choose_for_bridge(int networks, struct net_network *n, struct err *e)
{
	auto_taken struct taken t = { .n = 0 };
	auto_nl struct nl rt = { 0 };
	int r = nl_open(&rt, NETLINK_ROUTE, e);

	if (r == 0)
		r = find_taken(networks, &rt, &t, e);
	if (r == 0)
		r = choose_subnets(&t, n, e);
	if (r < 0)
		return r;
	if (!*n->bridge)
		return choose_bridge(&t, streq(n->name, NET_DEFAULT), n->bridge, e);
	if (!bridge_is_free(&t, n->bridge))
		return err_say(e, EEXIST, "bridge %s of network %s: the name is taken", n->bridge, n->name);
	return 0;
}

/* A network on a link of the host: its subnet is the one that is there. */
static int check_parent(const struct net_network *n, struct err *e)
{
	const char *driver = net_driver_names[n->driver];

	if (!*n->bridge)
		return err_say(e, EINVAL, "network %s: %s needs a link of this host (-o parent=LINK)", n->name, driver);
	if (if_nametoindex(n->bridge) == 0)
		return err_say(e, ENODEV, "network %s: this host has no link %s", n->name, n->bridge);
	if (!n->ip[NET_V4].subnet.family || (n->ip[NET_V6].subnet.family && !n->ip[NET_V6].subnet.prefix))
		return err_say(e, EINVAL, "network %s: %s needs the subnet that its link is in (--subnet)", n->name, driver);
	return 0;
}

int choose_missing(int networks, struct net_network *n, struct err *e)
{
	int r = n->driver == NET_BRIDGE ? choose_for_bridge(networks, n, e) : check_parent(n, e);

	if (r < 0)
		return r;
	for (enum net_family f = 0; f < NET_FAMILIES; f++) {
		struct net_subnet *s = &n->ip[f];

		if (!s->subnet.family)
			continue;
		if (!s->gateway.family)
			s->gateway = subnet_address(&s->subnet, subnet_first(&s->subnet) + 1);
		s->gateway.prefix = s->subnet.prefix;
	}
	return 0;
}
