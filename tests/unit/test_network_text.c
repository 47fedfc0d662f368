// SPDX-License-Identifier: Apache-2.0
/* Addresses, published ports, settings, hosts and resolv.conf texts: what is pure in network/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "base/fd.h"
#include "network/hosts.h"
#include "network/link.h"
#include "network/resolv.h"
#include "network/settings.h"
#include "network/subnet.h"

static struct net_addr address(const char *text)
{
	struct net_addr a;

	assert_int_equal(net_addr_parse(text, &a), 0);
	return a;
}

static void addresses_are_read_strictly(void **state)
{
	static const char *const bad[] = {
		"",	       "10.0.0",    "10.0.0.256", "010.0.0.1", "10.0.0.1/33",  "10.0.0.1/", "10.0.0.1/-1",
		" 10.0.0.1", "10.0.0.1 ", "::1::",	      "1.2.3.4.5", "10.0.0.1/8/8", "255.255.255.2555/1",
		"fd00::/129",  "fe80::1%lo", "fd00::g",   "[::1]",
	};
	char buf[NET_ADDR_MAX];
	struct net_addr a;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(net_addr_parse(bad[i], &a), -EINVAL);
	a = address("10.89.0.5/16");
	assert_string_equal(net_addr_text(&a, true, buf), "10.89.0.5/16");
	assert_string_equal(net_addr_text(&a, false, buf), "10.89.0.5");
	a = address("10.89.0.5");
	assert_int_equal(a.prefix, 32);
	a = address("FD00:0:0::5/64");
	assert_string_equal(net_addr_text(&a, true, buf), "fd00::5/64");
	assert_int_equal(address("::").prefix, 128);
	assert_string_equal(net_addr_text(&(struct net_addr){ 0 }, true, buf), "");
}

static void subnets_are_computed(void **state)
{
	struct net_addr a = address("10.89.3.5/16"), all = address("0.0.0.0/0"), one = address("1.2.3.4/32");
	uint8_t mac[6];

	(void)state;
	assert_int_equal(subnet_first(&a), 0x0a590000);
	assert_int_equal(subnet_last(&a), 0x0a59ffff);
	assert_int_equal(subnet_usable(&a), 65534);
	assert_int_equal(subnet_first(&all), 0);
	assert_int_equal(subnet_last(&all), UINT32_MAX);
	assert_int_equal(subnet_first(&one), subnet_last(&one));
	assert_int_equal(subnet_usable(&one), 0);
	assert_int_equal(subnet_usable(&(struct net_addr){ .family = AF_INET, .prefix = 31 }), 0);
	assert_int_equal(subnet_usable(&(struct net_addr){ .family = AF_INET, .prefix = 30 }), 2);
	struct net_addr b = address("10.89.255.0/24"), c = address("10.90.0.0/16");

	assert_true(subnet_overlaps(&a, &b));
	assert_true(subnet_overlaps(&b, &a));
	assert_false(subnet_overlaps(&a, &c));
	assert_true(subnet_overlaps(&all, &c));
	assert_true(subnet_contains(&a, &b));
	assert_false(subnet_contains(&c, &b));
	struct net_addr six = address("fd00:1:2:3::4/64"), next = address("fd00:1:2:4::/64"), wide = address("::/0");

	assert_true(subnet_usable(&six) == UINT64_MAX - 1);
	assert_false(subnet_overlaps(&six, &next));
	assert_true(subnet_overlaps(&six, &wide));
	assert_false(subnet_overlaps(&all, &wide)); /* of two families */
	struct net_addr last = subnet_address(&six, subnet_last(&six));

	assert_true(subnet_same_address(&last, &(struct net_addr){ .family = AF_INET6, .bytes = { 0xfd, 0, 0, 1, 0, 2, 0, 3, 255,
		255, 255, 255, 255, 255, 255, 255 } }));
	assert_false(subnet_has_host(&six, &last));
	assert_true(subnet_has_host(&six, &six));
	subnet_mac(&a, mac);
	assert_memory_equal(mac, ((uint8_t[]){ 2, 0x50, 10, 89, 3, 5 }), 6);
}

