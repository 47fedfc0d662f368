// SPDX-License-Identifier: Apache-2.0
/*
 * Theory of operation. A link shapes what it sends, so what a container sends is shaped by its own end of the pair, and what it
 * receives by the host's. On an end the disciplines form a tree; each part is there only where it is needed:
 *
 *     tbf: the rate of all          htb: whose addresses?     tbf: the rate of these     netem: delay, loss, …
 *     (that of the last rule)    →  a class for each rule  →  addresses               →
 *
 * tbf cuts what the kernel sends in one piece (up to 64 KiB) into packets where the rate is low, so a slow link is a smooth
 * one. The classes of htb have no limit; it is there because every kernel with tbf has it, and prio takes 15 rules only.
 *
 * No packet gets past the rules while they are made: until its child is there tbf lets nothing through (limit 0), nor does htb
 * until a filter leads into a class (a direct queue of length 0), and filters come last. While they are changed, neither: the
 * numbers of the disciplines (handles) follow from which parts the tree has and whose addresses it knows, so the root's number
 * says whether the tree is the same but for its values. Then these are changed in place, with all packets that wait; if not, a
 * new tree replaces the old one.
 */
#include "network/tc.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "base/netns.h"
#include "network/link.h"
#include "network/subnet.h"

#define UNLIMITED_BYTES	    BIT64(40)	/* in a second */
#define QUEUE_MS	    100		/* what waits for its turn */
#define BURST_MS	    10		/* what goes out at once: longer than a busy machine's timers are late */
#define QUEUE_PACKETS_MIN   20
#define FAST_BITS	    UINT64_C(10000000000) /* a link without a limit, when its queue is measured */
#define QUEUE_PACKETS_MAX   100000
#define MTU_DEFAULT	    1500
#define HEADER_BYTES	    64 /* what a packet has above the MTU: Ethernet's header, tags */
#define HTB_VERSION	    3
#define HTB_QUANTUM	    200000 /* bytes that a class sends in its turn */
#define FILTER_BUF	    (sizeof(struct tc_u32_sel) + 4 * sizeof(struct tc_u32_key))

/* One end of a link, and the requests that shape it. */
struct tree {
	struct nl_batch *b;
	const char *name;
	uint32_t index, mtu;
	enum net_direction direction;
	bool anew;	/* else it is there, and is given other values */
	uint32_t first; /* handle; the others follow */
};

static uint32_t handle(const struct tree *t, size_t n)
{
	return t->first + ((uint32_t)n << 16);
}
#define HANDLE_RATE	    0 /* of the parts that are there once */
#define HANDLE_CLASSES	    1
#define HANDLE_RULE(i)	    (2 + 2 * (i)) /* its tbf; its netem is the next */
#define HANDLES		    HANDLE_RULE(NET_RULES_MAX)

static bool has_faults(const struct net_rule *r)
{
	return r->delay_us || r->jitter_us || r->loss || r->duplicate || r->corrupt;
}

static bool shapes(const struct net_shape *shape, enum net_direction d)
{
	for (size_t i = 0; i < shape->n; i++)
		if (shape->v[i].rate_bits[d] || has_faults(&shape->v[i]))
			return true;
	return false;
}

/* Of what a tree consists, as a number that handles begin with: below 0x8000, where the kernel chooses them itself. */
static uint32_t first_handle(const struct net_shape *shape, enum net_direction d)
{
	uint64_t hash = SUBNET_HASH_SEED;

	for (size_t i = 0; i < shape->n; i++) {
		const struct net_rule *r = &shape->v[i];
		uint8_t parts[] = { r->rate_bits[d] != 0, has_faults(r), r->normal };
		const char *to = r->to ? r->to : "";

		hash = subnet_hash(hash, to, strlen(to) + 1);
		hash = subnet_hash(hash, parts, sizeof(parts));
	}
	return (uint32_t)(1 + hash % (0x8000 - HANDLES - 1)) << 16;
}

