// SPDX-License-Identifier: Apache-2.0
/*
 * rules.c: what the table lets through. A packet meets the chains in this order:
 *
 *   raw          before connection tracking: 127.0.0.0/8 exists on loopback only
 *   prerouting   from outside or from a container: a published port becomes the container's address and port
 *   output       the same for what this host itself sends
 *   forward      between interfaces: inside a network everything; into a network only answers and published ports (from
 *                one isolated network to another not even these); out of it everything, unless it is internal
 *   postrouting  source addresses: containers go out as this host; a container that meets another one (or itself) through
 *                a published port is seen as the bridge, because the answer must come back through here
 *
 * Both families meet the same rules. Loopback's addresses need ours for IPv4 alone: the kernel itself takes ::1 from nobody
 * outside.
 */
#include "network/rules.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>

/* Types of keys. */
enum {
	TYPE_INTERFACE_INTERFACE = TYPE_INTERFACE << 6 | TYPE_INTERFACE,
	TYPE_INTERFACE_ADDRESS = TYPE_INTERFACE << 6 | TYPE_ADDRESS,
	TYPE_INTERFACE_ADDRESS6 = TYPE_INTERFACE << 6 | TYPE_ADDRESS6,
	TYPE_ADDRESS_PORT = TYPE_ADDRESS << 6 | TYPE_PORT,
	TYPE_ADDRESS6_PORT = TYPE_ADDRESS6 << 6 | TYPE_PORT,
	TYPE_PROTOCOL_PORT = TYPE_PROTOCOL << 6 | TYPE_PORT,
	TYPE_PROTOCOL_ADDRESS_PORT = TYPE_PROTOCOL << 12 | TYPE_ADDRESS << 6 | TYPE_PORT,
	TYPE_PROTOCOL_ADDRESS6_PORT = TYPE_PROTOCOL << 12 | TYPE_ADDRESS6 << 6 | TYPE_PORT,
};

const struct rules_set rules_sets[] = {
	{ RULES_BRIDGES, TYPE_INTERFACE, .fields = { 16 }, .n_fields = 1 },
	{ RULES_INTERNAL, TYPE_INTERFACE, .fields = { 16 }, .n_fields = 1 },
	{ RULES_ISOLATED, TYPE_INTERFACE, .fields = { 16 }, .n_fields = 1 },
	{ RULES_PAIRS, TYPE_INTERFACE_INTERFACE, .fields = { 16, 16 }, .n_fields = 2 },
	{ RULES_SUBNETS, TYPE_INTERFACE_ADDRESS, .fields = { 16, 4 }, .n_fields = 2, .subnets = true },
	{ RULES_SUBNETS6, TYPE_INTERFACE_ADDRESS6, .fields = { 16, 16 }, .n_fields = 2, .subnets = true },
	{ RULES_PORTS, TYPE_PROTOCOL_ADDRESS_PORT, TYPE_ADDRESS_PORT, .fields = { 1, 4, 2 }, .n_fields = 3, .data_len = 8 },
	{ RULES_PORTS_ANY, TYPE_PROTOCOL_PORT, TYPE_ADDRESS_PORT, .fields = { 1, 2 }, .n_fields = 2, .data_len = 8 },
	{ RULES_PORTS6, TYPE_PROTOCOL_ADDRESS6_PORT, TYPE_ADDRESS6_PORT, .fields = { 1, 16, 2 }, .n_fields = 3,
	  .data_len = 20 },
	{ RULES_PORTS_ANY6, TYPE_PROTOCOL_PORT, TYPE_ADDRESS6_PORT, .fields = { 1, 2 }, .n_fields = 2, .data_len = 20 },
};
const size_t rules_n_sets = ARRAY_SIZE(rules_sets);

size_t rules_key_len(const struct rules_set *s)
{
	size_t len = 0;

	for (size_t i = 0; i < s->n_fields; i++)
		len += (s->fields[i] + 3U) & ~3U;
	return len;
}

