// SPDX-License-Identifier: Apache-2.0
/*
 * egress_rules.c: in the table `netdev paene` each link with rules has two chains and four sets:
 *
 *   to-LINK         what is sent to the container: who sends it is learned, with protocol and ports, for ten minutes
 *   from-LINK       what the container sends: answers to those, what every neighbour must say, what is allowed; nothing else
 *   answers-LINK    who has been learned, IPv4
 *   echoes-LINK     whose echoes may be answered, IPv4
 *   answers6-LINK, echoes6-LINK
 *                   the same of IPv6
 *
 * An echo's number is no part of a key: the nft program takes it for another type than a port, and could not load again what it
 * has saved.
 *
 * The chains are the link's own, so other containers' packets never meet them. What is refused is said to be so at once
 * ("administratively prohibited"), so that programs need not wait for their timeouts.
 */
#include "network/egress_rules.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdio.h>

#include "network/nft.h"
#include "network/rules.h"
#include "network/subnet.h"
#include "network/table.h"

#define FAMILY	     NFPROTO_NETDEV
#define ANSWER_S     600
#define NAME_MAX_LEN (IF_NAMESIZE + 16)
#define DROPPED	     "all else is refused"

/* What the words are told. */
struct told {
	const char *set;		    /* that they learn in, or look up */
	const struct net_egress_rule *rule; /* that they compare with */
};

/* What is named after a link. */
enum part { FROM, TO, ANSWERS, ANSWERS6, ECHOES, ECHOES6, PARTS };
static const char *const part_names[PARTS] = { "from", "to", "answers", "answers6", "echoes", "echoes6" };

struct names {
	char v[PARTS][NAME_MAX_LEN];
};

static struct names names_of(const char *link)
{
	struct names n;

	for (size_t i = 0; i < PARTS; i++)
		snprintf(n.v[i], NAME_MAX_LEN, "%s-%s", part_names[i], link);
	return n;
}

/* ---- words ---- */

static void ether_type(struct rules_builder *b, uint16_t type)
{
	expr_load_meta(b, NFT_META_PROTOCOL, REG(0));
	expr_compare(b, NFT_CMP_EQ, REG(0), &(uint16_t){ htons(type) }, sizeof(type));
}

static void arp(struct rules_builder *b)
{
	ether_type(b, ETH_P_ARP);
}

static void ipv4(struct rules_builder *b)
{
	ether_type(b, ETH_P_IP);
}

static void ipv6(struct rules_builder *b)
{
	ether_type(b, ETH_P_IPV6);
}

static void protocol_is(struct rules_builder *b, uint8_t number)
{
	expr_load_meta(b, NFT_META_L4PROTO, REG(0));
	expr_compare(b, NFT_CMP_EQ, REG(0), &number, sizeof(number));
}

/* The first byte behind the address header, of ICMP the type. */
static void type_between(struct rules_builder *b, uint8_t first, uint8_t last)
{
	expr_load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, REG(0));
	expr_compare(b, NFT_CMP_GTE, REG(0), &first, sizeof(first));
	expr_compare(b, NFT_CMP_LTE, REG(0), &last, sizeof(last));
}

static void echo_request(struct rules_builder *b)
{
	protocol_is(b, IPPROTO_ICMP);
	type_between(b, ICMP_ECHO, ICMP_ECHO);
}

static void echo_reply(struct rules_builder *b)
{
	protocol_is(b, IPPROTO_ICMP);
	type_between(b, ICMP_ECHOREPLY, ICMP_ECHOREPLY);
}

static void echo_request6(struct rules_builder *b)
{
	protocol_is(b, IPPROTO_ICMPV6);
	type_between(b, ICMP6_ECHO_REQUEST, ICMP6_ECHO_REQUEST);
}

static void echo_reply6(struct rules_builder *b)
{
	protocol_is(b, IPPROTO_ICMPV6);
	type_between(b, ICMP6_ECHO_REPLY, ICMP6_ECHO_REPLY);
}

/* Who is where on this link: IPv6 asks so by ICMP, where IPv4 has ARP. */
static void neighbour_discovery(struct rules_builder *b)
{
	protocol_is(b, IPPROTO_ICMPV6);
	type_between(b, ND_ROUTER_SOLICIT, ND_NEIGHBOR_ADVERT);
}

/*
 * The key of answers: the other's address, the protocol, its port and the container's. What has no ports has its first four
 * bytes there, which no answer repeats.
 */
