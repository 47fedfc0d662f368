// SPDX-License-Identifier: Apache-2.0
/* Networks with IPv6 beside IPv4, isolated ones, and containers on a link of the host: who reaches whom. */
#include "network_world.h"

#define HOST_ADDRESS	  "2001:db8::1"
#define NEIGHBOUR_ADDRESS "2001:db8::2"

static struct net_network net;
static int neighbour = -1;

static void make_network(const char *name, struct net_network *n)
{
	struct err e = { .text = "" };

	snprintf(n->name, sizeof(n->name), "%s", name);
	if (network_create(world_networks, n, NULL, &e) < 0)
		fail_msg("%s", e.text);
}

static int begin(void **state)
{
	(void)state;
	world_run(world_host, "ip link add lan type veth peer name lan0 && ip link set lan up");
	if (access("/proc/sys/net/ipv6", F_OK) < 0)
		return 0;
	net.ip[NET_V6].subnet.family = AF_INET6;
	make_network("dual", &net);
	neighbour = world_neighbour("wire", HOST_ADDRESS "/64 nodad", NEIGHBOUR_ADDRESS "/64 nodad");
	world_run(neighbour, "ip route add default via " HOST_ADDRESS);
	world_run(world_host, "ip link set lan0 netns /proc/%d/fd/%d", getpid(), neighbour);
	world_run(neighbour, "ip link set lan0 up && ip addr add 198.51.100.2/24 dev lan0");
	return 0;
}

static void needs_ipv6(void)
{
	if (neighbour >= 0)
		return;
	print_message("skipped: this kernel has no IPv6\n");
	skip();
}

static void a_local_subnet_is_chosen(void **state)
{
	struct net_network other = { .ip[NET_V6].subnet.family = AF_INET6 };
	char text[NET_ADDR_MAX];

	(void)state;
	needs_ipv6();
	make_network("other6", &other);
	assert_int_equal(net.ip[NET_V6].subnet.bytes[0], 0xfd);
	assert_int_equal(net.ip[NET_V6].subnet.prefix, 64);
	assert_memory_not_equal(net.ip[NET_V6].subnet.bytes, other.ip[NET_V6].subnet.bytes, 8);
	assert_non_null(strstr(net_addr_text(&net.ip[NET_V6].gateway, true, text), "::1/64"));
}

static void both_families_reach_each_other(void **state)
{
	char peer[INET6_ADDRSTRLEN], gateway[NET_ADDR_MAX];
	struct box a, b;

	(void)state;
	needs_ipv6();
	box_make(&a, "a", &net, NULL);
	box_make(&b, "b", &net, NULL);
	auto_fd int six = world_serve(b.ns, SOCK_STREAM, "::", 80), four = world_serve(b.ns, SOCK_STREAM, "0.0.0.0", 81);
	auto_fd int host = world_serve(world_host, SOCK_STREAM, "::", 8000);

	assert_true(world_tcp(a.ns, b.address6, 80, six, peer, SOON_MS));
	assert_string_equal(peer, a.address6);
	assert_true(world_tcp(a.ns, b.address, 81, four, NULL, SOON_MS));
	net_addr_text(&net.ip[NET_V6].gateway, false, gateway);
	assert_true(world_tcp(a.ns, gateway, 8000, host, peer, SOON_MS));
	assert_string_equal(peer, a.address6);
	assert_int_equal(world_count(a.ns, "cat /proc/sys/net/ipv6/conf/eth0/accept_ra"), 0);
	assert_int_equal(world_count(a.ns, "ip -6 addr show dev eth0 tentative | wc -l"), 0);
	box_end(&a);
	box_end(&b);
}

static void they_go_out_as_the_host_and_nobody_comes_in(void **state)
{
	char peer[INET6_ADDRSTRLEN];
	struct box a;

	(void)state;
	needs_ipv6();
	box_make(&a, "a", &net, NULL);
	auto_fd int outside = world_serve(neighbour, SOCK_STREAM, "::", 443);
	auto_fd int inside = world_serve(a.ns, SOCK_STREAM, "::", 80);

	assert_true(world_tcp(a.ns, NEIGHBOUR_ADDRESS, 443, outside, peer, SOON_MS));
	assert_string_equal(peer, HOST_ADDRESS);
	assert_false(world_tcp(neighbour, a.address6, 80, inside, NULL, NEVER_MS));
	box_end(&a);
}

