// SPDX-License-Identifier: Apache-2.0
#include "network/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/netns.h"
#include "network/mode.h"
#include "network/subnet.h"

/* <linux/if.h> has them, and clashes with <net/if.h>. */
#define OPERSTATE_DORMANT 5
#define LINK_MODE_DORMANT 1

#define LOOPBACK_INDEX 1 /* in every network namespace */
#define ROUTE_METRIC   100

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

/*
 * Before a link comes up: IPv6 where it is wanted, else none, and so no address of its own making that no rule of ours covers.
 * Nobody is believed who says that he is a router, and addresses are used at once: they are leased, and so nobody else's.
 */
static int set_ipv6(const char *link, bool wanted, struct err *e)
{
	int r = set_link(link, "ipv6", "disable_ipv6", wanted ? "0" : "1", e);

	if (r == 0)
		r = set_link(link, "ipv6", "accept_ra", "0", e);
	return r == 0 && wanted ? set_link(link, "ipv6", "accept_dad", "0", e) : r;
}

/* A link that listens to routers goes on doing so, though this host becomes one itself. */
static int keep_listening(int dir, const char *link, void *arg, struct err *e)
{
	auto_free char *now = NULL;
	char path[IF_NAMESIZE + sizeof("/accept_ra")];

	(void)arg;
	if (streq(link, "all") || streq(link, "default"))
		return 0;
	snprintf(path, sizeof(path), "%.*s/accept_ra", IF_NAMESIZE, link);
	if (file_read(dir, path, 64, &now, NULL, e) < 0 || now[0] != '1')
		return 0; /* the link has gone meanwhile, or does not listen */
	return file_write(dir, path, "2", e);
}