static void load_key(struct rules_builder *b, uint32_t address, uint32_t len, uint32_t its_port, uint32_t own_port)
{
	uint32_t behind = len / 4;

	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, address, len, REG(0));
	expr_load_meta(b, NFT_META_L4PROTO, REG(behind));
	expr_load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, its_port, 2, REG(behind + 1));
	expr_load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, own_port, 2, REG(behind + 2));
}

#define SOURCE	    offsetof(struct tcphdr, source)
#define DESTINATION offsetof(struct tcphdr, dest)

static void learn(struct rules_builder *b)
{
	const struct told *told = b->arg;
	struct nftnl_expr *x = expr_add(b, "dynset");

	if (!x)
		return;
	nftnl_expr_set_str(x, NFTNL_EXPR_DYNSET_SET_NAME, told->set);
	nftnl_expr_set_u32(x, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	nftnl_expr_set_u32(x, NFTNL_EXPR_DYNSET_SREG_KEY, REG(0));
}

static void is_known(struct rules_builder *b)
{
	expr_look_up(b, ((const struct told *)b->arg)->set, REG(0), EXPR_IN);
}

static void sender(struct rules_builder *b)
{
	load_key(b, offsetof(struct iphdr, saddr), 4, SOURCE, DESTINATION);
}

static void sender6(struct rules_builder *b)
{
	load_key(b, offsetof(struct ip6_hdr, ip6_src), 16, SOURCE, DESTINATION);
}

static void echo_sender(struct rules_builder *b)
{
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, saddr), 4, REG(0));
}

static void echo_sender6(struct rules_builder *b)
{
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ip6_hdr, ip6_src), 16, REG(0));
}

static void receiver(struct rules_builder *b)
{
	load_key(b, offsetof(struct iphdr, daddr), 4, DESTINATION, SOURCE);
}

static void receiver6(struct rules_builder *b)
{
	load_key(b, offsetof(struct ip6_hdr, ip6_dst), 16, DESTINATION, SOURCE);
}

static void echo_receiver(struct rules_builder *b)
{
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, daddr), 4, REG(0));
}

static void echo_receiver6(struct rules_builder *b)
{
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ip6_hdr, ip6_dst), 16, REG(0));
}

static void to_address(struct rules_builder *b)
{
	const struct net_addr *to = &((const struct told *)b->arg)->rule->to;
	struct net_addr mask = { .family = to->family };
	bool v6 = to->family == AF_INET6;
	uint32_t len = subnet_bytes(to->family);

	(v6 ? ipv6 : ipv4)(b);
	if (to->prefix == 0)
		return;
	mask = subnet_address(to, ~(subnet_last(to) ^ subnet_first(to)));
	expr_load_payload(b, NFT_PAYLOAD_NETWORK_HEADER,
			  v6 ? offsetof(struct ip6_hdr, ip6_dst) : offsetof(struct iphdr, daddr), len, REG(0));
	expr_mask(b, REG(0), mask.bytes, len);
	expr_compare(b, NFT_CMP_EQ, REG(0), to->bytes, len);
}

static void by_protocol(struct rules_builder *b)
{
	const struct net_egress_rule *rule = ((const struct told *)b->arg)->rule;

	if (rule->protocol)
		protocol_is(b, rule->protocol);
}

static void to_port(struct rules_builder *b)
{
	const struct net_egress_rule *rule = ((const struct told *)b->arg)->rule;

	if (!rule->first)
		return;
	expr_load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, DESTINATION, 2, REG(0));
	expr_compare(b, NFT_CMP_GTE, REG(0), &(uint16_t){ htons(rule->first) }, sizeof(uint16_t));
	expr_compare(b, NFT_CMP_LTE, REG(0), &(uint16_t){ htons(rule->last) }, sizeof(uint16_t));
}

static void count(struct rules_builder *b)
{
	expr_add(b, "counter");
}

static void accept_it(struct rules_builder *b)
{
	expr_verdict(b, NF_ACCEPT, NULL);
}

