// SPDX-License-Identifier: Apache-2.0
#include "network/mode.h"

#include <errno.h>
#include <linux/if_link.h>

/* The first one of a driver is its usual one. */
static const struct mode {
	uint32_t driver;
	const char *name;
	uint32_t number;
} modes[] = {
	{ NET_MACVLAN, "bridge", MACVLAN_MODE_BRIDGE },
	{ NET_MACVLAN, "private", MACVLAN_MODE_PRIVATE },
	{ NET_MACVLAN, "vepa", MACVLAN_MODE_VEPA },
	{ NET_MACVLAN, "passthru", MACVLAN_MODE_PASSTHRU },
	{ NET_IPVLAN, "l2", IPVLAN_MODE_L2 },
	{ NET_IPVLAN, "l3", IPVLAN_MODE_L3 },
	{ NET_IPVLAN, "l3s", IPVLAN_MODE_L3S },
};

static const struct mode *find_mode(const struct net_network *n)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (modes[i].driver == n->driver && (!*n->mode || streq(modes[i].name, n->mode)))
			return &modes[i];
	return NULL;
}

uint32_t mode_number(const struct net_network *n)
{
	return find_mode(n)->number;
}

int mode_check(const struct net_network *n, struct err *e)
{
	if (n->driver == NET_BRIDGE ? !*n->mode : find_mode(n) != NULL)
		return 0;
	err_say(e, EINVAL, "network %s: %s has no mode \"%s\"", n->name, net_driver_names[n->driver], n->mode);
	return err_hint(e, "macvlan has bridge, private, vepa and passthru, ipvlan l2, l3 and l3s");
}

bool mode_routes(const struct net_network *n)
{
	return n->driver == NET_IPVLAN && mode_number(n) != IPVLAN_MODE_L2;
}
