// SPDX-License-Identifier: Apache-2.0
#include "network/elements.h"

#include <arpa/inet.h>
#include <errno.h>

#include "network/nft.h"
#include "network/ports.h"
#include "network/rules.h"
#include "network/subnet.h"

#define ASK_AT_ONCE 64 /* answers that surely fit into a socket's buffer */
#define TRIES 8

/* An element as the kernel has it: parts of a key in registers of 4 bytes, in network order. */
struct element {
	const char *set;
	uint8_t key[2 * IFNAMSIZ], end[2 * IFNAMSIZ], data[20];
	uint32_t key_len, end_len, data_len;
};

static const struct {
	const char *subnets, *ports, *ports_any;
} sets[NET_FAMILIES] = {
	[NET_V4] = { RULES_SUBNETS, RULES_PORTS, RULES_PORTS_ANY },
	[NET_V6] = { RULES_SUBNETS6, RULES_PORTS6, RULES_PORTS_ANY6 },
};

/* Return: how many bytes */
static uint32_t put_address(uint8_t *at, const struct net_addr *a)
{
	memcpy(at, a->bytes, subnet_bytes(a->family));
	return subnet_bytes(a->family);
}

static void put_port(uint8_t *at, uint16_t number)
{
	number = htons(number);
	memcpy(at, &number, sizeof(number));
}

static struct element port_element(const struct net_port *p, enum net_family f, const struct net_addr *container)
{
	struct element x = { .set = sets[f].ports_any, .key_len = 4 };

	x.key[0] = p->protocol;
	if (!subnet_is_every(&p->host_addr)) {
		x.set = sets[f].ports;
		x.key_len += put_address(x.key + x.key_len, &p->host_addr);
	}
	put_port(x.key + x.key_len, p->host_port);
	x.key_len += 4;
	x.data_len = put_address(x.data, &container[f]);
	put_port(x.data + x.data_len, p->container_port);
	x.data_len += 4;
	return x;
}

#define NETWORK_ELEMENTS 6

/* The sets that a network is in. Return: how many */
static size_t network_elements(const struct net_network *n, struct element ret[NETWORK_ELEMENTS])
{
	struct element one = { .key_len = IFNAMSIZ };
	const char *const of_link[] = { RULES_BRIDGES, n->internal ? RULES_INTERNAL : NULL,
					n->isolate ? RULES_ISOLATED : NULL };
	size_t count = 0;

	memcpy(one.key, n->bridge, strlen(n->bridge));
	for (size_t i = 0; i < ARRAY_SIZE(of_link); i++) {
		one.set = of_link[i];
		if (one.set)
			ret[count++] = one;
	}
	for (enum net_family f = 0; f < NET_FAMILIES; f++) {
		struct element subnet = one;
		struct net_addr first = subnet_address(&n->ip[f].subnet, subnet_first(&n->ip[f].subnet));
		struct net_addr last = subnet_address(&n->ip[f].subnet, subnet_last(&n->ip[f].subnet));

		if (!n->ip[f].subnet.family)
			continue;
		subnet.set = sets[f].subnets;
		memcpy(subnet.end, one.key, IFNAMSIZ);
		subnet.key_len += put_address(subnet.key + IFNAMSIZ, &first);
		subnet.end_len = IFNAMSIZ + put_address(subnet.end + IFNAMSIZ, &last);
		ret[count++] = subnet;
	}
	one.set = RULES_PAIRS;
	one.key_len = 2 * IFNAMSIZ;
	memcpy(one.key + IFNAMSIZ, one.key, IFNAMSIZ);
	ret[count++] = one;
	return count;
}

/* The attributes of one element, in the request begun last. */
static void put_element(struct nl_batch *b, const struct element *x)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct nftnl_set_elem *elem = nftnl_set_elem_alloc();

	if (s && elem) {
		nftnl_set_set_str(s, NFTNL_SET_TABLE, RULES_TABLE);
		nftnl_set_set_str(s, NFTNL_SET_NAME, x->set);
		nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, x->key, x->key_len);
		if (x->end_len)
			nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY_END, x->end, x->end_len);
		if (x->data_len)
			nftnl_set_elem_set(elem, NFTNL_SET_ELEM_DATA, x->data, x->data_len);
		nftnl_set_elem_add(s, elem);
		nftnl_set_elems_nlmsg_build_payload(b->last, s); /* no larger than a few hundred bytes */
		nftnl_set_free(s); /* and its element */
		return;
	}
	b->full = true;
	if (s)
		nftnl_set_free(s);
	if (elem)
		nftnl_set_elem_free(elem);
}

static void add_port(struct nl_batch *b, const struct net_port *p, const struct elements *all)
{
	char text[NET_PORT_MAX];

	for (enum net_family f = 0; f < NET_FAMILIES; f++) {
		struct element x = port_element(p, f, all->container);

		if (!ports_lead_to(p, f, all->container))
			continue;
		if (nft_begin(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE, 0, "publish port %s", net_port_text(p, text)))
			put_element(b, &x);
	}
}