static struct tcmsg *add(const struct tree *t, uint16_t type, const char *module, uint32_t parent, uint32_t number)
{
	uint16_t flags = (type == RTM_NEWQDISC ? NLM_F_REPLACE : 0) | (t->anew ? NLM_F_CREATE : 0);
	struct tcmsg *tcm = nl_add(t->b, type, flags, 0, sizeof(*tcm), "%s on link %s", module, t->name);

	tcm->tcm_ifindex = (int)t->index;
	tcm->tcm_parent = parent;
	tcm->tcm_handle = number;
	nl_put_text(t->b, TCA_KIND, strchr(module, '_') + 1);
	return tcm;
}

static void put_u64(struct nl_batch *b, uint16_t type, uint64_t v)
{
	nl_put(b, type, &v, sizeof(v));
}

/* How many bytes pass in so many milliseconds, but at least so many packets. */
static uint32_t bytes_of(const struct tree *t, uint64_t bits, uint64_t ms, unsigned packets)
{
	uint64_t bytes = bits / 8 * ms / 1000;

	return (uint32_t)MIN(MAX(bytes, (uint64_t)packets * (t->mtu + HEADER_BYTES)), UINT32_MAX);
}

/* Return: the parent of what comes below */
static uint32_t put_rate(const struct tree *t, uint32_t parent, size_t number, const struct net_rule *r, bool has_child)
{
	uint64_t bits = r->rate_bits[t->direction];
	const struct tc_tbf_qopt opt = {
		.rate = { .linklayer = TC_LINKLAYER_ETHERNET, .rate = (uint32_t)MIN(bits / 8, UINT32_MAX) },
		.limit = has_child ? 0 : bytes_of(t, bits, QUEUE_MS, QUEUE_PACKETS_MIN),
	};

	if (!bits)
		return parent;
	add(t, RTM_NEWQDISC, "sch_tbf", parent, handle(t, number));
	struct nlattr *options = nl_nest(t->b, TCA_OPTIONS);

	nl_put(t->b, TCA_TBF_PARMS, &opt, sizeof(opt));
	put_u64(t->b, TCA_TBF_RATE64, bits / 8);
	nl_put_u32(t->b, TCA_TBF_BURST, bytes_of(t, bits, BURST_MS, 1));
	nl_nest_end(t->b, options);
	return handle(t, number) | 1;
}

/* A share, as netem has it. */
static uint32_t of_all(uint32_t share)
{
	return (uint32_t)((uint64_t)share * UINT32_MAX / 100000);
}

/* Room for all that is under way, and a queue behind it. */
static uint32_t packets_of(const struct tree *t, const struct net_rule *r)
{
	uint64_t bits = r->rate_bits[t->direction] ? r->rate_bits[t->direction] : FAST_BITS;
	uint64_t us = r->delay_us + 4 * r->jitter_us + QUEUE_MS * 1000, packets = bits / 8 / t->mtu * us / 1000000;

	return (uint32_t)MIN(MAX(packets, QUEUE_PACKETS_MIN), QUEUE_PACKETS_MAX);
}

static void put_faults(const struct tree *t, uint32_t parent, size_t number, const struct net_rule *r)
{
	const struct tc_netem_qopt opt = {
		.limit = packets_of(t, r),
		.loss = of_all(r->loss),
		.duplicate = of_all(r->duplicate),
		.gap = r->reorder ? 1 : 0,
	};
	const struct tc_netem_reorder reorder = { .probability = of_all(r->reorder) };
	const struct tc_netem_corrupt corrupt = { .probability = of_all(r->corrupt) };

	if (!has_faults(r))
		return;
	add(t, RTM_NEWQDISC, "sch_netem", parent, handle(t, number));
	struct nlattr *options = nl_nest(t->b, TCA_OPTIONS);

	nl_put_raw(t->b, &opt, sizeof(opt));
	put_u64(t->b, TCA_NETEM_LATENCY64, r->delay_us * 1000);
	put_u64(t->b, TCA_NETEM_JITTER64, r->jitter_us * 1000);
	nl_put(t->b, TCA_NETEM_REORDER, &reorder, sizeof(reorder));
	nl_put(t->b, TCA_NETEM_CORRUPT, &corrupt, sizeof(corrupt));
	if (r->normal) {
		int16_t table[TC_NORMAL_SIZE];

		tc_normal(table);
		nl_put(t->b, TCA_NETEM_DELAY_DIST, table, sizeof(table));
	}
	nl_nest_end(t->b, options);
}

