/* SPDX-License-Identifier: Apache-2.0 */
/* subnet.h: arithmetic on addresses; pure. */
#ifndef NETWORK_SUBNET_H
#define NETWORK_SUBNET_H

#include "network/network.h"

/* An IPv4 address as a number, and the reverse. */
uint32_t subnet_number(const struct net_addr *a);
struct net_addr subnet_address(uint32_t number, uint8_t prefix);

/* The first and the last address of the subnet that @a lies in. */
uint32_t subnet_first(const struct net_addr *a);
uint32_t subnet_last(const struct net_addr *a);

bool subnet_contains(const struct net_addr *subnet, const struct net_addr *a);
bool subnet_overlaps(const struct net_addr *a, const struct net_addr *b);
bool subnet_same_address(const struct net_addr *a, const struct net_addr *b);

/* How many addresses containers and the gateway can have: all but the first and the last. */
uint32_t subnet_usable(const struct net_addr *subnet);

/* 127.0.0.0/8 */
bool subnet_is_loopback(const struct net_addr *a);

/* A hardware address that is unique within its network, and the same each time: 02:50 and the address's own bytes. */
void subnet_mac(const struct net_addr *a, uint8_t ret[6]);

/* FNV-1a of 64 bits, to go on from @seed: it spreads ids over addresses and link names; nothing depends on its strength. */
#define SUBNET_HASH_SEED UINT64_C(0xcbf29ce484222325)
uint64_t subnet_hash(uint64_t seed, const void *data, size_t len);

#endif
