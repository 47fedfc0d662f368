/* SPDX-License-Identifier: Apache-2.0 */
/* link.h: bridges, veth pairs, addresses and routes, by rtnetlink. */
#ifndef NETWORK_LINK_H
#define NETWORK_LINK_H

#include "network/network.h"
#include "network/nl.h"

struct link {
	uint32_t index, master; /* master: index of its bridge, 0: none */
	uint32_t mtu;
	bool up, bridge;
};

/* Read a link out of an RTM_NEWLINK message; what the message lacks or has malformed is 0. */
void link_parse(const struct nlmsghdr *nlh, struct link *ret);

/* Return: 0, or -errno with @e filled (-ENODEV: no such link) */
int link_find(struct nl *rt, const char *name, struct link *ret, struct err *e);

/**
 * link_bridge() - A network's bridge, with its address, up; made where it is missing
 *
 * Without IPv6 that is off on it before it comes up; router advertisements are never believed: a container could send them.
 *
 * Return: 0, or -errno with @e filled
 */
int link_bridge(struct nl *rt, const struct net_network *n, uint32_t *ret_index, struct err *e);

/* The host's end of a container's pair: the same name for the same container, network and namespace. */
void link_name(const char *id, const char *network, int netns, char ret[IF_NAMESIZE]);

/**
 * link_pair() - A veth pair: one end on the bridge and up, the other in the container's namespace, down
 * @name:	Of the host's end
 *
 * Where there are egress rules to come, the host's end is down too: link_raise().
 *
 * Return: 0, or -errno with @e filled
 */
int link_pair(struct nl *rt, const char *name, uint32_t bridge, const struct net_plan *plan, int netns, struct err *e);

/* Set a link up. Return: 0, or -errno with @e filled */
int link_raise(struct nl *rt, const char *name, struct err *e);

/**
 * link_inside() - Give the container's end its address and its route and set it up, and loopback too
 *
 * The calling thread enters @netns and leaves it again.
 *
 * Return: 0, or -errno with @e filled
 */
int link_inside(const struct net_plan *plan, int netns, struct err *e);

/* The hardware address that it has, or is given. Return: of the plan, or @buf */
const uint8_t *link_hardware_address(const struct net_plan *plan, uint8_t buf[6]);

/* Remove a link of another namespace; one that is not there is fine. The calling thread enters @netns and leaves it again. */
int link_remove_inside(const char *name, int netns, struct err *e);

/* Remove a link and wait until it is gone; one that is not there is fine. */
int link_remove(struct nl *rt, const char *name, struct err *e);

/* Make a bridge port pass nothing any more, which needs no waiting; one that is not there is fine. */
int link_cut(struct nl *rt, const char *name, struct err *e);

/* Let containers' packets pass through this host: net.ipv4.ip_forward, net.ipv6.conf.all.forwarding. */
int link_forwarding(enum net_family family, struct err *e);

/**
 * link_each_subnet() - Every subnet that this host has an address in or a route to
 * @f:		Routes that lead nearly everywhere (prefix below 8) are left out. It may see one twice
 *
 * Return: 0, or -errno with @e filled
 */
int link_each_subnet(struct nl *rt, void (*f)(const struct net_addr *subnet, void *arg), void *arg, struct err *e);

#endif
