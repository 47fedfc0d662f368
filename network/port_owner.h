/* SPDX-License-Identifier: Apache-2.0 */
/* port_owner.h: who has a port that somebody else wants; only asked where that fails. */
#ifndef NETWORK_PORT_OWNER_H
#define NETWORK_PORT_OWNER_H

#include "network/network.h"

/* Do they meet: one address twice, or one and all of its family? */
bool port_addresses_meet(const struct net_addr *a, const struct net_addr *b);

/* "container web", "nginx (process 812)"; "" where it cannot be found out */
#define PORT_OWNER_MAX 200
const char *port_owner(int networks, const struct net_port *p, char buf[PORT_OWNER_MAX]);

#endif