/* What is no IP, or for many, is dropped in silence. */
static void refuse(struct rules_builder *b)
{
	struct nftnl_expr *x = expr_add(b, "reject");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
	nftnl_expr_set_u8(x, NFTNL_EXPR_REJECT_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
}

/* ---- rules ---- */

/* The usual beginning of both chains. */
static const struct {
	enum part chain, set;
	struct rules_rule rule;
} beginning[] = {
	{ TO, ECHOES, { "to", "an echo may be answered", { ipv4, echo_request, echo_sender, learn, accept_it } } },
	{ TO, ECHOES6, { "to", "an echo may be answered, IPv6", { ipv6, echo_request6, echo_sender6, learn, accept_it } } },
	{ TO, ANSWERS, { "to", "who sends may be answered", { ipv4, sender, learn } } },
	{ TO, ANSWERS6, { "to", "who sends may be answered, IPv6", { ipv6, sender6, learn } } },
	{ FROM, ANSWERS, { "from", "who has which address", { arp, accept_it } } },
	{ FROM, ANSWERS, { "from", "all answers", { ipv4, receiver, is_known, count, accept_it } } },
	{ FROM, ANSWERS6, { "from", "all answers, IPv6", { ipv6, receiver6, is_known, count, accept_it } } },
	{ FROM, ECHOES, { "from", "all echoes", { ipv4, echo_reply, echo_receiver, is_known, count, accept_it } } },
	{ FROM, ECHOES6, { "from", "all echoes, IPv6", { ipv6, echo_reply6, echo_receiver6, is_known, count, accept_it } } },
};

static const struct rules_rule neighbours = { "from", "who has which address, IPv6", { to_address, neighbour_discovery, accept_it } };
static const struct rules_rule allowed = { "from", "what is allowed", { to_address, by_protocol, to_port, count, accept_it } };
static const struct rules_rule the_rest = { "from", DROPPED, { count, refuse } };

enum {
	TYPE_PROTOCOL_PORTS = TYPE_PROTOCOL << 12 | TYPE_PORT << 6 | TYPE_PORT,
	TYPE_KEY = TYPE_ADDRESS << 18 | TYPE_PROTOCOL_PORTS,
	TYPE_KEY6 = TYPE_ADDRESS6 << 18 | TYPE_PROTOCOL_PORTS,
};
static const struct rules_set sets[] = {
	{ NULL, TYPE_KEY, .fields = { 4, 1, 2, 2 }, .n_fields = 4, .learns_s = ANSWER_S },
	{ NULL, TYPE_KEY6, .fields = { 16, 1, 2, 2 }, .n_fields = 4, .learns_s = ANSWER_S },
	{ NULL, TYPE_ADDRESS, .fields = { 4 }, .n_fields = 1, .learns_s = ANSWER_S },
	{ NULL, TYPE_ADDRESS6, .fields = { 16 }, .n_fields = 1, .learns_s = ANSWER_S },
};

static void put_frame(struct nl_batch *b, const struct names *n, const char *link)
{
	static const uint32_t hooks[] = { [FROM] = NF_NETDEV_INGRESS, [TO] = NF_NETDEV_EGRESS };

	table_put(b, FAMILY);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		struct rules_chain chain = { n->v[i], "filter", hooks[i], NF_IP_PRI_FILTER };

		table_put_chain(b, FAMILY, &chain, link);
		if (!nft_begin_in(FAMILY, b, NFT_MSG_DELRULE, 0, 0, "remove the rules of chain %s", chain.name))
			return;
		nl_put_text(b, NFTA_RULE_TABLE, RULES_TABLE);
		nl_put_text(b, NFTA_RULE_CHAIN, chain.name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		struct rules_set set = sets[i];

		set.name = n->v[ANSWERS + i];
		table_put_set(b, FAMILY, &set, (uint32_t)i + 1);
	}
}

static void put_neighbours(struct nl_batch *b, const struct names *n, const struct net_addr *own)
{
	struct net_addr places[] = {
		{ .family = AF_INET6, .prefix = 10, .bytes = { 0xfe, 0x80 } }, /* this link */
		{ .family = AF_INET6, .prefix = 16, .bytes = { 0xff, 0x02 } }, /* many on this link */
		subnet_address(own, subnet_first(own)),
	};

	for (size_t i = 0; i < ARRAY_SIZE(places) - !own->family; i++) {
		const struct net_egress_rule rule = { .to = places[i] };

		table_put_rule(b, FAMILY, &neighbours, n->v[FROM], &(struct told){ .rule = &rule });
	}
}

/* Ports without a protocol are those of each protocol that has some. */
static void put_allowed(struct nl_batch *b, const struct names *n, const struct net_egress_rule *rule)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
	bool each = rule->first && !rule->protocol;
	struct net_egress_rule one = *rule;

	for (size_t i = 0; i < (each ? ARRAY_SIZE(protocols) : 1); i++) {
		if (each)
			one.protocol = protocols[i];
		table_put_rule(b, FAMILY, &allowed, n->v[FROM], &(struct told){ .rule = &one });
	}
}

