/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape.h: how fast a container's link may be, and how bad: a list of rules for a container on a network. A rule is for
 * the addresses of a subnet, or for all others; the longest prefix counts, and so stands first.
 */
#ifndef NETWORK_SHAPE_H
#define NETWORK_SHAPE_H

#include "network/network.h"

/* As the container sees it: what it receives, what it sends. */
enum net_direction {
	NET_IN,
	NET_OUT,
	NET_DIRECTIONS,
};

struct net_rule {
	char *to;			    /* "10.1.0.0/16"; NULL: whatever no other rule is for */
	uint64_t rate_bits[NET_DIRECTIONS]; /* in a second; 0: no limit. Of the last rule (to NULL): of all rules together */
	uint64_t delay_us, jitter_us;	    /* each way */
	bool normal;			    /* jitter is distributed so, not evenly */
	uint32_t loss, duplicate, reorder, corrupt; /* of packets each way, thousandths of a percent */
};

struct net_shape {
	struct net_rule *v;
	size_t n;
};
#define NET_RULES_MAX 64

/**
 * net_shape_set() - Change one rule of a list
 * @a:		Of the list and its texts
 * @to:		Whose; an address or a subnet, NULL: the rule for all others
 * @values:	rate, delay, distribution, loss, duplicate, reorder, corrupt; what is not named stays, 0 is none of it
 *
 * Rules come and go as they say something.
 *
 * Return: 0, or -errno with @e filled and the list as it was
 */
int net_shape_set(struct arena *a, struct net_shape *shape, const char *to, const struct spec_map *values, struct err *e);

/* Take a rule away; one that is not there is fine. Return: as net_shape_set() */
int net_shape_remove(struct arena *a, struct net_shape *shape, const char *to, struct err *e);

/* "10mbit", "80ms±10ms", "0.1%", as they can be read again; "" for none. */
#define NET_SHAPE_TEXT_MAX 64
const char *net_rate_text(uint64_t bits, char buf[NET_SHAPE_TEXT_MAX]);
const char *net_delay_text(const struct net_rule *r, char buf[NET_SHAPE_TEXT_MAX]);
const char *net_share_text(uint32_t share, char buf[NET_SHAPE_TEXT_MAX]);

/**
 * network_shape() - Shape what a container has on a network, while it runs
 * @plan:	Only @id and @network count
 * @netns:	The container's network namespace
 * @shape:	From now on; an empty one: none
 *
 * Other values for the same rules change what is there, and nothing that is on its way is lost; other rules replace it all.
 *
 * Return: 0, or -errno with @e filled (-EOPNOTSUPP: the kernel lacks a module, which is named); then the caller says what is to
 *	   be instead
 */
int network_shape(int networks, const struct net_plan *plan, int netns, const struct net_shape *shape, struct err *e);

#endif
