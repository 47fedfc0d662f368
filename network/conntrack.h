/* SPDX-License-Identifier: Apache-2.0 */
/* conntrack.h: flows that the kernel remembers from before a port was published, or from a container that has gone. */
#ifndef NETWORK_CONNTRACK_H
#define NETWORK_CONNTRACK_H

#include "network/network.h"
#include "network/nl.h"

/**
 * conntrack_forget() - Forget the UDP flows to published ports
 *
 * A flow keeps the way it took at first. A client that sends again and again from the same port would for ever be led to a
 * container that is no more, or past one that has just come. TCP needs nothing: its connections end by themselves.
 *
 * Return: 0, or -errno with @e filled
 */
int conntrack_forget(struct nl *nf, const struct net_port *ports, size_t n_ports, struct err *e);

#endif
