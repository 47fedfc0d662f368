// SPDX-License-Identifier: Apache-2.0
#include "network/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/subnet.h"

#define LOOPBACK_INDEX 1 /* in every network namespace */

/* One setting of a link below /proc/sys/net. A kernel without IPv6 has no settings of it. */
static int set_link(const char *link, const char *family, const char *key, const char *value, struct err *e)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, link, key);
	int r = file_write(AT_FDCWD, path, value, e);

	if (r == -ENOENT && streq(family, "ipv6"))
		return 0;
	return r;
}

/* Before a link comes up: no IPv6 on it, and so no address of its own making that no rule of ours covers. */
static int no_ipv6(const char *link, struct err *e)
{
	int r = set_link(link, "ipv6", "disable_ipv6", "1", e);

	return r < 0 ? r : set_link(link, "ipv6", "accept_ra", "0", e);
}

int link_forwarding(struct err *e)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_forward";
	auto_free char *now = NULL;
	int r = file_read(AT_FDCWD, path, 64, &now, NULL, e);

	if (r < 0 || now[0] == '1')
		return r;
	r = file_write(AT_FDCWD, path, "1", e);
	return r < 0 ? err_hint(e, "containers reach others through this host only with sysctl net.ipv4.ip_forward=1") : 0;
}

void link_parse(const struct nlmsghdr *nlh, struct link *ret)
{
	const struct nlattr *attrs[IFLA_LINKINFO + 1], *info[IFLA_INFO_KIND + 1];

	*ret = (struct link){ 0 };
	if (nlh->nlmsg_type != RTM_NEWLINK || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(struct ifinfomsg)))
		return;
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	nl_attrs(nlh, sizeof(*ifi), attrs, IFLA_LINKINFO);
	nl_nested_attrs(attrs[IFLA_LINKINFO], info, IFLA_INFO_KIND);
	ret->index = ifi->ifi_index > 0 ? (uint32_t)ifi->ifi_index : 0;
	ret->up = ifi->ifi_flags & IFF_UP;
	ret->master = nl_u32(attrs[IFLA_MASTER], 0);
	ret->bridge = streq(nl_text(info[IFLA_INFO_KIND]), "bridge");
}

static int take_link(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	(void)e;
	link_parse(nlh, arg);
	return 0;
}

int link_find(struct nl *rt, const char *name, struct link *ret, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };
	struct link found = { 0 };

	nl_add(&b, RTM_GETLINK, NLM_F_ACK, 0, sizeof(struct ifinfomsg), "find link %s", name);
	nl_put_text(&b, IFLA_IFNAME, name);
	int r = nl_run(&b, take_link, &found, e);

	if (r < 0)
		return r;
	if (found.index == 0)
		return err_set(e, ENODEV, "find link %s", name);
	*ret = found;
	return 0;
}

static void add_address(struct nl_batch *b, uint32_t index, const struct net_addr *a, uint8_t prefix)
{
	char text[NET_ADDR_MAX];
	struct ifaddrmsg *ifa = nl_add(b, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, EEXIST, sizeof(*ifa),
				       "add address %s", net_addr_text(a, false, text));
	struct net_addr subnet = *a;

	subnet.prefix = prefix;
	uint32_t broadcast = htonl(subnet_last(&subnet));

	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = prefix;
	ifa->ifa_index = index;
	nl_put(b, IFA_LOCAL, a->bytes, 4);
	nl_put(b, IFA_ADDRESS, a->bytes, 4);
	nl_put(b, IFA_BROADCAST, &broadcast, 4);
}

static void set_up(struct nl_batch *b, uint32_t index, const char *name)
{
	struct ifinfomsg *ifi = nl_add(b, RTM_NEWLINK, NLM_F_ACK, 0, sizeof(*ifi), "set link %s up", name);

	ifi->ifi_index = (int)index;
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
}

