// SPDX-License-Identifier: Apache-2.0
/*
 * Everything in network/ that reads text or messages: the first byte of an input chooses the reader. What is accepted is
 * written again and must be read back as the same.
 */
#include <stdlib.h>

#include <linux/rtnetlink.h>

#include "base/fd.h"
#include "network/hosts.h"
#include "network/link.h"
#include "network/resolv.h"
#include "network/settings.h"
#include "network/subnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void fuzz_address(const char *text, size_t len)
{
	struct net_addr a, again;
	char buf[NET_ADDR_MAX];

	(void)len;
	if (net_addr_parse(text, &a) < 0)
		return;
	must(net_addr_parse(net_addr_text(&a, true, buf), &again) == 0 && memcmp(&a, &again, sizeof(a)) == 0);
	must(subnet_first(&a) <= subnet_number(&a) && subnet_number(&a) <= subnet_last(&a));
	must(subnet_contains(&a, &a) && subnet_overlaps(&a, &a));
}

static void fuzz_port(const char *text, size_t len)
{
	auto_arena struct arena arena = { 0 };
	struct net_port *ports = NULL, *again = NULL;
	size_t n = 0, m = 0;
	char buf[NET_PORT_MAX];
	struct err e;

	(void)len;
	if (net_port_parse(&arena, text, &ports, &n, &e) < 0)
		return;
	must(n > 0 && net_port_parse(&arena, net_port_text(&ports[n - 1], buf), &again, &m, &e) == 0 && m == 1);
	must(memcmp(&ports[n - 1], again, sizeof(*again)) == 0);
}

static void fuzz_egress(const char *text, size_t len)
{
	auto_arena struct arena arena = { 0 };
	struct net_egress all = { .limited = false }, again;
	struct strv words = { 0 };
	struct err e;

	(void)len;
	if (net_egress_parse(&arena, text, &all, &e) < 0)
		return;
	must(net_egress_words(&all, &arena, &words, &e) == 0 && net_egress_of_words(&words, &arena, &again, &e) == 0);
	must(again.limited == all.limited && again.n == all.n);
	must(all.n == 0 || memcmp(again.v, all.v, all.n * sizeof(*all.v)) == 0);
}

static void fuzz_settings(const char *text, size_t len)
{
	struct net_network n;
	struct err e;

	if (settings_parse("fuzzed", text, len, &n, &e) < 0)
		return;
	for (enum net_family f = 0; f < NET_FAMILIES; f++)
		if (f == NET_V4 || n.ip[f].subnet.family)
			must(subnet_contains(&n.ip[f].subnet, &n.ip[f].gateway) && subnet_usable(&n.ip[f].subnet) >= 6);
	must(*n.bridge && strlen(n.bridge) < IF_NAMESIZE);
}

static void fuzz_resolv(const char *text, size_t len)
{
	auto_free char *out = NULL;
	struct err e;

	must(resolv_text(text, "nameserver 10.0.0.1\n", false, true, &out, &e) == 0);
	must(strstr(out, "nameserver ") != NULL);
	free(out);
	out = NULL;
	must(resolv_text("", text, false, false, &out, &e) == 0);
	must(strlen(out) <= len + 200);
	free(out);
	out = NULL;
	must(net_resolv_change(text, &(struct net_resolv){ .servers = { .v = (char *[]){ (char *)"10.0.0.1" }, .n = 1 } }, &out,
			       &e) == 0);
	must(strncmp(out, "nameserver 10.0.0.1\n", 20) == 0 && !strstr(out + 1, "\nnameserver "));
}

/* A block that was put in is found again: taking it out gives what was there before. */
static void fuzz_hosts(const char *text, size_t len)
{
	static const char block[] = "# paene: network n\n10.0.0.1\ta\n# paene: end of network n\n";
	auto_free char *with = NULL, *twice = NULL;
	size_t with_len, twice_len;
	struct err e;

	must(hosts_replace(text, len, "n", block, &with, &with_len, &e) == 0);
	must(hosts_replace(with, with_len, "n", block, &twice, &twice_len, &e) == 0);
	must(memmem(with, with_len, block, sizeof(block) - 1) != NULL);
	must(with_len == twice_len && memcmp(with, twice, with_len) == 0);
}

static void fuzz_message(const char *data, size_t len)
{
	auto_free char *buf = malloc(len ? len : 1);
	struct nlmsghdr *nlh;
	struct link link;
	size_t at = 0;

	if (!buf)
		return;
	memcpy(buf, data, len); /* of just this size, so that one byte too far is seen */
	while ((nlh = (struct nlmsghdr *)nl_next(buf, len, &at))) {
		nlh->nlmsg_type = RTM_NEWLINK;
		link_parse(nlh, &link);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *, size_t) = {
		fuzz_address, fuzz_port, fuzz_settings, fuzz_resolv, fuzz_hosts, fuzz_message, fuzz_egress,
	};

	if (size < 1)
		return 0;
	char *text = malloc(size);

	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	readers[data[0] % ARRAY_SIZE(readers)](text, size - 1);
	free(text);
	return 0;
}
