/* SPDX-License-Identifier: Apache-2.0 */
/* ports.h: ports of the host, taken with real sockets before rules lead them away. */
#ifndef NETWORK_PORTS_H
#define NETWORK_PORTS_H

#include "network/network.h"

/* Whether a published port leads to the container's address of a family. @container: NET_FAMILIES addresses */
bool ports_lead_to(const struct net_port *p, enum net_family f, const struct net_addr *container);

/**
 * ports_take() - Bind a socket to each published port, for each family that the container has
 * @networks:	Where it is looked up which container has one that is taken; -1: nowhere
 * @container:	Its addresses, NET_FAMILIES of them; of all zeros where they are not known yet
 * @ports:	Where host_port is 0 the kernel chooses, and the choice is written back
 * @ret:	Its sockets; those above NET_HOLD_MAX are closed again
 *
 * Return: 0, or -errno with @e filled and nothing held (-EADDRINUSE: somebody uses a port; -EADDRNOTAVAIL: an address is
 * not this host's; -EAFNOSUPPORT: it is of a family that the container does not have)
 */
int ports_take(int networks, const struct net_addr *container, struct net_port *ports, size_t n, struct net_hold *ret,
	       struct err *e);

#endif