/* A bridge takes the smallest hardware address of its ports unless it has its own: then it stays, and so do ARP caches. */
static int make_bridge(struct nl *rt, const struct net_network *n, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };
	uint8_t mac[6];

	subnet_mac(&n->gateway, mac);
	nl_add(&b, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, EEXIST, sizeof(struct ifinfomsg), "make bridge %s",
	       n->bridge);
	nl_put_text(&b, IFLA_IFNAME, n->bridge);
	nl_put(&b, IFLA_ADDRESS, mac, sizeof(mac));
	if (n->mtu)
		nl_put_u32(&b, IFLA_MTU, n->mtu);
	struct nlattr *info = nl_nest(&b, IFLA_LINKINFO);

	nl_put_text(&b, IFLA_INFO_KIND, "bridge");
	nl_nest_end(&b, info);
	int r = nl_run(&b, NULL, NULL, e);

	return r == -EOPNOTSUPP ? err_hint(e, "the kernel module \"bridge\" is missing") : r;
}

/* What must be so before a bridge comes up. Of two commands that make the same one both do all of it. */
static int prepare_bridge(const struct net_network *n, struct err *e)
{
	int r = no_ipv6(n->bridge, e);

	/* a port published on 127.0.0.1 is answered from the bridge; the rules drop 127/8 from anywhere but loopback */
	return r < 0 ? r : set_link(n->bridge, "ipv4", "route_localnet", "1", e);
}

int link_bridge(struct nl *rt, const struct net_network *n, uint32_t *ret_index, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };
	struct link bridge;
	int r = link_find(rt, n->bridge, &bridge, e);

	if (r == -ENODEV)
		r = make_bridge(rt, n, e) < 0 ? -e->code : link_find(rt, n->bridge, &bridge, e);
	if (r < 0)
		return r;
	if (!bridge.bridge)
		return err_say(e, EEXIST, "link %s of network %s is there, and is not a bridge", n->bridge, n->name);
	add_address(&b, bridge.index, &n->gateway, n->subnet.prefix);
	if (!bridge.up) {
		r = prepare_bridge(n, e);
		if (r < 0)
			return r;
		set_up(&b, bridge.index, n->bridge);
	}
	r = nl_run(&b, NULL, NULL, e);
	if (r < 0)
		return r;
	*ret_index = bridge.index;
	return 0;
}

void link_name(const char *id, const char *network, int netns, char ret[IF_NAMESIZE])
{
	struct stat st = { 0 };
	uint64_t hash = subnet_hash(SUBNET_HASH_SEED, id, strlen(id) + 1);

	/* a restarted container gets another name, because the kernel is still removing the old namespace with its link */
	(void)fstat(netns, &st);
	hash = subnet_hash(hash, network, strlen(network) + 1);
	hash = subnet_hash(hash, &st.st_ino, sizeof(st.st_ino));
	snprintf(ret, IF_NAMESIZE, "pv%013llx", (unsigned long long)(hash & (BIT64(52) - 1)));
}

static void interface_name(const struct net_plan *plan, char ret[IF_NAMESIZE])
{
	snprintf(ret, IF_NAMESIZE, "eth%u", plan->index % 1000);
}

static const uint8_t *hardware_address(const struct net_plan *plan, uint8_t buf[6])
{
	static const uint8_t none[6];

	if (memcmp(plan->mac, none, sizeof(none)) != 0)
		return plan->mac;
	subnet_mac(&plan->address, buf);
	return buf;
}

static void add_peer(struct nl_batch *b, const struct net_plan *plan, int netns)
{
	char name[IF_NAMESIZE];
	uint8_t mac[6];
	struct nlattr *peer = nl_nest(b, VETH_INFO_PEER);

	interface_name(plan, name);
	nl_put_header(b, sizeof(struct ifinfomsg));
	nl_put_text(b, IFLA_IFNAME, name);
	nl_put(b, IFLA_ADDRESS, hardware_address(plan, mac), sizeof(mac));
	if (plan->network.mtu)
		nl_put_u32(b, IFLA_MTU, plan->network.mtu);
	nl_put_u32(b, IFLA_NET_NS_FD, (uint32_t)netns);
	nl_nest_end(b, peer);
}

