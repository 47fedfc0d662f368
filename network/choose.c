// SPDX-License-Identifier: Apache-2.0
#include "network/choose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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
	char(*more)[IF_NAMESIZE] = reallocarray(t->bridges, t->n_bridges + 1, sizeof(*more));

	if (!more)
		return err_nomem(e);
	t->bridges = more;
	memcpy(t->bridges[t->n_bridges++], n.bridge, sizeof(n.bridge));
	add_subnet(&n.subnet, t);
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
		uint64_t end = subnet_number(&last), step = UINT64_C(1) << (32 - first.prefix);

		if (pools[i].for_default != for_default)
			continue;
		for (uint64_t at = subnet_number(&first); at < end; at += step) {
			struct net_addr one = subnet_address((uint32_t)at, first.prefix);

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
	return if_nametoindex(name) == 0;
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

int choose_missing(int networks, struct net_network *n, struct err *e)
{
	bool is_default = streq(n->name, NET_DEFAULT);
	auto_taken struct taken t = { .n = 0 };
	auto_nl struct nl rt = { 0 };
	char text[NET_ADDR_MAX];
	int r = nl_open(&rt, NETLINK_ROUTE, e);

	if (r == 0)
		r = find_taken(networks, &rt, &t, e);
	if (r == 0 && !n->subnet.family)
		r = choose_subnet(&t, is_default, &n->subnet, e);
	else if (r == 0 && !is_free(&t, &n->subnet))
		r = err_say(e, EADDRINUSE, "subnet %s of network %s overlaps another network or a route of this host",
			    net_addr_text(&n->subnet, true, text), n->name);
	if (r == 0 && !*n->bridge)
		r = choose_bridge(&t, is_default, n->bridge, e);
	else if (r == 0 && !bridge_is_free(&t, n->bridge))
		r = err_say(e, EEXIST, "bridge %s of network %s: the name is taken", n->bridge, n->name);
	if (r < 0)
		return r;
	if (!n->gateway.family)
		n->gateway = subnet_address(subnet_first(&n->subnet) + 1, 0);
	n->gateway.prefix = n->subnet.prefix;
	return 0;
}