const struct rules_chain rules_chains[] = {
	{ .name = "published" },
	{ "raw", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW },
	{ "prerouting", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST },
	{ "output", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST },
	{ "forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER },
	{ "postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC },
};
const size_t rules_n_chains = ARRAY_SIZE(rules_chains);

/* The words. */

static void ipv4(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_NFPROTO, REG(0));
	expr_compare(b, NFT_CMP_EQ, REG(0), &(uint8_t){ NFPROTO_IPV4 }, 1);
}

static void ipv6(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_NFPROTO, REG(0));
	expr_compare(b, NFT_CMP_EQ, REG(0), &(uint8_t){ NFPROTO_IPV6 }, 1);
}

static void not_from_loopback(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_IIFNAME, REG(0));
	expr_compare(b, NFT_CMP_NEQ, REG(0), (char[IFNAMSIZ]){ "lo" }, IFNAMSIZ);
}

static void from_127(struct rules_builder *b)
{
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, saddr), 1, REG(0));
	expr_compare(b, NFT_CMP_EQ, REG(0), &(uint8_t){ 127 }, 1);
}

static void to_127(struct rules_builder *b)
{
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, daddr), 1, REG(0));
	expr_compare(b, NFT_CMP_EQ, REG(0), &(uint8_t){ 127 }, 1);
}

static void to_loopback6(struct rules_builder *b)
{
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ip6_hdr, ip6_dst), 16, REG(0));
	expr_compare(b, NFT_CMP_EQ, REG(0), &in6addr_loopback, sizeof(in6addr_loopback));
}

/* To an address of this host: what it merely routes for others is none of our business (N03). */
static void to_this_host(struct rules_builder *b)
{
	struct nftnl_expr *x = expr_add(b, "fib");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
	nftnl_expr_set_u32(x, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(x, NFTNL_EXPR_FIB_DREG, REG(0));
	expr_compare(b, NFT_CMP_EQ, REG(0), &(uint32_t){ RTN_LOCAL }, sizeof(uint32_t));
}

static void see_published(struct rules_builder *b)
{
	expr_verdict(b, NFT_JUMP, "published");
}

/* The port of TCP, UDP and SCTP headers lies at the same place. */
static void load_port(struct rules_builder *b, uint32_t reg)
{
	expr_load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, offsetof(struct tcphdr, dest), 2, reg);
}

static void published_there(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_L4PROTO, REG(0));
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, daddr), 4, REG(1));
	load_port(b, REG(2));
	expr_look_up(b, RULES_PORTS, REG(0), EXPR_MAP);
}

static void published_anywhere(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_L4PROTO, REG(0));
	load_port(b, REG(1));
	expr_look_up(b, RULES_PORTS_ANY, REG(0), EXPR_MAP);
}

static void published_there6(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_L4PROTO, REG(0));
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ip6_hdr, ip6_dst), 16, REG(1));
	load_port(b, REG(5));
	expr_look_up(b, RULES_PORTS6, REG(0), EXPR_MAP);
}

static void published_anywhere6(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_L4PROTO, REG(0));
	load_port(b, REG(1));
	expr_look_up(b, RULES_PORTS_ANY6, REG(0), EXPR_MAP);
}

/* To the address and the port that a map left in the registers. */
static void redirect_to(struct rules_builder *b, uint32_t family, uint32_t port)
{
	struct nftnl_expr *x = expr_add(b, "nat");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_FAMILY, family);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_ADDR_MIN, REG(0));
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_PROTO_MIN, port);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_FLAGS, NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED);
}

static void redirect(struct rules_builder *b)
{
	redirect_to(b, NFPROTO_IPV4, REG(1));
}

static void redirect6(struct rules_builder *b)
{
	redirect_to(b, NFPROTO_IPV6, REG(4));
}

static void from_network(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_IIFNAME, REG(0));
	expr_look_up(b, RULES_BRIDGES, REG(0), EXPR_IN);
}

static void into_network(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_OIFNAME, REG(0));
	expr_look_up(b, RULES_BRIDGES, REG(0), EXPR_IN);
}

static void into_no_network(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_OIFNAME, REG(0));
	expr_look_up(b, RULES_BRIDGES, REG(0), EXPR_NOT_IN);
}