static int make_pair(struct nl *rt, const char *name, uint32_t bridge, const struct net_plan *plan, int netns,
		     struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };

	nl_add(&b, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 0, sizeof(struct ifinfomsg), "make veth pair %s",
	       name);
	nl_put_text(&b, IFLA_IFNAME, name);
	nl_put_u32(&b, IFLA_MASTER, bridge);
	if (plan->network.mtu)
		nl_put_u32(&b, IFLA_MTU, plan->network.mtu);
	struct nlattr *info = nl_nest(&b, IFLA_LINKINFO);

	nl_put_text(&b, IFLA_INFO_KIND, "veth");
	struct nlattr *data = nl_nest(&b, IFLA_INFO_DATA);

	add_peer(&b, plan, netns);
	nl_nest_end(&b, data);
	nl_nest_end(&b, info);
	int r = nl_run(&b, NULL, NULL, e);

	return r == -EOPNOTSUPP ? err_hint(e, "the kernel module \"veth\" is missing") : r;
}

/* A setting of a bridge port, in the request begun last. */
static void put_hairpin(struct nl_batch *b)
{
	struct nlattr *info = nl_nest(b, IFLA_LINKINFO);

	nl_put_text(b, IFLA_INFO_SLAVE_KIND, "bridge");
	struct nlattr *data = nl_nest(b, IFLA_INFO_SLAVE_DATA);

	nl_put_u8(b, IFLA_BRPORT_MODE, 1);
	nl_nest_end(b, data);
	nl_nest_end(b, info);
}

int link_pair(struct nl *rt, const char *name, uint32_t bridge, const struct net_plan *plan, int netns, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };
	int r = make_pair(rt, name, bridge, plan, netns, e);

	if (r == 0)
		r = no_ipv6(name, e);
	if (r < 0)
		return r;
	struct ifinfomsg *ifi = nl_add(&b, RTM_NEWLINK, NLM_F_ACK, 0, sizeof(*ifi), "set link %s up", name);

	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	nl_put_text(&b, IFLA_IFNAME, name);
	nl_put_text(&b, IFLA_IFALIAS, plan->id); /* for people: `ip link` shows it */
	/*
	 * Where br_netfilter is loaded, a container that calls its own published port is sent back through its own port
	 * of the bridge, which a bridge does only when told so.
	 */
	if (plan->n_ports)
		put_hairpin(&b);
	return nl_run(&b, NULL, NULL, e);
}

static void add_default_route(struct nl_batch *b, uint32_t index, const struct net_addr *gateway)
{
	struct rtmsg *rtm = nl_add(b, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, EEXIST, sizeof(*rtm),
				   "add the default route");

	rtm->rtm_family = AF_INET;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	nl_put(b, RTA_GATEWAY, gateway->bytes, 4);
	nl_put_u32(b, RTA_OIF, index);
}

/* The calling thread is in the container's namespace. */
static int configure(const struct net_plan *plan, struct err *e)
{
	auto_nl struct nl rt = { 0 };
	auto_batch struct nl_batch b = { .nl = &rt };
	char name[IF_NAMESIZE];
	struct link link;

	interface_name(plan, name);
	int r = nl_open(&rt, NETLINK_ROUTE, e);

	if (r == 0)
		r = link_find(&rt, name, &link, e);
	if (r == 0)
		r = no_ipv6(name, e);
	if (r < 0)
		return r;
	set_up(&b, LOOPBACK_INDEX, "lo");
	add_address(&b, link.index, &plan->address, plan->network.subnet.prefix);
	set_up(&b, link.index, name);
	if (plan->index == 0 && !plan->network.internal)
		add_default_route(&b, link.index, &plan->network.gateway);
	return nl_run(&b, NULL, NULL, e);
}

int link_inside(const struct net_plan *plan, int netns, struct err *e)
{
	auto_fd int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return err_set(e, errno, "open this thread's network namespace");
	if (setns(netns, CLONE_NEWNET) < 0)
		return err_set(e, errno, "enter the container's network namespace");
	int r = configure(plan, e);

	if (setns(home, CLONE_NEWNET) < 0)
		return err_set(e, errno, "come back from the container's network namespace");
	return r < 0 ? err_wrap(e, "in the container's network namespace") : 0;
}

