/* SPDX-License-Identifier: Apache-2.0 */
/* mode.h: the modes of macvlan and ipvlan; pure. */
#ifndef NETWORK_MODE_H
#define NETWORK_MODE_H

#include "network/network.h"

/* Whether the driver has the network's mode; a bridge has none. Return: 0, or -EINVAL with @e filled */
int mode_check(const struct net_network *n, struct err *e);

/* The kernel's number of a macvlan's or ipvlan's mode, which has been checked. */
uint32_t mode_number(const struct net_network *n);

/* Whether its containers reach everything through the link itself, and no router by its address. */
bool mode_routes(const struct net_network *n);

#endif
