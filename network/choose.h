/* SPDX-License-Identifier: Apache-2.0 */
/* choose.h: subnets and a bridge for a new network, out of what this host does not use yet. */
#ifndef NETWORK_CHOOSE_H
#define NETWORK_CHOOSE_H

#include "network/network.h"

/**
 * choose_missing() - Fill in the bridge, subnets and gateways of a network where they are empty
 * @networks:	Folder fd of networks/, locked: what is chosen is free until the network is written there
 *
 * What is given must be free too. Return: 0, or -errno with @e filled
 */
int choose_missing(int networks, struct net_network *n, struct err *e);

#endif