static int prepare_forwarding(struct err *e)
{
	auto_fd int dir = open("/proc/sys/net/ipv6/conf", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? err_set(e, errno, "open /proc/sys/net/ipv6/conf") : file_each_any(dir, keep_listening, NULL, e);
}

int link_forwarding(enum net_family family, struct err *e)
{
	static const struct {
		const char *path, *sysctl;
	} switches[NET_FAMILIES] = {
		[NET_V4] = { "/proc/sys/net/ipv4/ip_forward", "net.ipv4.ip_forward" },
		[NET_V6] = { "/proc/sys/net/ipv6/conf/all/forwarding", "net.ipv6.conf.all.forwarding" },
	};
	const char *path = switches[family].path;
	auto_free char *now = NULL;
	int r = file_read(AT_FDCWD, path, 64, &now, NULL, e);

	if (r < 0 || now[0] == '1')
		return r;
	r = family == NET_V6 ? prepare_forwarding(e) : 0;
	if (r == 0)
		r = file_write(AT_FDCWD, path, "1", e);
	if (r < 0)
		err_hint(e, "containers reach others through this host only with sysctl %s=1", switches[family].sysctl);
	return r;
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
	ret->mtu = nl_u32(attrs[IFLA_MTU], 0);
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

/* By ioctl: a message would wait for whoever changes a link of any namespace, and those are held for a millisecond each. */
static int ask(const struct nl *rt, unsigned long what, const char *link, struct ifreq *ret, struct err *e)
{
	snprintf(ret->ifr_name, sizeof(ret->ifr_name), "%s", link);
	return ioctl(mnl_socket_get_fd(rt->socket), what, ret) < 0 ? err_set(e, errno, "find link %s", link) : 0;
}

static int find_index(const struct nl *rt, const char *link, uint32_t *ret, struct err *e)
{
	struct ifreq answer;
	int r = ask(rt, SIOCGIFINDEX, link, &answer, e);

	if (r == 0)
		*ret = (uint32_t)answer.ifr_ifindex;
	return r;
}

/* In the subnet that its prefix says. */
static void add_address(struct nl_batch *b, uint32_t index, const struct net_addr *a)
{
	char text[NET_ADDR_MAX];
	struct ifaddrmsg *ifa = nl_add(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, EEXIST, sizeof(*ifa), "add address %s",
				       net_addr_text(a, false, text));
	struct net_addr broadcast = subnet_address(a, subnet_last(a));

	ifa->ifa_family = a->family;
	ifa->ifa_prefixlen = a->prefix;
	ifa->ifa_index = index;
	ifa->ifa_flags = a->family == AF_INET6 ? IFA_F_NODAD : 0;
	nl_put(b, IFA_LOCAL, a->bytes, subnet_bytes(a->family));
	nl_put(b, IFA_ADDRESS, a->bytes, subnet_bytes(a->family));
	if (a->family == AF_INET)
		nl_put(b, IFA_BROADCAST, broadcast.bytes, subnet_bytes(a->family));
}

static void set_up(struct nl_batch *b, uint32_t index, const char *name)
{
	struct ifinfomsg *ifi = nl_add(b, RTM_NEWLINK, 0, 0, sizeof(*ifi), "set link %s up", name);

	ifi->ifi_index = (int)index;
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
}

/* A bridge takes the smallest hardware address of its ports unless it has its own: then it stays, and so do ARP caches. */
static int make_bridge(struct nl *rt, const struct net_network *n, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };
	uint8_t mac[6];

	subnet_mac(&n->ip[NET_V4].gateway, mac);
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
	int r = set_ipv6(n->bridge, n->ip[NET_V6].subnet.family, e);

	/* a port published on 127.0.0.1 is answered from the bridge; the rules drop 127/8 from anywhere but loopback */
	return r < 0 ? r : set_link(n->bridge, "ipv4", "route_localnet", "1", e);
}

/* One that we have made, by its hardware address, and that came up after all else was done. */
static bool bridge_is_made(const struct nl *rt, const struct net_network *n, uint32_t *ret_index)
{
	struct ifreq flags, address;
	struct err ignored;
	uint8_t mac[6];

	subnet_mac(&n->ip[NET_V4].gateway, mac);
	return ask(rt, SIOCGIFFLAGS, n->bridge, &flags, &ignored) == 0 && flags.ifr_flags & IFF_UP &&
	       ask(rt, SIOCGIFHWADDR, n->bridge, &address, &ignored) == 0 &&
	       memcmp(address.ifr_hwaddr.sa_data, mac, sizeof(mac)) == 0 &&
	       find_index(rt, n->bridge, ret_index, &ignored) == 0;
}

static void add_gateways(struct nl_batch *b, uint32_t bridge, const struct net_network *n)
{
	for (enum net_family f = 0; f < NET_FAMILIES; f++)
		if (n->ip[f].gateway.family)
			add_address(b, bridge, &n->ip[f].gateway);
}

int link_bridge(struct nl *rt, const struct net_network *n, uint32_t *ret_index, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };
	struct link bridge;

	if (bridge_is_made(rt, n, ret_index))
		return 0;
	int r = link_find(rt, n->bridge, &bridge, e);

	if (r == -ENODEV)
		r = make_bridge(rt, n, e) < 0 ? -e->code : link_find(rt, n->bridge, &bridge, e);
	if (r == 0 && !bridge.bridge)
		return err_say(e, EEXIST, "link %s of network %s is there, and is not a bridge", n->bridge, n->name);
	if (r == 0 && !bridge.up)
		r = prepare_bridge(n, e);
	if (r < 0)
		return r;
	add_gateways(&b, bridge.index, n);
	set_up(&b, bridge.index, n->bridge);
	nl_ack_last(&b);
	r = nl_run(&b, NULL, NULL, e);
	if (r == 0)
		*ret_index = bridge.index;
	return r;
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

const char *net_plan_interface(const struct net_plan *plan, char buf[IF_NAMESIZE])
{
	if (*plan->interface)
		snprintf(buf, IF_NAMESIZE, "%s", plan->interface);
	else
		snprintf(buf, IF_NAMESIZE, "eth%u", plan->index % 1000);
	return buf;
}

const uint8_t *link_hardware_address(const struct net_plan *plan, uint8_t buf[6])
{
	static const uint8_t none[6];

	if (memcmp(plan->mac, none, sizeof(none)) != 0)
		return plan->mac;
	subnet_mac(&plan->address[NET_V4], buf);
	return buf;
}

static void add_peer(struct nl_batch *b, const struct net_plan *plan, int netns)
{
	char name[IF_NAMESIZE];
	uint8_t mac[6];
	struct nlattr *peer = nl_nest(b, VETH_INFO_PEER);

	net_plan_interface(plan, name);
	nl_put_header(b, sizeof(struct ifinfomsg));
	nl_put_text(b, IFLA_IFNAME, name);
	nl_put(b, IFLA_ADDRESS, link_hardware_address(plan, mac), sizeof(mac));
	if (plan->network.mtu)
		nl_put_u32(b, IFLA_MTU, plan->network.mtu);
	nl_put_u32(b, IFLA_NET_NS_FD, (uint32_t)netns);
	nl_nest_end(b, peer);
}

static void add_pair(struct nl_batch *b, const char *name, uint32_t bridge, const struct net_plan *plan, int netns)
{
	nl_add(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, sizeof(struct ifinfomsg), "make veth pair %s", name);
	nl_put_text(b, IFLA_IFNAME, name);
	nl_put_u32(b, IFLA_MASTER, bridge);
	if (plan->network.mtu)
		nl_put_u32(b, IFLA_MTU, plan->network.mtu);
	struct nlattr *info = nl_nest(b, IFLA_LINKINFO);

	nl_put_text(b, IFLA_INFO_KIND, "veth");
	struct nlattr *data = nl_nest(b, IFLA_INFO_DATA);

	add_peer(b, plan, netns);
	nl_nest_end(b, data);
	nl_nest_end(b, info);
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

static void add_host_end(struct nl_batch *b, const char *name, const struct net_plan *plan)
{
	struct ifinfomsg *ifi = nl_add(b, RTM_NEWLINK, 0, 0, sizeof(*ifi), "set link %s up", name);

	ifi->ifi_change = IFF_UP;
	ifi->ifi_flags = plan->egress.limited ? 0 : IFF_UP; /* link_raise() comes behind the rules */
	nl_put_text(b, IFLA_IFNAME, name);
	nl_put_text(b, IFLA_IFALIAS, plan->id); /* for people: `ip link` shows it */
	/*
	 * Where br_netfilter is loaded, a container that calls its own published port is sent back through its own port
	 * of the bridge, which a bridge does only when told so.
	 */
	if (plan->n_ports)
		put_hairpin(b);
}

int link_pair(struct nl *rt, const char *name, uint32_t bridge, const struct net_plan *plan, int netns, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };

	add_gateways(&b, bridge, &plan->network); /* somebody may have removed them */
	add_pair(&b, name, bridge, plan, netns);
	add_host_end(&b, name, plan);
	nl_ack_last(&b);
	int r = nl_run(&b, NULL, NULL, e);

	if (r < 0)
		return r == -EOPNOTSUPP ? err_hint(e, "the kernel module \"veth\" is missing") : r;
	/* a port of a bridge has no addresses: it has made none of its own yet, as nothing passes before the other end is up */
	return set_ipv6(name, false, e);
}

int link_raise(struct nl *rt, const char *name, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };
	struct ifinfomsg *ifi = nl_add(&b, RTM_NEWLINK, NLM_F_ACK, 0, sizeof(*ifi), "set link %s up", name);

	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	nl_put_text(&b, IFLA_IFNAME, name);
	return nl_run(&b, NULL, NULL, e);
}

