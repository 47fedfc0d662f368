/* SPDX-License-Identifier: Apache-2.0 */
/* parent.h: macvlan and ipvlan: a container as a station of its own on a link of this host, without bridge and rules. */
#ifndef NETWORK_PARENT_H
#define NETWORK_PARENT_H

#include "network/network.h"
#include "network/nl.h"

/**
 * parent_attach() - Make a link on the network's parent, in the container's namespace at once, down
 *
 * Return: 0, or -errno with @e filled
 */
int parent_attach(struct nl *rt, const struct net_plan *plan, int netns, struct err *e);

#endif