static void ports_are_read(void **state)
{
	static const struct {
		const char *text, *first, *last;
		size_t n;
	} good[] = {
		{ "80", "80/tcp", "80/tcp", 1 },
		{ "8080:80", "8080:80/tcp", "8080:80/tcp", 1 },
		{ "8080:80/udp", "8080:80/udp", "8080:80/udp", 1 },
		{ "127.0.0.1:8080:80", "127.0.0.1:8080:80/tcp", "127.0.0.1:8080:80/tcp", 1 },
		{ "127.0.0.1::80", "127.0.0.1::80/tcp", "127.0.0.1::80/tcp", 1 },
		{ "0.0.0.0:1:65535", "0.0.0.0:1:65535/tcp", "0.0.0.0:1:65535/tcp", 1 },
		{ "[::1]:8080:80", "[::1]:8080:80/tcp", "[::1]:8080:80/tcp", 1 },
		{ "[::]::80-81", "[::]::80/tcp", "[::]::81/tcp", 2 },
		{ "8000-8010:80-90/udp", "8000:80/udp", "8010:90/udp", 11 },
		{ "80-81", "80/tcp", "81/tcp", 2 },
		{ "127.0.0.1:5000-5001:36412-36413/sctp", "127.0.0.1:5000:36412/sctp", "127.0.0.1:5001:36413/sctp", 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_arena struct arena arena = { 0 };
		struct net_port *p = NULL;
		char buf[NET_PORT_MAX];
		size_t n = 0;
		struct err e;

		assert_int_equal(net_port_parse(&arena, good[i].text, &p, &n, &e), 0);
		assert_int_equal(n, good[i].n);
		assert_string_equal(net_port_text(&p[0], buf), good[i].first);
		assert_string_equal(net_port_text(&p[n - 1], buf), good[i].last);
	}
}

static void ports_are_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "the container's port must be" },
		{ "0", "the container's port must be" },
		{ "65536", "the container's port must be" },
		{ "80/dccp", "tcp, udp or sctp" },
		{ "80/", "tcp, udp or sctp" },
		{ "a:80", "the host's port must be" },
		{ "80:", "the container's port must be" },
		{ "+1:80", "the host's port must be" },
		{ "90-80:1-11", "the host's port must be" },
		{ "80-82:80-81", "the ranges have 3 and 2 ports" },
		{ "8080:80-81", "the ranges have 1 and 2 ports" },
		{ "localhost:80:80", "that is not an address" },
		{ ":80:80", "that is not an address" },
		{ "10.0.0.0/8:80:80/tcp", "that is not an address" },
		{ "::1:80:80", "that is not an address" },
		{ "[127.0.0.1]:80:80", "that is not an address" },
		{ "[]:80:80", "that is not an address" },
		{ "[::1:80:80", "that is not an address" },
		{ "1-2-3", "the container's port must be" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_arena struct arena arena = { 0 };
		struct net_port *p = NULL;
		size_t n = 0;
		struct err e;

		assert_int_equal(net_port_parse(&arena, bad[i].text, &p, &n, &e), -EINVAL);
		if (!strstr(e.text, bad[i].says))
			fail_msg("\"%s\": %s", bad[i].text, e.text);
		assert_int_equal(n, 0);
	}
}

static void ports_are_appended(void **state)
{
	auto_arena struct arena arena = { 0 };
	struct net_port *p = NULL;
	size_t n = 0;
	struct err e;

	(void)state;
	assert_int_equal(net_port_parse(&arena, "1:1", &p, &n, &e), 0);
	assert_int_equal(net_port_parse(&arena, "2-3:2-3", &p, &n, &e), 0);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(p[i].host_port, i + 1);
	assert_int_equal(net_port_parse(&arena, "1-65535:1-65535", &p, &n, &e), 0);
	assert_int_equal(n, 65538);
	assert_int_equal(p[65537].container_port, 65535);
}