static void ports_are_published_for_both(void **state)
{
	char peer[INET6_ADDRSTRLEN], gateway[NET_ADDR_MAX];
	struct box a, b;
	struct err e;

	(void)state;
	needs_ipv6();
	box_make(&a, "a", &net, "8080:80");
	auto_fd int six = world_serve(a.ns, SOCK_STREAM, "::", 80);

	assert_true(world_tcp(neighbour, HOST_ADDRESS, 8080, six, peer, SOON_MS));
	assert_string_equal(peer, NEIGHBOUR_ADDRESS);
	assert_true(world_tcp(world_host, HOST_ADDRESS, 8080, six, NULL, SOON_MS));
	assert_true(world_tcp(a.ns, HOST_ADDRESS, 8080, six, peer, SOON_MS)); /* itself, as the bridge */
	assert_string_equal(peer, net_addr_text(&net.ip[NET_V6].gateway, false, gateway));
	/* a program that has the port in one family alone */
	auto_fd int taken = world_serve(world_host, SOCK_STREAM, HOST_ADDRESS, 8090);

	assert_true(taken >= 0);
	box_plan(&b, "b", &net);
	box_publish(&b, "8090:80");
	assert_int_equal(box_attach(&b, &e), -EADDRINUSE);
	assert_non_null(strstr(e.text, "8090"));
	box_end(&b);
	box_end(&a);
	assert_false(world_tcp(world_host, HOST_ADDRESS, 8080, six, NULL, NEVER_MS));
	assert_int_equal(world_count(world_host, "nft list map inet paene ports_any6 | grep -c elements"), 0);
}

static void a_port_of_one_family_is_no_port_of_the_other(void **state)
{
	struct net_network plain = { .internal = false };
	struct box a, b;
	struct err e;

	(void)state;
	needs_ipv6();
	box_make(&a, "a", &net, "[" HOST_ADDRESS "]:8080:80");
	auto_fd int server = world_serve(a.ns, SOCK_STREAM, "::", 80);
	auto_fd int mine = world_serve(world_host, SOCK_STREAM, "0.0.0.0", 8080); /* free there */

	assert_true(mine >= 0);
	assert_true(world_tcp(neighbour, HOST_ADDRESS, 8080, server, NULL, SOON_MS));
	make_network("plain", &plain);
	box_plan(&b, "b", &plain);
	box_publish(&b, "[::]:8081:80");
	assert_int_equal(box_attach(&b, &e), -EAFNOSUPPORT);
	assert_non_null(strstr(e.text, "--ipv6"));
	box_end(&b);
	box_end(&a);
}

static void a_free_port_is_free_in_both(void **state)
{
	struct box a;

	(void)state;
	needs_ipv6();
	box_make(&a, "a", &net, "80");
	auto_fd int server = world_serve(a.ns, SOCK_STREAM, "::", 80);

	assert_int_equal(a.hold.n, 4); /* IPv4, IPv6, ::1, and the set of what is listened on */
	assert_true(world_tcp(neighbour, HOST_ADDRESS, a.ports[0].host_port, server, NULL, SOON_MS));
	box_end(&a);
}

/* What is answered by answers only, published ports too. */
static void isolated_networks_do_not_meet(void **state)
{
	struct net_network one = { .isolate = true }, two = { .isolate = true }, open = { .isolate = false };
	char gateway[NET_ADDR_MAX];
	struct box a, b, c;

	(void)state;
	make_network("one", &one);
	make_network("two", &two);
	make_network("open", &open);
	box_make(&a, "a", &one, "8080:80");
	box_make(&b, "b", &two, NULL);
	box_make(&c, "c", &open, NULL);
	auto_fd int server = world_serve(a.ns, SOCK_STREAM, "0.0.0.0", 80);

	net_addr_text(&open.ip[NET_V4].gateway, false, gateway);
	assert_true(world_tcp(c.ns, gateway, 8080, server, NULL, SOON_MS));
	net_addr_text(&two.ip[NET_V4].gateway, false, gateway);
	assert_false(world_tcp(b.ns, gateway, 8080, server, NULL, NEVER_MS));
	box_end(&a);
	box_end(&b);
	box_end(&c);
}

/* A container on a wire to the neighbour, which leaves it while it goes on. */
static void check_on_a_link(enum net_driver driver, const char *name, const char *subnet)
{
	struct net_network n = { .driver = driver, .bridge = "lan" };
	struct err e = { .text = "" };
	char peer[INET_ADDRSTRLEN];
	struct box a;

	needs_ipv6();
	if (net_addr_parse(subnet, &n.ip[NET_V4].subnet) < 0)
		fail_msg("%s", subnet);
	make_network(name, &n);
	box_plan(&a, "a", &n);
	snprintf(a.plan.interface, sizeof(a.plan.interface), "lan7");
	int r = box_attach(&a, &e);

	if (r == -EOPNOTSUPP) {
		print_message("skipped: %s\n", e.text);
		box_end(&a);
		skip();
	}
	if (r < 0)
		fail_msg("%s", e.text);
	auto_fd int server = world_serve(neighbour, SOCK_STREAM, "0.0.0.0", 80);

	assert_true(world_tcp(a.ns, "198.51.100.2", 80, server, peer, SOON_MS));
	assert_string_equal(peer, a.address);
	assert_int_equal(network_detach(world_networks, &a.plan, a.ns, false, &e), 0);
	assert_int_equal(world_count(a.ns, "ip -o link show type macvlan | wc -l"), 0);
	assert_int_equal(world_count(a.ns, "ip -o link show type ipvlan | wc -l"), 0);
	box_publish(&a, "8080:80");
	assert_int_equal(box_attach(&a, &e), -EINVAL);
	assert_non_null(strstr(e.text, "no port can be published"));
	box_end(&a);
	assert_int_equal(network_remove(world_networks, name, &e), 0);
	assert_int_equal(world_count(world_host, "ip -o link show dev lan | wc -l"), 1); /* it is not ours */
}