int link_remove(struct nl *rt, const char *name, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };

	nl_add(&b, RTM_DELLINK, NLM_F_ACK, ENODEV, sizeof(struct ifinfomsg), "remove link %s", name);
	nl_put_text(&b, IFLA_IFNAME, name);
	return nl_run(&b, NULL, NULL, e);
}

int link_cut(struct nl *rt, const char *name, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };
	struct link port;
	int r = link_find(rt, name, &port, e);

	if (r < 0)
		return r == -ENODEV ? 0 : r;
	/* of family AF_BRIDGE, because the same by RTM_NEWLINK ends with an event that enables the port again */
	struct ifinfomsg *ifi = nl_add(&b, RTM_SETLINK, NLM_F_ACK, ENODEV, sizeof(*ifi), "cut link %s off", name);

	ifi->ifi_family = AF_BRIDGE;
	ifi->ifi_index = (int)port.index;
	struct nlattr *info = nl_nest(&b, IFLA_PROTINFO | NLA_F_NESTED);

	nl_put_u8(&b, IFLA_BRPORT_STATE, BR_STATE_DISABLED);
	nl_nest_end(&b, info);
	r = nl_run(&b, NULL, NULL, e);
	return r == -EINVAL || r == -EOPNOTSUPP ? 0 : r; /* no port of a bridge any more: cut off already */
}

struct subnets {
	void (*f)(const struct net_addr *subnet, void *arg);
	void *arg;
};

static void tell(const struct subnets *s, const struct nlattr *a, uint8_t prefix)
{
	struct net_addr subnet = { .family = AF_INET, .prefix = prefix };

	if (!a || mnl_attr_get_payload_len(a) != 4 || prefix < 8 || prefix > 32)
		return;
	memcpy(subnet.bytes, mnl_attr_get_payload(a), 4);
	s->f(&subnet, s->arg);
}

static int take_subnet(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	const struct nlattr *attrs[IFA_LOCAL + 1];

	(void)e;
	if (!nlh)
		return 0; /* what was told before may be told again */
	if (nlh->nlmsg_type == RTM_NEWROUTE && nlh->nlmsg_len >= mnl_nlmsg_size(sizeof(struct rtmsg))) {
		const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);

		nl_attrs(nlh, sizeof(*rtm), attrs, IFA_LOCAL);
		if (rtm->rtm_family == AF_INET)
			tell(arg, attrs[RTA_DST], rtm->rtm_dst_len);
	} else if (nlh->nlmsg_type == RTM_NEWADDR && nlh->nlmsg_len >= mnl_nlmsg_size(sizeof(struct ifaddrmsg))) {
		const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);

		nl_attrs(nlh, sizeof(*ifa), attrs, IFA_LOCAL);
		if (ifa->ifa_family == AF_INET)
			tell(arg, attrs[IFA_LOCAL], ifa->ifa_prefixlen);
	}
	return 0;
}

int link_each_subnet(struct nl *rt, void (*f)(const struct net_addr *subnet, void *arg), void *arg, struct err *e)
{
	struct subnets s = { .f = f, .arg = arg };
	auto_batch struct nl_batch routes = { .nl = rt }, addresses = { .nl = rt };
	struct rtmsg *rtm = nl_add(&routes, RTM_GETROUTE, NLM_F_DUMP, 0, sizeof(*rtm), "list the routes of this host");
	struct ifaddrmsg *ifa = nl_add(&addresses, RTM_GETADDR, NLM_F_DUMP, 0, sizeof(*ifa),
				       "list the addresses of this host");

	rtm->rtm_family = AF_INET;
	ifa->ifa_family = AF_INET;
	int r = nl_dump(&routes, take_subnet, &s, e);

	return r < 0 ? r : nl_dump(&addresses, take_subnet, &s, e);
}