int egress_put(struct nl *nf, const struct egress_place *at, const struct net_egress *egress, uint32_t generation,
	       struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };
	struct names n = names_of(at->link);

	nft_transaction(&b, generation);
	put_frame(&b, &n, at->link);
	for (size_t i = 0; i < ARRAY_SIZE(beginning); i++)
		table_put_rule(&b, FAMILY, &beginning[i].rule, n.v[beginning[i].chain],
			       &(struct told){ .set = n.v[beginning[i].set] });
	put_neighbours(&b, &n, &at->addresses[NET_V6]);
	for (size_t i = 0; i < egress->n; i++)
		put_allowed(&b, &n, &egress->v[i]);
	table_put_rule(&b, FAMILY, &the_rest, n.v[FROM], NULL);
	int r = nft_commit(&b, e);

	if (r != -ENOENT && r != -EOPNOTSUPP)
		return r;
	return err_hint(e, "egress rules need Linux 5.16 with nf_tables for the netdev family and nft_reject_netdev");
}

/* One by one, for what is not there makes a whole transaction fail. */
int egress_remove(struct nl *nf, const char *link, struct err *e)
{
	struct names n = names_of(link);
	int r = 0;

	for (size_t i = 0; i < PARTS && r == 0; i++) {
		auto_batch struct nl_batch b = { .nl = nf };
		bool chain = i == FROM || i == TO;

		nft_transaction(&b, 0);
		if (nft_begin_in(FAMILY, &b, chain ? NFT_MSG_DELCHAIN : NFT_MSG_DELSET, 0, ENOENT, "remove %s", n.v[i])) {
			nl_put_text(&b, chain ? NFTA_CHAIN_TABLE : NFTA_SET_TABLE, RULES_TABLE);
			nl_put_text(&b, chain ? NFTA_CHAIN_NAME : NFTA_SET_NAME, n.v[i]);
		}
		r = nft_commit(&b, e);
	}
	return r;
}

struct counting {
	size_t rules;
	struct net_egress_counters sum;
};

static void add_counters(struct nftnl_rule *rule, struct net_egress_count *to)
{
	struct nftnl_expr_iter *all = nftnl_expr_iter_create(rule);

	for (struct nftnl_expr *x = all ? nftnl_expr_iter_next(all) : NULL; x; x = nftnl_expr_iter_next(all)) {
		if (!streq(nftnl_expr_get_str(x, NFTNL_EXPR_NAME), "counter"))
			continue;
		to->packets += nftnl_expr_get_u64(x, NFTNL_EXPR_CTR_PACKETS);
		to->bytes += nftnl_expr_get_u64(x, NFTNL_EXPR_CTR_BYTES);
	}
	if (all)
		nftnl_expr_iter_destroy(all);
}

static int take_rule(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	const struct nlattr *attrs[NFTA_RULE_USERDATA + 1];
	struct counting *c = arg;

	if (!nlh) {
		*c = (struct counting){ 0 };
		return 0;
	}
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		return err_nomem(e);
	nl_attrs(nlh, sizeof(struct nfgenmsg), attrs, NFTA_RULE_USERDATA);
	c->rules++;
	if (nftnl_rule_nlmsg_parse(nlh, rule) == 0)
		add_counters(rule, table_rule_is(attrs[NFTA_RULE_USERDATA], DROPPED) ? &c->sum.dropped : &c->sum.allowed);
	nftnl_rule_free(rule);
	return 0;
}

int egress_count(struct nl *nf, const char *link, struct net_egress_counters *ret, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };
	struct names n = names_of(link);
	struct counting c = { 0 };

	if (nft_begin_in(FAMILY, &b, NFT_MSG_GETRULE, NLM_F_DUMP, ENOENT, "list the rules of chain %s", n.v[FROM])) {
		nl_put_text(&b, NFTA_RULE_TABLE, RULES_TABLE);
		nl_put_text(&b, NFTA_RULE_CHAIN, n.v[FROM]);
	}
	int r = nl_dump(&b, take_rule, &c, e);

	if (r < 0)
		return r;
	*ret = c.sum;
	return c.rules > 0;
}
