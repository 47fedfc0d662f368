// SPDX-License-Identifier: Apache-2.0
#include "network/subnet.h"

unsigned subnet_bits(uint8_t family)
{
	return family == AF_INET6 ? 128 : 32;
}

unsigned subnet_bytes(uint8_t family)
{
	return subnet_bits(family) / 8;
}

static subnet_int host_bits(const struct net_addr *a)
{
	unsigned bits = subnet_bits(a->family);

	return a->prefix >= bits ? 0 : ~(subnet_int)0 >> (128 - bits + a->prefix);
}

subnet_int subnet_number(const struct net_addr *a)
{
	subnet_int n = 0;

	for (unsigned i = 0; i < subnet_bytes(a->family); i++)
		n = n << 8 | a->bytes[i];
	return n;
}

struct net_addr subnet_address(const struct net_addr *like, subnet_int number)
{
	struct net_addr a = { .family = like->family, .prefix = like->prefix };

	for (unsigned i = subnet_bytes(a.family); i-- > 0; number >>= 8)
		a.bytes[i] = (uint8_t)number;
	return a;
}

subnet_int subnet_first(const struct net_addr *a)
{
	return subnet_number(a) & ~host_bits(a);
}

subnet_int subnet_last(const struct net_addr *a)
{
	return subnet_number(a) | host_bits(a);
}

bool subnet_contains(const struct net_addr *subnet, const struct net_addr *a)
{
	subnet_int n = subnet_number(a);

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

subnet_int subnet_usable(const struct net_addr *subnet)
{
	subnet_int bits = host_bits(subnet);

	return bits < 3 ? 0 : bits - 1;
}

bool subnet_has_host(const struct net_addr *subnet, const struct net_addr *a)
{
	subnet_int n = subnet_number(a);

	return subnet_contains(subnet, a) && n != subnet_first(subnet) && n != subnet_last(subnet);
}

bool subnet_is_loopback(const struct net_addr *a)
{
	return a->family == AF_INET6 ? subnet_number(a) == 1 : a->family == AF_INET && a->bytes[0] == 127;
}

bool subnet_is_every(const struct net_addr *a)
{
	return a->family == 0 || subnet_number(a) == 0;
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