static void ports_are_compared(void **state)
{
	static const struct {
		const char *ports[3];
		const char *says; /* NULL: they are fine together */
	} cases[] = {
		{ { "8080:80", "8081:80" }, NULL },
		{ { "8080:80", "8080:80/udp", "8080:80/sctp" }, NULL },
		{ { "80", "80", "80" }, NULL },
		{ { "127.0.0.1:8080:80", "127.0.0.2:8080:80", "[::1]:8080:80" }, NULL },
		{ { "0.0.0.0:8080:80", "[::]:8080:80" }, NULL },
		{ { "8080:80", "8080:81" }, "port 8080 of the host is published twice" },
		{ { "8080:80", "127.0.0.1:8080:80" }, "port 8080 of the host is published twice" },
		{ { "0.0.0.0:8080:80", "1:1", "127.0.0.1:8080:80" }, "port 8080 of the host is published twice" },
		{ { "[::1]:8080:80", "[0::1]:8080:81" }, "port 8080 of the host is published twice" },
		{ { "8000-8010:80-90", "8010-8020:10-20" }, "port 8010 of the host is published twice" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena struct arena arena = { 0 };
		struct net_port *p = NULL;
		size_t n = 0;
		struct err e;

		for (size_t k = 0; k < ARRAY_SIZE(cases[i].ports) && cases[i].ports[k]; k++)
			assert_int_equal(net_port_parse(&arena, cases[i].ports[k], &p, &n, &e), 0);
		assert_int_equal(net_ports_check(p, n, &e), cases[i].says ? -EINVAL : 0);
		if (cases[i].says && !strstr(e.text, cases[i].says))
			fail_msg("%s, %s: %s", cases[i].ports[0], cases[i].ports[1], e.text);
	}
	assert_int_equal(net_ports_check(NULL, 0, NULL), 0);
}

#define SETTINGS(bridge, subnet, gateway, more) \
	"{\"bridge\":\"" bridge "\",\"subnet\":\"" subnet "\",\"gateway\":\"" gateway "\"" more "}"

static void settings_are_checked(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ""), NULL },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ",\"mtu\":1400,\"internal\":true"), NULL },
		{ SETTINGS("b/0", "10.1.0.0/16", "10.1.0.1", ""), "name of a bridge" },
		{ SETTINGS("..", "10.1.0.0/16", "10.1.0.1", ""), "name of a bridge" },
		{ SETTINGS("sixteen-bytes-xx", "10.1.0.0/16", "10.1.0.1", ""), "name of a bridge" },
		{ SETTINGS("", "10.1.0.0/16", "10.1.0.1", ""), "name of a bridge" },
		{ SETTINGS("b0", "10.1.0.1/16", "10.1.0.1", ""), "all zeros" },
		{ SETTINGS("b0", "10.1.0.0/30", "10.1.0.1", ""), "8 to 29 bits" },
		{ SETTINGS("b0", "0.0.0.0/0", "10.1.0.1", ""), "8 to 29 bits" },
		{ SETTINGS("b0", "10.1.0.0/16", "10.2.0.1", ""), "gateway 10.2.0.1 is no address" },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.255.255", ""), "is no address" },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ",\"mtu\":1"), "an mtu must be" },
		{ SETTINGS("b0", "x", "10.1.0.1", ""), "subnet: expected an address" },
		{ SETTINGS("b0", "fd00::/64", "fd00::1", ""), "of the other family" },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ",\"subnet6\":\"fd00::/64\",\"gateway6\":\"fd00::1\""), NULL },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ",\"subnet6\":\"fd00::/64\""), "is no address" },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ",\"subnet6\":\"fd00::/64\",\"gateway6\":\"fd00::1\",\"mtu\":1000"),
		  "an mtu must be 1280" },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ",\"first\":\"10.1.3.0\",\"last\":\"10.1.4.0\""), NULL },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ",\"first\":\"10.1.3.0\",\"last\":\"10.1.2.0\""), "is not within" },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ",\"last\":\"10.2.2.0\""), "is not within" },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ",\"driver\":\"macvlan\",\"mode\":\"vepa\""), NULL },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ",\"driver\":\"ipvlan\",\"mode\":\"vepa\""), "has no mode" },
		{ SETTINGS("b0", "10.1.0.0/16", "10.1.0.1", ",\"mode\":\"vepa\""), "has no mode" },
		{ "{\"bridge\":\"b0\",\"subnet\":\"10.1.0.0/16\"}", "gateway: missing" },
		{ "{", "network x" },
		{ "", "network x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct net_network n;
		struct err e = { .text = "" };
		int r = settings_parse("x", cases[i].text, strlen(cases[i].text), &n, &e);

		if (!cases[i].says) {
			assert_int_equal(r, 0);
			assert_string_equal(n.bridge, "b0");
			assert_int_equal(n.ip[NET_V4].gateway.prefix, 16);
			continue;
		}
		assert_int_equal(r, -EINVAL);
		if (!strstr(e.text, cases[i].says))
			fail_msg("%s: %s", cases[i].text, e.text);
	}
}

static void check_replace(const char *old, const char *block, const char *expected)
{
	auto_free char *text = NULL;
	size_t len;
	struct err e;

	assert_int_equal(hosts_replace(old, strlen(old), "n", block, &text, &len, &e), 0);
	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
}