static void on_a_link_by_macvlan(void **state)
{
	(void)state;
	check_on_a_link(NET_MACVLAN, "mac", "198.51.100.0/24");
}

static void on_a_link_by_ipvlan(void **state)
{
	(void)state;
	check_on_a_link(NET_IPVLAN, "ip", "198.51.100.0/24");
}

static void a_link_is_needed(void **state)
{
	struct net_network n = { .name = "none", .driver = NET_MACVLAN };
	struct err e;

	(void)state;
	assert_int_equal(network_create(world_networks, &n, NULL, &e), -EINVAL);
	snprintf(n.bridge, sizeof(n.bridge), "nosuch");
	assert_int_equal(network_create(world_networks, &n, NULL, &e), -ENODEV);
	snprintf(n.bridge, sizeof(n.bridge), "lan");
	assert_int_equal(network_create(world_networks, &n, NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, "--subnet"));
}

static void leases_stay_within_the_range(void **state)
{
	struct net_network n = { .name = "range" };
	struct net_addr a;
	struct err e;

	(void)state;
	net_addr_parse("10.201.0.0/24", &n.ip[NET_V4].subnet);
	net_addr_parse("10.201.0.9", &n.ip[NET_V4].first);
	net_addr_parse("10.201.0.10", &n.ip[NET_V4].last);
	assert_int_equal(network_create(world_networks, &n, NULL, &e), 0);
	for (int i = 0; i < 2; i++) {
		char id[16];

		snprintf(id, sizeof(id), "c%d", i);
		assert_int_equal(network_lease(world_networks, &n, NET_V4, id, NULL, &a, &e), 0);
		assert_in_range(a.bytes[3], 9, 10);
	}
	assert_int_equal(network_lease(world_networks, &n, NET_V4, "c2", NULL, &a, &e), -ENOSPC);
	net_addr_parse("10.201.0.77", &a);
	assert_int_equal(network_lease(world_networks, &n, NET_V4, "c2", &a, &a, &e), 0); /* who asks for it may have others */
}

/* A host that has its way out by a router's announcement keeps it, though it forwards from now on. */
static void routers_are_still_listened_to(void **state)
{
	struct err e = { .text = "" };
	struct box a;

	(void)state;
	needs_ipv6();
	int host = world_new(), real = world_host;

	world_run(host, "ip link add up0 type veth peer name up1 && echo 1 >/proc/sys/net/ipv6/conf/up0/accept_ra");
	world_host = host;
	world_enter(host);
	auto_fd int networks = world_folder_of(".router"), all = world_networks;
	struct net_network n = { .name = "six", .ip[NET_V6].subnet.family = AF_INET6 };

	world_networks = networks;
	assert_int_equal(network_create(world_networks, &n, NULL, &e), 0);
	box_make(&a, "a", &n, NULL);
	assert_int_equal(world_count(host, "cat /proc/sys/net/ipv6/conf/all/forwarding"), 1);
	assert_int_equal(world_count(host, "cat /proc/sys/net/ipv6/conf/up0/accept_ra"), 2);
	assert_int_equal(world_count(host, "cat /proc/sys/net/ipv6/conf/paene1/accept_ra"), 0);
	box_end(&a);
	world_networks = fd_take(&all);
	world_host = real;
	world_enter(real);
	close(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_local_subnet_is_chosen),
		cmocka_unit_test(both_families_reach_each_other),
		cmocka_unit_test(they_go_out_as_the_host_and_nobody_comes_in),
		cmocka_unit_test(ports_are_published_for_both),
		cmocka_unit_test(a_port_of_one_family_is_no_port_of_the_other),
		cmocka_unit_test(a_free_port_is_free_in_both),
		cmocka_unit_test(isolated_networks_do_not_meet),
		cmocka_unit_test(on_a_link_by_macvlan),
		cmocka_unit_test(on_a_link_by_ipvlan),
		cmocka_unit_test(a_link_is_needed),
		cmocka_unit_test(leases_stay_within_the_range),
		cmocka_unit_test(routers_are_still_listened_to),
	};
	const struct CMUnitTest lacking[] = { cmocka_unit_test(world_lacking) };

	if (!world_begin())
		return cmocka_run_group_tests(lacking, NULL, NULL);
	int failed = cmocka_run_group_tests(tests, begin, NULL);

	world_end();
	return failed;
}