static void put_classifier(const struct tree *t, uint32_t parent)
{
	const struct tc_htb_glob glob = { .version = HTB_VERSION, .rate2quantum = 1 };

	add(t, RTM_NEWQDISC, "sch_htb", parent, handle(t, HANDLE_CLASSES));
	struct nlattr *options = nl_nest(t->b, TCA_OPTIONS);

	nl_put(t->b, TCA_HTB_INIT, &glob, sizeof(glob));
	nl_put_u32(t->b, TCA_HTB_DIRECT_QLEN, 0);
	nl_nest_end(t->b, options);
}

static void put_class(const struct tree *t, uint32_t class)
{
	const struct tc_ratespec rate = { .linklayer = TC_LINKLAYER_ETHERNET, .rate = UINT32_MAX };
	const struct tc_htb_opt opt = { .rate = rate, .ceil = rate, .buffer = HTB_QUANTUM, .cbuffer = HTB_QUANTUM,
					.quantum = HTB_QUANTUM };

	add(t, RTM_NEWTCLASS, "sch_htb", handle(t, HANDLE_CLASSES), class);
	struct nlattr *options = nl_nest(t->b, TCA_OPTIONS);

	nl_put(t->b, TCA_HTB_PARMS, &opt, sizeof(opt));
	put_u64(t->b, TCA_HTB_RATE64, UNLIMITED_BYTES);
	put_u64(t->b, TCA_HTB_CEIL64, UNLIMITED_BYTES);
	nl_nest_end(t->b, options);
}

/* Where in a packet's header the address is that counts: its destination on the way out, its source on the way in. */
static int address_offset(uint8_t family, enum net_direction d)
{
	static const int offsets[NET_DIRECTIONS][NET_FAMILIES] = {
		[NET_IN] = { [NET_V4] = 12, [NET_V6] = 8 },
		[NET_OUT] = { [NET_V4] = 16, [NET_V6] = 24 },
	};

	return offsets[d][family == AF_INET6 ? NET_V6 : NET_V4];
}

/* A word of 32 bits of an address for each key; without a subnet one that fits always. */
static size_t fill_selector(const struct tree *t, const struct net_addr *subnet, struct tc_u32_sel *sel)
{
	unsigned bits = subnet->prefix, n = 0;

	do {
		uint32_t mask = bits >= 32 ? UINT32_MAX : bits ? ~(UINT32_MAX >> bits) : 0;
		struct tc_u32_key *key = &sel->keys[n];

		key->mask = htonl(mask);
		memcpy(&key->val, subnet->bytes + 4 * n, sizeof(key->val));
		key->off = address_offset(subnet->family, t->direction) + 4 * (int)n;
		bits -= MIN(bits, 32U);
		n++;
	} while (bits);
	sel->flags = TC_U32_TERMINAL;
	sel->nkeys = (unsigned char)n;
	return sizeof(*sel) + n * sizeof(struct tc_u32_key);
}

/* In the order of their numbers; those of one number are of one protocol. */
static uint16_t filter_order(const struct net_addr *subnet)
{
	return (uint16_t)(!subnet->family ? 200 : subnet->family == AF_INET ? 1 + 32 - subnet->prefix : 34 + 128 - subnet->prefix);
}