/* The interface with the lowest index has the one that counts; another's takes over where that one goes. */
static void add_default_route(struct nl_batch *b, uint32_t index, const struct net_plan *plan, enum net_family f)
{
	const struct net_addr *gateway = &plan->network.ip[f].gateway;
	struct rtmsg *rtm = nl_add(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, EEXIST, sizeof(*rtm),
				   "add the default route");

	rtm->rtm_family = net_families[f];
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = mode_routes(&plan->network) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	if (!mode_routes(&plan->network))
		nl_put(b, RTA_GATEWAY, gateway->bytes, subnet_bytes(gateway->family));
	nl_put_u32(b, RTA_OIF, index);
	nl_put_u32(b, RTA_PRIORITY, ROUTE_METRIC + plan->index);
}

/* The calling thread is in the container's namespace. */
static int configure(const void *arg, struct err *e)
{
	const struct net_plan *plan = arg;
	const struct net_subnet *ip = plan->network.ip;
	auto_nl struct nl rt = { 0 };
	auto_batch struct nl_batch b = { .nl = &rt };
	char name[IF_NAMESIZE];
	uint32_t index = 0;

	net_plan_interface(plan, name);
	int r = nl_open(&rt, NETLINK_ROUTE, e);

	if (r == 0)
		r = find_index(&rt, name, &index, e);
	if (r == 0)
		r = set_ipv6(name, ip[NET_V6].subnet.family, e);
	if (r < 0)
		return r;
	set_up(&b, LOOPBACK_INDEX, "lo");
	for (enum net_family f = 0; f < NET_FAMILIES; f++) {
		struct net_addr address = plan->address[f];

		address.prefix = ip[f].subnet.prefix;
		if (address.family)
			add_address(&b, index, &address);
	}
	set_up(&b, index, name);
	for (enum net_family f = 0; f < NET_FAMILIES && !plan->network.internal; f++)
		if (ip[f].gateway.family)
			add_default_route(&b, index, plan, f);
	nl_ack_last(&b);
	return nl_run(&b, NULL, NULL, e);
}