int elements_publish(struct nl *nf, const struct elements *all, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };
	struct element networks[NETWORK_ELEMENTS];
	size_t n = all->network ? network_elements(all->network, networks) : 0;

	if (n + all->n_ports == 0)
		return 0;
	nft_transaction(&b, all->generation);
	for (size_t i = 0; i < n; i++)
		if (nft_begin(&b, NFT_MSG_NEWSETELEM, NLM_F_CREATE, 0, "add network %s to set %s", all->network->name,
			  networks[i].set))
			put_element(&b, &networks[i]);
	for (size_t i = 0; i < all->n_ports; i++)
		add_port(&b, &all->ports[i], all);
	int r = nft_commit(&b, e);

	if (r != -EEXIST && r != -EBUSY) /* the key is there with other data; kernels differ in how they say so */
		return r;
	return err_say(e, EADDRINUSE, "%s: another container has this port", b.requests[b.failed].what);
}

/* Which of some elements of ports lead to a container. */
struct owned {
	const struct nl_batch *b;
	size_t n;
	struct element all[ASK_AT_ONCE];
	uint16_t host_port[ASK_AT_ONCE];
	bool mine[ASK_AT_ONCE];
};

static int take_element(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_LIST_ELEMENTS + 1], *list[NFTA_LIST_ELEM + 1];
	const struct nlattr *elem[NFTA_SET_ELEM_DATA + 1], *data[NFTA_DATA_VALUE + 1];
	struct owned *o = arg;
	size_t i = nlh->nlmsg_seq - o->b->first_seq;
	const struct element *x = &o->all[i];

	(void)e;
	nl_attrs(nlh, sizeof(struct nfgenmsg), attrs, NFTA_SET_ELEM_LIST_ELEMENTS);
	nl_nested_attrs(attrs[NFTA_SET_ELEM_LIST_ELEMENTS], list, NFTA_LIST_ELEM);
	nl_nested_attrs(list[NFTA_LIST_ELEM], elem, NFTA_SET_ELEM_DATA);
	nl_nested_attrs(elem[NFTA_SET_ELEM_DATA], data, NFTA_DATA_VALUE);
	const struct nlattr *value = data[NFTA_DATA_VALUE];

	o->mine[i] = value && mnl_attr_get_payload_len(value) == x->data_len &&
		     memcmp(mnl_attr_get_payload(value), x->data, x->data_len) == 0;
	return 0;
}

/* An element as it is looked for or removed: by its key. */
static void put_key(struct nl_batch *b, const struct element *x)
{
	struct element key = *x;

	key.data_len = 0;
	put_element(b, &key);
}

static int ask_owner(struct nl *nf, struct owned *o, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };

	o->b = &b;
	memset(o->mine, 0, sizeof(o->mine));
	for (size_t i = 0; i < o->n; i++)
		if (nft_begin(&b, NFT_MSG_GETSETELEM, NLM_F_ACK, ENOENT, "look for a published port"))
			put_key(&b, &o->all[i]);
	return nl_run(&b, take_element, o, e);
}

/* Return: 0, or -errno: -ENOENT where one has gone meanwhile */
static int withdraw_once(struct nl *nf, struct owned *o, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };
	int r = ask_owner(nf, o, e);
	size_t count = 0;

	if (r < 0)
		return r;
	nft_transaction(&b, 0);
	for (size_t i = 0; i < o->n; i++) {
		if (!o->mine[i])
			continue;
		count++;
		if (nft_begin(&b, NFT_MSG_DELSETELEM, 0, 0, "withdraw port %u", o->host_port[i]))
			put_key(&b, &o->all[i]);
	}
	return count ? nft_commit(&b, e) : 0;
}

/* Those collected so far. */
static int withdraw_some(struct nl *nf, struct owned *o, struct err *e)
{
	int r = o->n ? -ENOENT : 0;

	for (int i = 0; i < TRIES && r == -ENOENT; i++)
		r = withdraw_once(nf, o, e);
	o->n = 0;
	return r;
}

int elements_withdraw(struct nl *nf, const struct net_addr *container, const struct net_port *ports, size_t n_ports,
		      struct err *e)
{
	struct owned o = { .n = 0 };
	int r = 0;

	for (size_t at = 0; at < n_ports && r == 0; at++) {
		for (enum net_family f = 0; f < NET_FAMILIES; f++) {
			if (!ports_lead_to(&ports[at], f, container))
				continue;
			o.host_port[o.n] = ports[at].host_port;
			o.all[o.n++] = port_element(&ports[at], f, container);
		}
		if (o.n + NET_FAMILIES > ASK_AT_ONCE)
			r = withdraw_some(nf, &o, e);
	}
	return r < 0 ? r : withdraw_some(nf, &o, e);
}

int elements_forget(struct nl *nf, const struct net_network *n, struct err *e)
{
	struct element networks[NETWORK_ELEMENTS];
	size_t count = network_elements(n, networks);

	for (size_t i = 0; i < count; i++) {
		auto_batch struct nl_batch b = { .nl = nf };

		nft_transaction(&b, 0);
		if (nft_begin(&b, NFT_MSG_DELSETELEM, 0, ENOENT, "remove network %s from set %s", n->name, networks[i].set))
			put_element(&b, &networks[i]);
		int r = nft_commit(&b, e);

		if (r < 0)
			return r;
	}
	return 0;
}