static void put_filter(const struct tree *t, const struct net_addr *subnet, uint32_t class)
{
	_Alignas(struct tc_u32_sel) char selector[FILTER_BUF] = { 0 };
	uint16_t protocol = !subnet->family ? ETH_P_ALL : subnet->family == AF_INET ? ETH_P_IP : ETH_P_IPV6;
	size_t len = fill_selector(t, subnet, (struct tc_u32_sel *)selector);
	struct tcmsg *tcm = add(t, RTM_NEWTFILTER, "cls_u32", handle(t, HANDLE_CLASSES), 0);

	tcm->tcm_info = (uint32_t)filter_order(subnet) << 16 | htons(protocol);
	struct nlattr *options = nl_nest(t->b, TCA_OPTIONS);

	nl_put_u32(t->b, TCA_U32_CLASSID, class);
	nl_put(t->b, TCA_U32_SEL, selector, len);
	nl_nest_end(t->b, options);
}

/* A rule among several: its class, what is below that, and only then the filter that leads there. */
static int put_rule(const struct tree *t, size_t i, const struct net_rule *r, struct err *e)
{
	uint32_t class = handle(t, HANDLE_CLASSES) | (uint32_t)(i + 1), parent = class;
	struct net_addr subnet = { .family = 0 };

	if (r->to && net_addr_parse(r->to, &subnet) < 0)
		return err_say(e, EINVAL, "\"%s\" is not a subnet", r->to);
	if (t->anew)
		put_class(t, class);
	if (r->to) /* the last rule's rate is that of all */
		parent = put_rate(t, parent, HANDLE_RULE(i), r, has_faults(r));
	put_faults(t, parent, HANDLE_RULE(i) + 1, r);
	if (t->anew)
		put_filter(t, &subnet, class);
	return 0;
}

static int put_tree(const struct tree *t, const struct net_shape *shape, struct err *e)
{
	static const struct net_rule nothing;
	size_t n = shape->n;
	const struct net_rule *rest = n && !shape->v[n - 1].to ? &shape->v[--n] : &nothing;
	uint32_t parent = put_rate(t, TC_H_ROOT, HANDLE_RATE, rest, n || has_faults(rest));
	int r = 0;

	if (n == 0) {
		put_faults(t, parent, HANDLE_RULE(0) + 1, rest);
		return 0;
	}
	if (t->anew)
		put_classifier(t, parent);
	for (size_t i = 0; i < n && r == 0; i++)
		r = put_rule(t, i, &shape->v[i], e);
	return r < 0 ? r : put_rule(t, n, rest, e);
}

static int change(const struct tree *like, struct nl *rt, bool anew, const struct net_shape *shape, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };
	struct tree t = *like;

	t.b = &b;
	t.anew = anew;
	int r = put_tree(&t, shape, e);

	nl_ack_last(&b);
	if (r == 0)
		r = nl_run(&b, NULL, NULL, e);
	if (r != -ENOENT || !anew)
		return r;
	const char *module = b.requests[b.failed].what; /* its first word */
	int len = (int)strcspn(module, " ");

	err_say(e, EOPNOTSUPP, "%s: this kernel has no %.*s", module, len, module);
	return err_hint(e, "load it with `modprobe %.*s`, or boot a kernel that has it as a module", len, module);
}

static int clear(struct nl *rt, const char *name, uint32_t index, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = rt };
	struct tcmsg *tcm = nl_add(&b, RTM_DELQDISC, NLM_F_ACK, ENOENT, sizeof(*tcm), "clear link %s", name);

	tcm->tcm_ifindex = (int)index;
	tcm->tcm_parent = TC_H_ROOT;
	return nl_run(&b, NULL, NULL, e);
}

static int take_handle(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	(void)e;
	if (nlh->nlmsg_type == RTM_NEWQDISC && nlh->nlmsg_len >= mnl_nlmsg_size(sizeof(struct tcmsg)))
		*(uint32_t *)arg = ((const struct tcmsg *)mnl_nlmsg_get_payload(nlh))->tcm_handle;
	return 0;
}