static void from_internal(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_IIFNAME, REG(0));
	expr_look_up(b, RULES_INTERNAL, REG(0), EXPR_IN);
}

static void into_internal(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_OIFNAME, REG(0));
	expr_look_up(b, RULES_INTERNAL, REG(0), EXPR_IN);
}

static void from_isolated(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_IIFNAME, REG(0));
	expr_look_up(b, RULES_ISOLATED, REG(0), EXPR_IN);
}

static void into_isolated(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_OIFNAME, REG(0));
	expr_look_up(b, RULES_ISOLATED, REG(0), EXPR_IN);
}

static void inside_network(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_IIFNAME, REG(0));
	expr_load_meta(b, NFT_META_OIFNAME, REG(4));
	expr_look_up(b, RULES_PAIRS, REG(0), EXPR_IN);
}

/* By the source's address: for bridged packets the hook does not say where they came in. */
static void into_own_network(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_OIFNAME, REG(0));
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, saddr), 4, REG(4));
	expr_look_up(b, RULES_SUBNETS, REG(0), EXPR_IN);
}

static void into_own_network6(struct rules_builder *b)
{
	expr_load_meta(b, NFT_META_OIFNAME, REG(0));
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ip6_hdr, ip6_src), 16, REG(4));
	expr_look_up(b, RULES_SUBNETS6, REG(0), EXPR_IN);
}

static void redirected(struct rules_builder *b)
{
	expr_load_ct(b, NFT_CT_STATUS, REG(0));
	expr_any_bit(b, REG(0), IPS_DST_NAT);
}

static void answer(struct rules_builder *b)
{
	expr_load_ct(b, NFT_CT_STATE, REG(0));
	expr_any_bit(b, REG(0), NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED));
}

static void masquerade(struct rules_builder *b)
{
	expr_add(b, "masq");
}

static void accept_it(struct rules_builder *b)
{
	expr_verdict(b, NF_ACCEPT, NULL);
}

static void drop_it(struct rules_builder *b)
{
	expr_verdict(b, NF_DROP, NULL);
}

const struct rules_rule rules_rules[] = {
	{ "published", "ports of one address", { ipv4, published_there, redirect } },
	{ "published", "ports of every address", { ipv4, published_anywhere, redirect } },
	{ "published", "ports of one IPv6 address", { ipv6, published_there6, redirect6 } },
	{ "published", "ports of every IPv6 address", { ipv6, published_anywhere6, redirect6 } },
	{ "raw", "nobody outside speaks as loopback", { not_from_loopback, ipv4, from_127, drop_it } },
	{ "raw", "nobody outside reaches loopback", { not_from_loopback, ipv4, to_127, drop_it } },
	{ "prerouting", "for an address of this host", { to_this_host, see_published } },
	{ "output", "::1 is the relay's, for it cannot be routed", { ipv6, to_loopback6, accept_it } },
	{ "output", "from this host to an address of its own", { to_this_host, see_published } },
	{ "forward", "all inside a network", { inside_network, accept_it } },
	{ "forward", "nothing at all leaves an internal network", { from_internal, drop_it } },
	{ "forward", "nothing at all enters an internal network", { into_internal, drop_it } },
	{ "forward", "all answers", { answer, accept_it } },
	{ "forward", "nothing from one isolated network to another", { from_isolated, into_isolated, drop_it } },
	{ "forward", "all published ports", { into_network, redirected, accept_it } },
	{ "forward", "nothing else at all enters a network", { into_network, drop_it } },
	{ "postrouting", "all containers go out as this host", { from_network, into_no_network, masquerade } },
	{ "postrouting", "127.0.0.1 reaches containers as the bridge", { ipv4, from_127, into_network, masquerade } },
	{ "postrouting", "a network meets itself as the bridge", { ipv4, redirected, into_own_network, masquerade } },
	{ "postrouting", "a network meets itself as the bridge, IPv6", { ipv6, redirected, into_own_network6, masquerade } },
};
const size_t rules_n_rules = ARRAY_SIZE(rules_rules);
