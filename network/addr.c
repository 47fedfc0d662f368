// SPDX-License-Identifier: Apache-2.0
/* addr.c: addresses as people write them. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "network/subnet.h"

const uint8_t net_families[NET_FAMILIES] = { [NET_V4] = AF_INET, [NET_V6] = AF_INET6 };

const char *net_addr_text(const struct net_addr *a, bool prefix, char buf[NET_ADDR_MAX])
{
	char text[INET6_ADDRSTRLEN];

	buf[0] = '\0';
	if (!a->family)
		return buf;
	inet_ntop(a->family, a->bytes, text, sizeof(text));
	if (prefix)
		snprintf(buf, NET_ADDR_MAX, "%s/%u", text, a->prefix);
	else
		snprintf(buf, NET_ADDR_MAX, "%s", text);
	return buf;
}

int net_addr_parse(const char *text, struct net_addr *ret)
{
	struct net_addr a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	char address[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	uint64_t prefix = subnet_bits(a.family);

	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(a.family, address, a.bytes) != 1) /* strict: four decimal numbers, no octal, no short forms */
		return -EINVAL;
	if (text[len] == '/' && str_to_u64(text + len + 1, prefix, &prefix) < 0)
		return -EINVAL;
	a.prefix = (uint8_t)prefix;
	*ret = a;
	return 0;
}

int net_mac_parse(const char *text, uint8_t ret[6])
{
	static const uint8_t none[6];
	uint8_t mac[6];
	int end = 0;

	if (strlen(text) != NET_MAC_MAX - 1 || strspn(text, "0123456789abcdefABCDEF:") != NET_MAC_MAX - 1)
		return -EINVAL;
	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5],
		   &end) != 6 || end != NET_MAC_MAX - 1)
		return -EINVAL;
	if (mac[0] & 1 || memcmp(mac, none, sizeof(mac)) == 0)
		return -EINVAL;
	memcpy(ret, mac, sizeof(mac));
	return 0;
}

const char *net_plan_mac(const struct net_plan *plan, char buf[NET_MAC_MAX])
{
	static const uint8_t none[6];
	uint8_t mac[6];

	memcpy(mac, plan->mac, sizeof(mac));
	if (memcmp(mac, none, sizeof(mac)) == 0)
		subnet_mac(&plan->address[NET_V4], mac);
	snprintf(buf, NET_MAC_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return buf;
}

void net_subnet_ends(const struct net_addr *subnet, struct net_addr *ret_first, struct net_addr *ret_last)
{
	*ret_first = subnet_address(subnet, subnet_first(subnet));
	*ret_last = subnet_address(subnet, subnet_last(subnet));
}