/* Is the same tree there already, but for its values? */
static bool is_there(const struct tree *t, struct nl *rt)
{
	auto_batch struct nl_batch b = { .nl = rt };
	struct tcmsg *tcm = nl_add(&b, RTM_GETQDISC, NLM_F_ACK | NLM_F_ECHO, 0, sizeof(*tcm), "look at link %s", t->name);
	uint32_t root = 0;
	struct err ignored; /* there is none */

	tcm->tcm_ifindex = (int)t->index;
	tcm->tcm_parent = TC_H_ROOT;
	return nl_run(&b, take_handle, &root, &ignored) == 0 && root >= t->first && root < handle(t, HANDLES);
}

static int shape_end(struct nl *rt, const char *name, enum net_direction d, const struct net_shape *shape, struct err *e)
{
	struct tree t = { .name = name, .direction = d, .first = first_handle(shape, d) };
	struct err ignored;
	struct link link;
	int r = link_find(rt, name, &link, e);

	if (r < 0)
		return r;
	t.index = link.index;
	t.mtu = link.mtu ? link.mtu : MTU_DEFAULT;
	if (!shapes(shape, d))
		return clear(rt, name, t.index, e);
	r = change(&t, rt, !is_there(&t, rt), shape, e);
	if (r < 0)
		(void)clear(rt, name, t.index, &ignored); /* half a tree is none; the first error is the one that counts */
	return r;
}

struct inside {
	const char *name;
	const struct net_shape *shape;
};

/* The calling thread is in the container's namespace. */
static int shape_inside(const void *arg, struct err *e)
{
	const struct inside *in = arg;
	auto_nl struct nl rt = { 0 };
	int r = nl_open(&rt, NETLINK_ROUTE, e);

	return r < 0 ? r : shape_end(&rt, in->name, NET_OUT, in->shape, e);
}

int tc_shape(struct nl *rt, const char *outside, const char *inside, int netns, const struct net_shape *shape, struct err *e)
{
	int r = netns_visit(netns, shape_inside, &(struct inside){ inside, shape }, e);

	if (r < 0 || *outside)
		return r < 0 ? r : shape_end(rt, outside, NET_IN, shape, e);
	for (size_t i = 0; i < shape->n; i++)
		if (shape->v[i].rate_bits[NET_IN])
			return err_say(e, EOPNOTSUPP, "what link %s receives passes no link of this host, and has no rate: give the "
				       "other alone, as in \"/10mbit\"", inside);
	return 0;
}

/*
 * The table begins with the numbers below 0. Of the bell curve f(v) = exp(-v² / (2·8192²)) each value follows from the one
 * before it: f(v+1) = f(v)·r(v), and r(v+1) = r(v)·exp(-1/8192²). So no library of mathematics is needed.
 */
#define SIGMA 8192
#define STEP  (1.0 / SIGMA / SIGMA)

struct bell {
	double f, r;
};

static void bell_next(struct bell *b)
{
	b->f *= b->r;
	b->r *= 1 - STEP + STEP * STEP / 2;
}

void tc_normal(int16_t ret[TC_NORMAL_SIZE])
{
	const struct bell top = { 1, 1 - STEP / 2 + STEP * STEP / 8 };
	double area = 0, passed = 0;
	struct bell b = top;
	size_t n = 0;

	for (int v = 0; v < INT16_MAX; v++, bell_next(&b))
		area += b.f;
	b = top;
	for (int v = 0; v < INT16_MAX && n < TC_NORMAL_SIZE / 2; v++, bell_next(&b)) {
		passed += b.f;
		/* the middle of the n-th of equal areas */
		for (; n < TC_NORMAL_SIZE / 2 && passed >= area * ((double)n + 0.5) / (TC_NORMAL_SIZE / 2); n++) {
			ret[TC_NORMAL_SIZE / 2 - 1 - n] = (int16_t)-v;
			ret[TC_NORMAL_SIZE / 2 + n] = (int16_t)v;
		}
	}
}
