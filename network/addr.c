// SPDX-License-Identifier: Apache-2.0
/* addr.c: addresses as people write them. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "network/network.h"

const char *net_addr_text(const struct net_addr *a, bool prefix, char buf[NET_ADDR_MAX])
{
	char text[INET_ADDRSTRLEN];

	buf[0] = '\0';
	if (a->family != AF_INET)
		return buf;
	inet_ntop(AF_INET, a->bytes, text, sizeof(text));
	if (prefix)
		snprintf(buf, NET_ADDR_MAX, "%s/%u", text, a->prefix);
	else
		snprintf(buf, NET_ADDR_MAX, "%s", text);
	return buf;
}

int net_addr_parse(const char *text, struct net_addr *ret)
{
	struct net_addr a = { .family = AF_INET, .prefix = 32 };
	char address[INET_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	uint64_t prefix;

	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, a.bytes) != 1) /* strict: four decimal numbers, no octal, no short forms */
		return -EINVAL;
	if (text[len] == '/') {
		if (str_to_u64(text + len + 1, 32, &prefix) < 0)
			return -EINVAL;
		a.prefix = (uint8_t)prefix;
	}
	*ret = a;
	return 0;
}