static int remove_here(const void *name, struct err *e)
{
	auto_nl struct nl rt = { 0 };
	int r = nl_open(&rt, NETLINK_ROUTE, e);

	return r < 0 ? r : link_remove(&rt, name, e);
}

int link_inside(const struct net_plan *plan, int netns, struct err *e)
{
	return netns_visit(netns, configure, plan, e);
}

int link_remove_inside(const char *name, int netns, struct err *e)
{
	return netns_visit(netns, remove_here, name, e);
}

int link_remove(struct nl *rt, const char *name, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };

	nl_add(&b, RTM_DELLINK, NLM_F_ACK, ENODEV, sizeof(struct ifinfomsg), "remove link %s", name);
	nl_put_text(&b, IFLA_IFNAME, name);
	return nl_run(&b, NULL, NULL, e);
}

/*
 * A bridge disables a port that is not up, and enables it when an event says that it is: one about its carrier may be late by a
 * second. A link that is dormant, and stays so whatever its carrier does (its mode), is up for nobody (RFC 2863).
 */
int link_cut(struct nl *rt, const char *name, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };

	nl_add(&b, RTM_SETLINK, NLM_F_ACK, ENODEV, sizeof(struct ifinfomsg), "cut link %s off", name);
	nl_put_text(&b, IFLA_IFNAME, name);
	nl_put_u8(&b, IFLA_OPERSTATE, OPERSTATE_DORMANT);
	nl_put_u8(&b, IFLA_LINKMODE, LINK_MODE_DORMANT);
	return nl_run(&b, NULL, NULL, e);
}

struct subnets {
	void (*f)(const struct net_addr *subnet, void *arg);
	void *arg;
};

static void tell(const struct subnets *s, const struct nlattr *a, uint8_t family, uint8_t prefix)
{
	struct net_addr subnet = { .family = family, .prefix = prefix };

	if (!a || mnl_attr_get_payload_len(a) != subnet_bytes(family) || prefix < 8 || prefix > subnet_bits(family))
		return;
	memcpy(subnet.bytes, mnl_attr_get_payload(a), subnet_bytes(family));
	s->f(&subnet, s->arg);
}

static bool is_known(uint8_t family)
{
	return family == AF_INET || family == AF_INET6;
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
		if (is_known(rtm->rtm_family))
			tell(arg, attrs[RTA_DST], rtm->rtm_family, rtm->rtm_dst_len);
	} else if (nlh->nlmsg_type == RTM_NEWADDR && nlh->nlmsg_len >= mnl_nlmsg_size(sizeof(struct ifaddrmsg))) {
		const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);

		nl_attrs(nlh, sizeof(*ifa), attrs, IFA_LOCAL);
		const struct nlattr *address = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS]; /* of IPv6 */

		if (is_known(ifa->ifa_family))
			tell(arg, address, ifa->ifa_family, ifa->ifa_prefixlen);
	}
	return 0;
}

static int each_subnet(struct nl *rt, uint8_t family, struct subnets *s, struct err *e)
{
	auto_batch struct nl_batch routes = { .nl = rt }, addresses = { .nl = rt };
	struct rtmsg *rtm = nl_add(&routes, RTM_GETROUTE, NLM_F_DUMP, 0, sizeof(*rtm), "list the routes of this host");
	struct ifaddrmsg *ifa = nl_add(&addresses, RTM_GETADDR, NLM_F_DUMP, 0, sizeof(*ifa),
				       "list the addresses of this host");

	rtm->rtm_family = family;
	ifa->ifa_family = family;
	int r = nl_dump(&routes, take_subnet, s, e);

	return r < 0 ? r : nl_dump(&addresses, take_subnet, s, e);
}

int link_each_subnet(struct nl *rt, void (*f)(const struct net_addr *subnet, void *arg), void *arg, struct err *e)
{
	struct subnets s = { .f = f, .arg = arg };
	int r = 0;

	for (enum net_family i = 0; i < NET_FAMILIES && r == 0; i++)
		r = each_subnet(rt, net_families[i], &s, e);
	return r;
}