static void a_block_is_replaced(void **state)
{
#define BLOCK(s) "# paene: network n\n" s "# paene: end of network n\n"
	(void)state;
	check_replace("a\n", BLOCK("1\n"), "a\n" BLOCK("1\n"));
	check_replace("a", BLOCK("1\n"), "a\n" BLOCK("1\n"));
	check_replace("", BLOCK("1\n"), BLOCK("1\n"));
	check_replace("a\n" BLOCK("1\n") "b\n", BLOCK("2\n"), "a\n" BLOCK("2\n") "b\n");
	check_replace("a\n" BLOCK("1\n") "b\n", "", "a\nb\n");
	check_replace("a\n# paene: network n\nmine\n", BLOCK("2\n"), "a\n" BLOCK("2\n") "mine\n");
	check_replace("# paene: network nn\n# paene: end of network nn\n", BLOCK("2\n"),
		      "# paene: network nn\n# paene: end of network nn\n" BLOCK("2\n"));
	check_replace(" # paene: network n\n", BLOCK("2\n"), " # paene: network n\n" BLOCK("2\n"));
	check_replace("a\n", "", "a\n");
}

/* @expected: with blanks between its words; NULL: refused */
static void check_egress(const char *text, const char *expected)
{
	auto_arena struct arena arena = { 0 };
	struct net_egress all = { .limited = false }, again;
	struct strv words = { 0 };
	char line[256] = "";
	struct err e;
	int r = net_egress_parse(&arena, text, &all, &e);

	if (!expected) {
		assert_int_equal(r, -EINVAL);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(net_egress_words(&all, &arena, &words, &e), 0);
	for (size_t i = 0; i < words.n; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", i ? " " : "", words.v[i]);
	assert_string_equal(line, expected);
	assert_int_equal(net_egress_of_words(&words, &arena, &again, &e), 0);
	assert_int_equal(again.n, all.n);
	assert_int_equal(again.limited, all.limited);
	if (all.n)
		assert_memory_equal(again.v, all.v, all.n * sizeof(*all.v));
}

static void egress_rules_are_read(void **state)
{
	static const char *const bad[] = {
		"", ",", "10.0.0.0/8", "deny,10.0.0.0/8", "allow:", "allow:host", "allow:10.0.0.0/33", "allow:10.0.0.1:0",
		"allow:10.0.0.1:", "allow:10.0.0.1:1-", "allow:10.0.0.1:2-1", "allow:10.0.0.1:65536", "allow:10.0.0.1:+1",
		"allow:10.0.0.1/icmp", "allow:10.0.0.1/", "allow:10.0.0.1:80/", "allow:[10.0.0.1]:80", "allow:[::1", "allow:[::1]80",
		"allow:2001:db8::/129", "deny,allow", "denyall", "allow: 10.0.0.1",
	};

	(void)state;
	check_egress("deny", "deny");
	check_egress("allow", "");
	check_egress("allow:10.1.2.3/8", "deny allow:10.0.0.0/8");
	check_egress("deny,allow:10.0.0.1", "deny allow:10.0.0.1/32");
	check_egress("allow:0.0.0.0/0:443/tcp,192.0.2.7:53", "deny allow:0.0.0.0/0:443/tcp allow:192.0.2.7/32:53");
	check_egress("allow:10.0.0.1/udp", "deny allow:10.0.0.1/32/udp");
	check_egress("allow:10.0.0.0/8:8000-8080/sctp", "deny allow:10.0.0.0/8:8000-8080/sctp");
	check_egress("allow:2001:db8::/32,::1", "deny allow:2001:db8::/32 allow:::1/128");
	check_egress("allow:[2001:db8::1]:443/tcp,[::/0]:53-54", "deny allow:[2001:db8::1/128]:443/tcp allow:[::/0]:53-54");
	check_egress("allow:[2001:db8::]", "deny allow:2001:db8::/128");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check_egress(bad[i], NULL);
}

static void check_change(const char *text, const struct net_resolv *want, const char *expected)
{
	auto_free char *changed = NULL;
	struct err e;

	assert_int_equal(net_resolv_change(text, want, &changed, &e), 0);
	assert_string_equal(changed, expected);
}

static void lines_of_resolv_conf_are_replaced(void **state)
{
	static const char host[] = "# said of servers\ndomain a\nsearch b c\noptions edns0\nnameserver 10.0.0.1\nsortlist 10.0.0.0";
	char *one[] = { (char *)"192.0.2.1" }, *two[] = { (char *)"x", (char *)"y" }, *none[] = { (char *)"." };

	(void)state;
	check_change(host, &(struct net_resolv){ .servers = { .v = one, .n = 1 } },
		     "nameserver 192.0.2.1\ndomain a\nsearch b c\noptions edns0\nsortlist 10.0.0.0\n");
	check_change(host, &(struct net_resolv){ .search = { .v = two, .n = 2 }, .options = { .v = two, .n = 1 } },
		     "search x y\noptions x\n# said of servers\nnameserver 10.0.0.1\nsortlist 10.0.0.0\n");
	check_change("search b", &(struct net_resolv){ .search = { .v = none, .n = 1 } }, "");
	check_change("", &(struct net_resolv){ .servers = { .v = one, .n = 1 } }, "nameserver 192.0.2.1\n");
}

static void check_resolv(const char *host, const char *resolved, bool internal, const char *expected)
{
	auto_free char *text = NULL;
	struct err e;

	assert_int_equal(resolv_text(host, resolved, internal, false, &text, &e), 0);
	assert_string_equal(text, expected);
}

static void nameservers_are_chosen(void **state)
{
	static const char none[] = "# this host names no server that a container can reach\n"
				   "nameserver 8.8.8.8\nnameserver 8.8.4.4\n";

	(void)state;
	check_resolv("nameserver 10.0.0.1\n", "nameserver 10.0.0.2\n", false, "nameserver 10.0.0.1\n");
	check_resolv("nameserver 10.0.0.1", "", false, "nameserver 10.0.0.1\n");
	check_resolv("search a.b c.d\noptions edns0 trust-ad\nnameserver 127.0.0.53\n",
		     "nameserver 10.0.0.2\nsearch x\n", false, "search a.b c.d\noptions edns0 trust-ad\nnameserver 10.0.0.2\n");
	check_resolv("nameserver\t 10.0.0.1 \r\nnameserver ::1\nnameserver fe80::1%eth0\n", "", false,
		     "nameserver 10.0.0.1\n");
	check_resolv("nameserver 127.0.0.1\n", "", false, none);
	check_resolv("nameservers 10.0.0.1\nnameserver\nnameserver 0.0.0.0\nnameserver 10.0.0.1/8\n", "", false, none);
	check_resolv("", "", false, none);
	check_resolv("search a\nnameserver 10.0.0.1\n", "nameserver 10.0.0.1\n", true,
		     "# an internal network: nothing outside is reached, and so no nameserver\n");
}

/* A message that a test writes byte by byte: lengths that lie must not lead anywhere. */
static void malformed_messages_are_survived(void **state)
{
	_Alignas(struct nlmsghdr) char buf[256] = "";
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct link link;

	(void)state;
	nlh->nlmsg_type = RTM_NEWLINK;
	link_parse(nlh, &link); /* shorter than its fixed header */
	assert_int_equal(link.index, 0);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_index = 7;
	mnl_attr_put_u16(nlh, IFLA_MASTER, 3); /* half as long as it must be */
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);

	mnl_attr_put(nlh, IFLA_INFO_KIND, 6, "bridge"); /* no zero at its end */
	mnl_attr_nest_end(nlh, info);
	link_parse(nlh, &link);
	assert_int_equal(link.index, 7);
	assert_int_equal(link.master, 0);
	assert_false(link.bridge);
	info->nla_len = 4000; /* beyond the message */
	link_parse(nlh, &link);
	assert_false(link.bridge);
	info->nla_len = 1; /* shorter than its own header */
	link_parse(nlh, &link);
	assert_int_equal(link.index, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_strictly),
		cmocka_unit_test(subnets_are_computed),
		cmocka_unit_test(ports_are_read),
		cmocka_unit_test(ports_are_refused),
		cmocka_unit_test(ports_are_appended),
		cmocka_unit_test(ports_are_compared),
		cmocka_unit_test(settings_are_checked),
		cmocka_unit_test(a_block_is_replaced),
		cmocka_unit_test(egress_rules_are_read),
		cmocka_unit_test(lines_of_resolv_conf_are_replaced),
		cmocka_unit_test(nameservers_are_chosen),
		cmocka_unit_test(malformed_messages_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
