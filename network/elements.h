/* SPDX-License-Identifier: Apache-2.0 */
/* elements.h: networks and published ports in the sets and maps of our table. */
#ifndef NETWORK_ELEMENTS_H
#define NETWORK_ELEMENTS_H

#include "network/network.h"
#include "network/nl.h"

struct elements {
	const struct net_network *network; /* joins the sets of networks; NULL: it need not */
	const struct net_addr *container; /* its addresses, NET_FAMILIES of them */
	const struct net_port *ports;
	size_t n_ports;
	uint32_t generation; /* do nothing if it is another one by now (-ERESTART); 0: never mind */
};

/**
 * elements_publish() - Add a network and published ports, all or none
 *
 * What is there already, and leads to the same container, is fine.
 *
 * Return: 0, or -errno with @e filled (-EADDRINUSE: a port belongs to another container; -ENOENT: somebody removed the
 * table since table_ensure())
 */
int elements_publish(struct nl *nf, const struct elements *all, struct err *e);

/* Remove those of the ports that lead to @container's addresses (NET_FAMILIES of them). Return: 0, or -errno with @e filled */
int elements_withdraw(struct nl *nf, const struct net_addr *container, const struct net_port *ports, size_t n_ports,
		      struct err *e);

/* Remove a network from its sets. What is not there is fine. Return: 0, or -errno with @e filled */
int elements_forget(struct nl *nf, const struct net_network *n, struct err *e);

#endif
