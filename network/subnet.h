/* SPDX-License-Identifier: Apache-2.0 */
/* subnet.h: arithmetic on addresses; pure. */
#ifndef NETWORK_SUBNET_H
#define NETWORK_SUBNET_H

#include "network/network.h"

/* An address as a number: IPv4's in the lowest 32 bits. */
__extension__ typedef unsigned __int128 subnet_int;

/* How many bits and bytes an address of this family (AF_INET, AF_INET6) has. */
unsigned subnet_bits(uint8_t family);
unsigned subnet_bytes(uint8_t family);

/* An address as a number, and the reverse: of the family and with the prefix of @like. */
subnet_int subnet_number(const struct net_addr *a);
struct net_addr subnet_address(const struct net_addr *like, subnet_int number);

/* The first and the last address of the subnet that @a lies in. */
subnet_int subnet_first(const struct net_addr *a);
subnet_int subnet_last(const struct net_addr *a);

bool subnet_contains(const struct net_addr *subnet, const struct net_addr *a);
bool subnet_overlaps(const struct net_addr *a, const struct net_addr *b);
bool subnet_same_address(const struct net_addr *a, const struct net_addr *b);

/* How many addresses containers and the gateway can have: all but the first and the last. */
subnet_int subnet_usable(const struct net_addr *subnet);

/* Whether an address can be somebody's in a subnet: neither the first nor the last one. */
bool subnet_has_host(const struct net_addr *subnet, const struct net_addr *a);

/* 127.0.0.0/8 and ::1 */
bool subnet_is_loopback(const struct net_addr *a);

/* 0.0.0.0 and ::, every address of its family, and "no family": every address */
bool subnet_is_every(const struct net_addr *a);

/* A hardware address that is unique within its network, and the same each time: 02:50 and an IPv4 address's own bytes. */
void subnet_mac(const struct net_addr *a, uint8_t ret[6]);

/* FNV-1a of 64 bits, to go on from @seed: it spreads ids over addresses and link names; nothing depends on its strength. */
#define SUBNET_HASH_SEED UINT64_C(0xcbf29ce484222325)
uint64_t subnet_hash(uint64_t seed, const void *data, size_t len);

#endif
