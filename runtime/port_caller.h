/* SPDX-License-Identifier: Apache-2.0 */
/* port_caller.h: a socket that calls a port of a container's, for who has called us. */
#ifndef RUNTIME_PORT_CALLER_H
#define RUNTIME_PORT_CALLER_H

#include "network/network.h"

/* Who has called us, of either family. */
union caller_name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct port_callee {
	int netns; /* to be called from; -1: ours */
	struct net_addr to; /* with the prefix of its subnet */
	uint16_t port;
	int type; /* SOCK_STREAM, SOCK_DGRAM */
};

/**
 * port_call() - Call it
 * @client:	For whom; in another namespace the container sees this address, where it can be had there
 *
 * Return: a socket that is connected, or about to be; -1: it cannot be had
 */
int port_call(const struct port_callee *c, const union caller_name *client);

#endif
