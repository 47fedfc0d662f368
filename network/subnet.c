// SPDX-License-Identifier: Apache-2.0
#include "network/subnet.h"

#include <arpa/inet.h>

static uint32_t host_bits(const struct net_addr *a)
{
	return a->prefix >= 32 ? 0 : UINT32_MAX >> a->prefix;
}

uint32_t subnet_number(const struct net_addr *a)
{
	uint32_t n;

	memcpy(&n, a->bytes, sizeof(n));
	return ntohl(n);
}

struct net_addr subnet_address(uint32_t number, uint8_t prefix)
{
	struct net_addr a = { .family = AF_INET, .prefix = prefix };
	uint32_t n = htonl(number);

	memcpy(a.bytes, &n, sizeof(n));
	return a;
}

uint32_t subnet_first(const struct net_addr *a)
{
	return subnet_number(a) & ~host_bits(a);
}

uint32_t subnet_last(const struct net_addr *a)
{
	return subnet_number(a) | host_bits(a);
}

bool subnet_contains(const struct net_addr *subnet, const struct net_addr *a)
{
	uint32_t n = subnet_number(a);

	return subnet->family == a->family && n >= subnet_first(subnet) && n <= subnet_last(subnet);
}

bool subnet_overlaps(const struct net_addr *a, const struct net_addr *b)
{
	return a->family == b->family && subnet_first(a) <= subnet_last(b) && subnet_first(b) <= subnet_last(a);
}

bool subnet_same_address(const struct net_addr *a, const struct net_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

uint32_t subnet_usable(const struct net_addr *subnet)
{
	uint32_t bits = host_bits(subnet);

	return bits < 3 ? 0 : bits - 1;
}

bool subnet_is_loopback(const struct net_addr *a)
{
	return a->family == AF_INET && a->bytes[0] == 127;
}

void subnet_mac(const struct net_addr *a, uint8_t ret[6])
{
	ret[0] = 0x02; /* locally administered, one station */
	ret[1] = 0x50;
	memcpy(ret + 2, a->bytes, 4);
}

uint64_t subnet_hash(uint64_t seed, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		seed = (seed ^ p[i]) * UINT64_C(0x100000001b3);
	return seed;
}
