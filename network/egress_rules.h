/* SPDX-License-Identifier: Apache-2.0 */
/*
 * egress_rules.h: whom a container may send to, held to at the host's end of its pair.
 *
 * All that it sends comes in there, before the bridge has seen it: to neighbours on the same bridge, to this host and to
 * anywhere else, by whatever source address. Nothing that its root may do inside changes it. Connection tracking comes later,
 * so what may be answered is learned at the same place: who has sent to the container, and from where to where.
 */
#ifndef NETWORK_EGRESS_RULES_H
#define NETWORK_EGRESS_RULES_H

#include "network/network.h"
#include "network/nl.h"

struct egress_place {
	const char *link;		 /* the host's end of its pair */
	const struct net_addr *addresses; /* the container's, NET_FAMILIES of them, with their subnets' prefixes */
};

/**
 * egress_put() - Make the rules of a link, or replace them, at once
 * @generation:	Do nothing if the tables are of another one by now (-ERESTART); 0: never mind
 *
 * Return: 0, or -errno with @e filled (-ENOENT: there is no such link, or the kernel lacks what they need)
 */
int egress_put(struct nl *nf, const struct egress_place *at, const struct net_egress *egress, uint32_t generation,
	       struct err *e);

/* Take them away. What is not there is fine. Return: 0, or -errno with @e filled */
int egress_remove(struct nl *nf, const char *link, struct err *e);

/* What they have counted. Return: 1, 0 where a link has no rules, or -errno with @e filled */
int egress_count(struct nl *nf, const char *link, struct net_egress_counters *ret, struct err *e);

#endif
