// SPDX-License-Identifier: Apache-2.0
#include "network/parent.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "network/link.h"
#include "network/mode.h"

/* The driver's own attributes. */
static void put_mode(struct nl_batch *b, const struct net_network *n)
{
	uint32_t number = mode_number(n);

	if (n->driver == NET_MACVLAN)
		nl_put_u32(b, IFLA_MACVLAN_MODE, number);
	else
		nl_put(b, IFLA_IPVLAN_MODE, &(uint16_t){ (uint16_t)number }, sizeof(uint16_t));
}

int parent_attach(struct nl *rt, const struct net_plan *plan, int netns, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };
	const struct net_network *n = &plan->network;
	const char *driver = net_driver_names[n->driver];
	char name[IF_NAMESIZE];
	struct link parent;
	uint8_t mac[6];
	int r = link_find(rt, n->bridge, &parent, e);

	if (r < 0)
		return r;
	net_plan_interface(plan, name);
	nl_add(&b, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 0, sizeof(struct ifinfomsg), "make %s %s on %s",
	       driver, name, n->bridge);
	nl_put_text(&b, IFLA_IFNAME, name);
	nl_put_u32(&b, IFLA_LINK, parent.index);
	nl_put_u32(&b, IFLA_NET_NS_FD, (uint32_t)netns);
	if (n->driver == NET_MACVLAN) /* ipvlan's is its parent's */
		nl_put(&b, IFLA_ADDRESS, link_hardware_address(plan, mac), sizeof(mac));
	if (n->mtu)
		nl_put_u32(&b, IFLA_MTU, n->mtu);
	struct nlattr *info = nl_nest(&b, IFLA_LINKINFO);

	nl_put_text(&b, IFLA_INFO_KIND, driver);
	struct nlattr *data = nl_nest(&b, IFLA_INFO_DATA);

	put_mode(&b, n);
	nl_nest_end(&b, data);
	nl_nest_end(&b, info);
	r = nl_run(&b, NULL, NULL, e);
	return r == -EOPNOTSUPP ? err_hint(e, "the kernel module \"%s\" is missing", driver) : r;
}
