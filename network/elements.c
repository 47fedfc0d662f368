// SPDX-License-Identifier: Apache-2.0
#include "network/elements.h"

#include <arpa/inet.h>
#include <errno.h>

#include "network/nft.h"
#include "network/rules.h"
#include "network/subnet.h"

#define ASK_AT_ONCE 64 /* answers that surely fit into a socket's buffer */
#define TRIES 8

/* An element as the kernel has it: parts of a key in registers of 4 bytes, in network order. */
struct element {
	const char *set;
	uint8_t key[2 * IFNAMSIZ], end[2 * IFNAMSIZ], data[8];
	uint32_t key_len, end_len, data_len;
};

static void put_address(uint8_t *at, uint32_t number)
{
	number = htonl(number);
	memcpy(at, &number, sizeof(number));
}

static void put_port(uint8_t *at, uint16_t number)
{
	number = htons(number);
	memcpy(at, &number, sizeof(number));
}

static struct element port_element(const struct net_port *p, const struct net_addr *container)
{
	struct element x = { .set = RULES_PORTS_ANY, .key_len = 8, .data_len = 8 };

	x.key[0] = p->protocol;
	if (p->host_addr.family) {
		x.set = RULES_PORTS;
		x.key_len = 12;
		put_address(x.key + 4, subnet_number(&p->host_addr));
	}
	put_port(x.key + x.key_len - 4, p->host_port);
	put_address(x.data, subnet_number(container));
	put_port(x.data + 4, p->container_port);
	return x;
}

#define NETWORK_ELEMENTS 4

/* The sets that a network is in. Return: how many */
static size_t network_elements(const struct net_network *n, struct element ret[NETWORK_ELEMENTS])
{
	struct element one = { .set = RULES_BRIDGES, .key_len = IFNAMSIZ };
	size_t count = 0;

	memcpy(one.key, n->bridge, strlen(n->bridge));
	ret[count++] = one;
	if (n->internal) {
		one.set = RULES_INTERNAL;
		ret[count++] = one;
	}
	one.set = RULES_SUBNETS;
	one.key_len = one.end_len = IFNAMSIZ + 4;
	memcpy(one.end, one.key, IFNAMSIZ);
	put_address(one.key + IFNAMSIZ, subnet_first(&n->subnet));
	put_address(one.end + IFNAMSIZ, subnet_last(&n->subnet));
	ret[count++] = one;
	one.set = RULES_PAIRS;
	one.key_len = 2 * IFNAMSIZ;
	one.end_len = 0;
	memcpy(one.key + IFNAMSIZ, one.end, IFNAMSIZ);
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
	struct element x = port_element(p, all->container);
	char text[NET_PORT_MAX];

	if (nft_begin(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE, 0, "publish port %s", net_port_text(p, text)))
		put_element(b, &x);
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

/* Which of some ports lead to a container. */
struct owned {
	const struct nl_batch *b;
	const struct net_port *ports;
	const struct net_addr *container;
	bool mine[ASK_AT_ONCE];
};

static int take_element(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_LIST_ELEMENTS + 1], *list[NFTA_LIST_ELEM + 1];
	const struct nlattr *elem[NFTA_SET_ELEM_DATA + 1], *data[NFTA_DATA_VALUE + 1];
	struct owned *o = arg;
	size_t i = nlh->nlmsg_seq - o->b->first_seq;
	struct element x = port_element(&o->ports[i], o->container);

	(void)e;
	nl_attrs(nlh, sizeof(struct nfgenmsg), attrs, NFTA_SET_ELEM_LIST_ELEMENTS);
	nl_nested_attrs(attrs[NFTA_SET_ELEM_LIST_ELEMENTS], list, NFTA_LIST_ELEM);
	nl_nested_attrs(list[NFTA_LIST_ELEM], elem, NFTA_SET_ELEM_DATA);
	nl_nested_attrs(elem[NFTA_SET_ELEM_DATA], data, NFTA_DATA_VALUE);
	const struct nlattr *value = data[NFTA_DATA_VALUE];

	o->mine[i] = value && mnl_attr_get_payload_len(value) == x.data_len &&
		     memcmp(mnl_attr_get_payload(value), x.data, x.data_len) == 0;
	return 0;
}

static int ask_owner(struct nl *nf, struct owned *o, size_t n, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };

	o->b = &b;
	for (size_t i = 0; i < n; i++) {
		struct element x = port_element(&o->ports[i], o->container);

		x.data_len = 0;
		if (nft_begin(&b, NFT_MSG_GETSETELEM, NLM_F_ACK, ENOENT, "look for a published port"))
			put_element(&b, &x);
	}
	return nl_run(&b, take_element, o, e);
}

/* At most ASK_AT_ONCE ports. Return: 0, or -errno: -ENOENT where one has gone meanwhile */
static int withdraw_some(struct nl *nf, struct owned *o, size_t n, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };
	int r = ask_owner(nf, o, n, e);
	size_t count = 0;

	if (r < 0)
		return r;
	nft_transaction(&b, 0);
	for (size_t i = 0; i < n; i++) {
		struct element x = port_element(&o->ports[i], o->container);

		x.data_len = 0;
		if (!o->mine[i])
			continue;
		count++;
		if (nft_begin(&b, NFT_MSG_DELSETELEM, 0, 0, "withdraw port %u", o->ports[i].host_port))
			put_element(&b, &x);
	}
	return count ? nft_commit(&b, e) : 0;
}

int elements_withdraw(struct nl *nf, const struct net_addr *container, const struct net_port *ports, size_t n_ports,
		 struct err *e)
{
	for (size_t at = 0; at < n_ports; at += ASK_AT_ONCE) {
		int r = -ENOENT;

		for (int i = 0; i < TRIES && r == -ENOENT; i++) {
			struct owned o = { .ports = ports + at, .container = container };

			r = withdraw_some(nf, &o, MIN(n_ports - at, (size_t)ASK_AT_ONCE), e);
		}
		if (r < 0)
			return r;
	}
	return 0;
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
