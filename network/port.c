// SPDX-License-Identifier: Apache-2.0
/* port.c: published ports as people write them: "[HOST_IP:][HOST_PORT:]CONTAINER_PORT[/PROTOCOL]". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/str.h"
#include "network/port_owner.h"

#define TEXT_MAX 128

struct range {
	uint32_t first, count;
};

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "sctp", IPPROTO_SCTP },
};

const char *net_protocol_name(uint8_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == number)
			return protocols[i].name;
	return "?";
}

int net_protocol_parse(const char *name, uint8_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (!streq(protocols[i].name, name))
			continue;
		*ret = protocols[i].number;
		return 0;
	}
	return -EINVAL;
}

static int one_port(const char *text, uint32_t *ret)
{
	uint64_t v;

	if (str_to_u64(text, 65535, &v) < 0 || v == 0)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

/* "80" or "80-90"; the text is cut at the dash. */
static int parse_range(char *text, struct range *ret)
{
	uint32_t first, last;
	char *dash = strchr(text, '-');

	if (dash)
		*dash++ = '\0';
	if (one_port(text, &first) < 0 || one_port(dash ? dash : text, &last) < 0 || last < first)
		return -EINVAL;
	*ret = (struct range){ .first = first, .count = last - first + 1 };
	return 0;
}

/* Cut the text's last part off at a character. Return: that part, NULL where the character is not in it */
static char *cut_last(char *text, char at)
{
	char *p = strrchr(text, at);

	if (p)
		*p++ = '\0';
	return p;
}

static int append(struct arena *arena, const struct net_port *first, uint32_t count, struct net_port **ret, size_t *n,
		  struct err *e)
{
	struct net_port *all = arena_array(arena, *n + count, sizeof(*all));

	if (!all)
		return err_nomem(e);
	if (*n)
		memcpy(all, *ret, *n * sizeof(*all));
	for (uint32_t i = 0; i < count; i++) {
		struct net_port *p = &all[*n + i];

		*p = *first;
		p->container_port = (uint16_t)(first->container_port + i);
		if (first->host_port)
			p->host_port = (uint16_t)(first->host_port + i);
	}
	*ret = all;
	*n += count;
	return 0;
}

/* "127.0.0.1", "[::1]"; the text is cut at the bracket. */
static int read_address(char *text, struct net_addr *ret)
{
	size_t len = strlen(text);
	bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';

	if (brackets) {
		text[len - 1] = '\0';
		text++;
	}
	if (strchr(text, '/') || net_addr_parse(text, ret) < 0)
		return -EINVAL;
	return brackets == (ret->family == AF_INET6) ? 0 : -EINVAL;
}

int net_port_parse(struct arena *arena, const char *text, struct net_port **ret, size_t *n, struct err *e)
{
	struct net_port port = { .protocol = IPPROTO_TCP };
	struct range inside, outside = { .first = 0 };
	char buf[TEXT_MAX];

	if (!memccpy(buf, text, '\0', sizeof(buf)))
		return err_say(e, EINVAL, "published port \"%.40s…\": too long", text);
	char *protocol = cut_last(buf, '/');

	if (protocol && net_protocol_parse(protocol, &port.protocol) < 0)
		return err_say(e, EINVAL, "published port \"%s\": the protocol must be tcp, udp or sctp", text);
	char *container = cut_last(buf, ':');
	char *host = container ? cut_last(buf, ':') : NULL;
	char *address = host ? buf : NULL;

	if (!container)
		container = buf;
	else if (!host)
		host = buf;
	if (parse_range(container, &inside) < 0)
		return err_say(e, EINVAL, "published port \"%s\": the container's port must be 1 to 65535, or a range",
			       text);
	if (host && *host && parse_range(host, &outside) < 0)
		return err_say(e, EINVAL, "published port \"%s\": the host's port must be 1 to 65535, or a range", text);
	if (outside.first && outside.count != inside.count)
		return err_say(e, EINVAL, "published port \"%s\": the ranges have %u and %u ports", text, outside.count,
			       inside.count);
	if (address && read_address(address, &port.host_addr) < 0)
		return err_say(e, EINVAL, "published port \"%s\": that is not an address; one of IPv6 stands in brackets", text);
	port.container_port = (uint16_t)inside.first;
	port.host_port = (uint16_t)outside.first;
	return append(arena, &port, inside.count, ret, n, e);
}

const char *net_port_text(const struct net_port *p, char buf[NET_PORT_MAX])
{
	bool brackets = p->host_addr.family == AF_INET6;
	char address[NET_ADDR_MAX], host[8] = "";

	net_addr_text(&p->host_addr, false, address);
	if (p->host_port)
		snprintf(host, sizeof(host), "%u", p->host_port);
	snprintf(buf, NET_PORT_MAX, "%s%s%s%s%s%s%u/%s", brackets ? "[" : "", address, brackets ? "]" : "",
		 *address ? ":" : "", host, *address || *host ? ":" : "", p->container_port, net_protocol_name(p->protocol));
	return buf;
}

static int by_place(const void *a, const void *b)
{
	const struct net_port *x = a, *y = b;

	return x->protocol != y->protocol ? x->protocol - y->protocol : x->host_port - y->host_port;
}

int net_ports_check(const struct net_port *ports, size_t n, struct err *e)
{
	auto_free struct net_port *sorted = calloc(n + 1, sizeof(*sorted));
	char text[NET_PORT_MAX];

	if (!sorted)
		return err_nomem(e);
	if (n)
		memcpy(sorted, ports, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_place);
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n && sorted[i].host_port && by_place(&sorted[i], &sorted[k]) == 0; k++)
			if (port_addresses_meet(&sorted[i].host_addr, &sorted[k].host_addr))
				return err_say(e, EINVAL, "published port %s: port %u of the host is published twice",
					       net_port_text(&sorted[k], text), sorted[k].host_port);
	return 0;
}
