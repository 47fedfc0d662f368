// SPDX-License-Identifier: Apache-2.0
/* Who reaches whom: packets between real namespaces, through the bridge and the rules that network_attach() makes. */
#include "network_world.h"

#define HOST_ADDRESS	  "192.0.2.1"
#define NEIGHBOUR_ADDRESS "192.0.2.2"

static int neighbour; /* a machine on the host's own wire */
static struct net_network net;

static void containers_reach_each_other(void **state)
{
	struct box a, b;
	char peer[INET_ADDRSTRLEN], gateway[NET_ADDR_MAX];

	(void)state;
	box_make(&a, "a", &net, NULL);
	box_make(&b, "b", &net, NULL);
	auto_fd int server = world_serve(b.ns, SOCK_STREAM, "0.0.0.0", 80);
	auto_fd int host = world_serve(world_host, SOCK_STREAM, "0.0.0.0", 8000);
	auto_fd int own = world_serve(a.ns, SOCK_STREAM, "127.0.0.1", 81);

	assert_true(world_tcp(a.ns, b.address, 80, server, peer, SOON_MS));
	assert_string_equal(peer, a.address);
	assert_true(world_tcp(a.ns, net_addr_text(&net.ip[NET_V4].gateway, false, gateway), 8000, host, peer, SOON_MS));
	assert_string_equal(peer, a.address);
	assert_true(world_tcp(world_host, b.address, 80, server, peer, SOON_MS));
	assert_true(world_tcp(a.ns, "127.0.0.1", 81, own, NULL, SOON_MS));
	box_end(&a);
	box_end(&b);
}

/* N02, N01: neither inside nor outside is there an IPv6 address or a belief in router advertisements. */
static void there_is_no_ipv6(void **state)
{
	struct box a;

	(void)state;
	box_make(&a, "a", &net, NULL);
	if (access("/proc/sys/net/ipv6", F_OK) != 0)
		skip();
	usleep(50000); /* a link-local address would come by now */
	assert_int_equal(world_count(a.ns, "ip -6 -o addr show dev eth0 | wc -l"), 0);
	assert_int_equal(world_count(a.ns, "cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6"), 1);
	assert_int_equal(world_count(world_host, "ip -6 -o addr show | grep -cE 'paene0|pv'"), 0);
	assert_int_equal(world_count(world_host, "cat /proc/sys/net/ipv6/conf/paene0/accept_ra"), 0);
	assert_int_equal(world_count(world_host, "cat /proc/sys/net/ipv6/conf/pv*/accept_ra"), 0);
	box_end(&a);
}

static void published_tcp_answers_everywhere(void **state)
{
	struct box a, b;
	char peer[INET_ADDRSTRLEN], gateway[NET_ADDR_MAX];

	(void)state;
	box_make(&a, "a", &net, "8080:80");
	box_make(&b, "b", &net, NULL);
	auto_fd int server = world_serve(a.ns, SOCK_STREAM, "0.0.0.0", 80);

	net_addr_text(&net.ip[NET_V4].gateway, false, gateway);
	assert_true(world_tcp(neighbour, HOST_ADDRESS, 8080, server, peer, SOON_MS));
	assert_string_equal(peer, NEIGHBOUR_ADDRESS); /* N08: the real one */
	assert_true(world_tcp(world_host, HOST_ADDRESS, 8080, server, peer, SOON_MS));
	assert_true(world_tcp(world_host, "127.0.0.1", 8080, server, peer, SOON_MS));
	assert_string_equal(peer, gateway);
	assert_true(world_tcp(world_host, gateway, 8080, server, NULL, SOON_MS));
	assert_true(world_tcp(b.ns, HOST_ADDRESS, 8080, server, peer, SOON_MS));
	assert_string_equal(peer, gateway);
	assert_true(world_tcp(b.ns, gateway, 8080, server, NULL, SOON_MS));
	assert_true(world_tcp(a.ns, HOST_ADDRESS, 8080, server, peer, SOON_MS)); /* itself */
	assert_string_equal(peer, gateway);
	assert_true(world_tcp(a.ns, gateway, 8080, server, NULL, SOON_MS));
	box_end(&a);
	assert_false(world_tcp(world_host, "127.0.0.1", 8080, server, NULL, NEVER_MS));
	assert_false(world_tcp(neighbour, HOST_ADDRESS, 8080, server, NULL, NEVER_MS));
	box_end(&b);
}

static void published_udp_answers_everywhere(void **state)
{
	struct box a, b;
	char peer[INET_ADDRSTRLEN];

	(void)state;
	box_make(&a, "a", &net, "5353:53/udp");
	box_make(&b, "b", &net, NULL);
	auto_fd int server = world_serve(a.ns, SOCK_DGRAM, "0.0.0.0", 53);

	assert_true(world_udp(neighbour, HOST_ADDRESS, 5353, server, peer, SOON_MS));
	assert_string_equal(peer, NEIGHBOUR_ADDRESS);
	assert_true(world_udp(world_host, HOST_ADDRESS, 5353, server, NULL, SOON_MS));
	assert_true(world_udp(world_host, "127.0.0.1", 5353, server, NULL, SOON_MS));
	assert_true(world_udp(b.ns, HOST_ADDRESS, 5353, server, NULL, SOON_MS));
	assert_true(world_udp(a.ns, HOST_ADDRESS, 5353, server, NULL, SOON_MS));
	box_end(&a);
	box_end(&b);
}

/* The bridge hands packets to the rules only while br_netfilter is loaded and on: both ways must do. */
static void hairpins_work_without_br_netfilter(void **state)
{
	static const char path[] = "/proc/sys/net/bridge/bridge-nf-call-iptables";
	struct box a, b;

	(void)state;
	if (access(path, F_OK) != 0)
		skip();
	for (int on = 0; on <= 1; on++) {
		world_run(world_host, "echo %d > %s", on, path);
		box_make(&a, "a", &net, "8080:80");
		box_make(&b, "b", &net, NULL);
		auto_fd int server = world_serve(a.ns, SOCK_STREAM, "0.0.0.0", 80);

		assert_true(world_tcp(a.ns, HOST_ADDRESS, 8080, server, NULL, SOON_MS));
		assert_true(world_tcp(b.ns, HOST_ADDRESS, 8080, server, NULL, SOON_MS));
		assert_true(world_tcp(b.ns, a.address, 80, server, NULL, SOON_MS));
		assert_true(world_tcp(world_host, "127.0.0.1", 8080, server, NULL, SOON_MS));
		box_end(&a);
		box_end(&b);
	}
}

/* A flow that began before the port was published, or with the container before, must not go on as it was. */
static void udp_flows_follow_the_container(void **state)
{
	auto_fd int client = world_socket(neighbour, SOCK_DGRAM);
	struct box a, b;

	(void)state;
	box_plan(&a, "a", &net);
	world_udp_from(client, HOST_ADDRESS, 5353, client, NULL, SOON_MS); /* nobody serves it: the kernel remembers the flow */
	box_publish(&a, "5353:53/udp");
	assert_int_equal(box_attach(&a, &(struct err){ 0 }), 0);
	int server = world_serve(a.ns, SOCK_DGRAM, "0.0.0.0", 53);

	(void)recv(client, (char[1]){ 0 }, 1, 0); /* the refusal of before */
	assert_true(world_udp_from(client, HOST_ADDRESS, 5353, server, NULL, SOON_MS));
	close(server);
	box_end(&a);
	box_make(&b, "another", &net, "5353:53/udp");
	assert_string_not_equal(a.address, b.address);
	server = world_serve(b.ns, SOCK_DGRAM, "0.0.0.0", 53);
	assert_true(world_udp_from(client, HOST_ADDRESS, 5353, server, NULL, SOON_MS));
	close(server);
	box_end(&b);
}

/* N05, N04: neither a route to the subnet nor forged loopback addresses get a neighbour in. */
static void nothing_else_comes_in(void **state)
{
	struct box a;
	char subnet[NET_ADDR_MAX];

	(void)state;
	box_plan(&a, "a", &net);
	box_publish(&a, "8080:80");
	box_publish(&a, "127.0.0.1:8081:81");
	assert_int_equal(box_attach(&a, &(struct err){ 0 }), 0);
	auto_fd int open_port = world_serve(a.ns, SOCK_STREAM, "0.0.0.0", 80);
	auto_fd int local_port = world_serve(a.ns, SOCK_STREAM, "0.0.0.0", 81);
	auto_fd int secret = world_serve(a.ns, SOCK_STREAM, "0.0.0.0", 82);
	auto_fd int host_secret = world_serve(world_host, SOCK_STREAM, "127.0.0.1", 83);

	world_run(neighbour, "ip route add %s via " HOST_ADDRESS, net_addr_text(&net.ip[NET_V4].subnet, true, subnet));
	assert_false(world_tcp(neighbour, a.address, 82, secret, NULL, NEVER_MS));
	assert_false(world_tcp(neighbour, a.address, 81, local_port, NULL, NEVER_MS));
	assert_false(world_tcp(neighbour, a.address, 80, open_port, NULL, NEVER_MS)); /* published there, not here */
	assert_false(world_tcp(neighbour, HOST_ADDRESS, 8081, local_port, NULL, NEVER_MS));
	assert_false(world_tcp(neighbour, HOST_ADDRESS, 82, secret, NULL, NEVER_MS));
	assert_true(world_tcp(world_host, "127.0.0.1", 8081, local_port, NULL, SOON_MS));
	assert_false(world_tcp(world_host, HOST_ADDRESS, 8081, local_port, NULL, NEVER_MS));
	/* the neighbour sends packets to 127.0.0.1 over the wire, to a host that would even take them */
	world_run(world_host, "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet");
	world_run(neighbour, "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; ip addr del 127.0.0.1/8 dev lo; "
		  "ip route del local 127.0.0.0/8 dev lo table local 2>/dev/null; "
		  "ip route add 127.0.0.1/32 via " HOST_ADDRESS " src " NEIGHBOUR_ADDRESS);
	assert_int_equal(world_count(neighbour, "ip route get 127.0.0.1 | grep -c 'via " HOST_ADDRESS "'"), 1);
	assert_false(world_tcp(neighbour, "127.0.0.1", 8081, local_port, NULL, NEVER_MS));
	assert_false(world_tcp(neighbour, "127.0.0.1", 83, host_secret, NULL, NEVER_MS));
	world_run(neighbour, "ip route del 127.0.0.1/32; ip addr add 127.0.0.1/8 dev lo");
	world_run(world_host, "echo 0 > /proc/sys/net/ipv4/conf/all/route_localnet");
	world_run(neighbour, "ip route del %s", subnet);
	box_end(&a);
}

/* A container cannot pose as 127.0.0.1 towards a service that trusts it, though its bridge routes such addresses. */
static void nobody_poses_as_loopback(void **state)
{
	struct sockaddr_in from = world_address("127.0.0.1", 0), to = world_address(HOST_ADDRESS, 7000);
	struct box a;

	(void)state;
	box_make(&a, "a", &net, NULL);
	auto_fd int trusting = world_serve(world_host, SOCK_DGRAM, "0.0.0.0", 7000);
	auto_fd int forger = world_socket(a.ns, SOCK_DGRAM);

	world_run(a.ns, "echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet");
	world_run(world_host, "echo 1 > /proc/sys/net/ipv4/conf/paene0/accept_local"); /* a host that would believe it */
	assert_int_equal(bind(forger, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(sendto(forger, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	assert_false(world_wait(trusting, POLLIN, NEVER_MS));
	world_run(world_host, "echo 0 > /proc/sys/net/ipv4/conf/paene0/accept_local");
	box_end(&a);
}

/* N03: a packet that this host only routes keeps its destination. */
static void routed_traffic_is_left_alone(void **state)
{
	int far = world_neighbour("up1", "198.51.100.1/24", "198.51.100.9/24");
	struct box a;

	(void)state;
	world_run(far, "ip route add default via 198.51.100.1");
	world_run(neighbour, "ip route add 198.51.100.0/24 via " HOST_ADDRESS);
	box_make(&a, "a", &net, "5300:5300");
	auto_fd int there = world_serve(far, SOCK_STREAM, "0.0.0.0", 5300);
	auto_fd int here = world_serve(a.ns, SOCK_STREAM, "0.0.0.0", 5300);

	assert_true(world_tcp(neighbour, "198.51.100.9", 5300, there, NULL, SOON_MS));
	assert_true(world_tcp(neighbour, "198.51.100.1", 5300, here, NULL, SOON_MS)); /* an address of the host, too */
	world_run(neighbour, "ip route del 198.51.100.0/24");
	world_run(world_host, "ip link del up1");
	close(far);
	box_end(&a);
}

static void containers_go_out_as_the_host(void **state)
{
	char peer[INET_ADDRSTRLEN];
	struct box a;

	(void)state;
	box_make(&a, "a", &net, NULL);
	auto_fd int tcp = world_serve(neighbour, SOCK_STREAM, "0.0.0.0", 443);
	auto_fd int udp = world_serve(neighbour, SOCK_DGRAM, "0.0.0.0", 53);

	assert_true(world_tcp(a.ns, NEIGHBOUR_ADDRESS, 443, tcp, peer, SOON_MS));
	assert_string_equal(peer, HOST_ADDRESS);
	assert_true(world_udp(a.ns, NEIGHBOUR_ADDRESS, 53, udp, peer, SOON_MS));
	assert_string_equal(peer, HOST_ADDRESS);
	box_end(&a);
}

static void networks_are_separate(void **state)
{
	struct net_network other, closed;
	struct box a, b, c, d;
	char peer[INET_ADDRSTRLEN];
	struct err e;

	(void)state;
	world_network("other", false, &other);
	world_network("closed", true, &closed);
	box_make(&a, "a", &net, NULL);
	box_make(&b, "b", &other, "8080:80");
	box_make(&c, "c", &closed, NULL);
	box_make(&d, "d", &closed, NULL);
	auto_fd int in_b = world_serve(b.ns, SOCK_STREAM, "0.0.0.0", 80);
	auto_fd int in_c = world_serve(c.ns, SOCK_STREAM, "0.0.0.0", 80);
	auto_fd int outside = world_serve(neighbour, SOCK_STREAM, "0.0.0.0", 443);

	assert_false(world_tcp(a.ns, b.address, 80, in_b, NULL, NEVER_MS));
	assert_true(world_tcp(a.ns, HOST_ADDRESS, 8080, in_b, peer, SOON_MS)); /* published: for everybody */
	assert_string_equal(peer, a.address);
	assert_false(world_tcp(a.ns, c.address, 80, in_c, NULL, NEVER_MS));
	assert_true(world_tcp(d.ns, c.address, 80, in_c, NULL, SOON_MS));
	/* an internal network has no way out: no route, and none that a container adds by itself helps */
	assert_false(world_tcp(c.ns, NEIGHBOUR_ADDRESS, 443, outside, NULL, NEVER_MS));
	world_run(c.ns, "ip route add default via %s", net_addr_text(&closed.ip[NET_V4].gateway, false, (char[NET_ADDR_MAX]){ "" }));
	assert_false(world_tcp(c.ns, NEIGHBOUR_ADDRESS, 443, outside, NULL, NEVER_MS));
	assert_false(world_tcp(c.ns, b.address, 80, in_b, NULL, NEVER_MS));
	assert_false(world_tcp(c.ns, HOST_ADDRESS, 8080, in_b, NULL, NEVER_MS));
	/* not even a datagram that needs no answer; and no rule of somebody else's leads in */
	auto_fd int listener = world_serve(neighbour, SOCK_DGRAM, "0.0.0.0", 53), leak = world_socket(c.ns, SOCK_DGRAM);
	struct sockaddr_in to = world_address(NEIGHBOUR_ADDRESS, 53);

	assert_int_equal(sendto(leak, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	assert_false(world_wait(listener, POLLIN, NEVER_MS));
	world_run(world_host, "nft 'table ip foreign { chain c { type nat hook prerouting priority -101; "
		  "udp dport 7777 dnat to %s:80; }; }'", c.address);
	auto_fd int datagrams = world_serve(c.ns, SOCK_DGRAM, "0.0.0.0", 80);

	*peer = '\0';
	(void)world_udp(neighbour, HOST_ADDRESS, 7777, datagrams, peer, NEVER_MS); /* an answer would be lost in any case */
	assert_string_equal(peer, "");
	world_run(world_host, "nft delete table ip foreign");
	box_publish(&d, "9000:90");
	assert_int_equal(box_attach(&d, &e), -EINVAL);
	assert_non_null(strstr(e.text, "is internal"));
	d.plan.n_ports = 0;
	box_end(&a);
	box_end(&b);
	box_end(&c);
	box_end(&d);
	assert_int_equal(network_remove(world_networks, "other", &e), 0);
	assert_int_equal(network_remove(world_networks, "closed", &e), 0);
}

/* One container on two networks: eth0 leads out, eth1 leads to the other network. */
static void a_container_joins_two_networks(void **state)
{
	struct net_network other;
	struct box a, b, second;
	struct err e = { .text = "" };

	(void)state;
	world_network("other", false, &other);
	box_make(&a, "a", &net, NULL);
	box_make(&b, "b", &other, NULL);
	box_plan(&second, "a", &other);
	second.ns = a.ns;
	second.plan.index = 1;
	if (box_attach(&second, &e) < 0)
		fail_msg("%s", e.text);
	auto_fd int outside = world_serve(neighbour, SOCK_STREAM, "0.0.0.0", 443);
	auto_fd int in_b = world_serve(b.ns, SOCK_STREAM, "0.0.0.0", 80);

	assert_true(world_tcp(a.ns, NEIGHBOUR_ADDRESS, 443, outside, NULL, SOON_MS));
	assert_true(world_tcp(a.ns, b.address, 80, in_b, NULL, SOON_MS));
	second.ns = -1;
	box_end(&second);
	assert_false(world_tcp(a.ns, b.address, 80, in_b, NULL, NEVER_MS));
	assert_true(world_tcp(a.ns, NEIGHBOUR_ADDRESS, 443, outside, NULL, SOON_MS));
	box_end(&a);
	box_end(&b);
	assert_int_equal(network_remove(world_networks, "other", &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_reach_each_other),
		cmocka_unit_test(there_is_no_ipv6),
		cmocka_unit_test(published_tcp_answers_everywhere),
		cmocka_unit_test(published_udp_answers_everywhere),
		cmocka_unit_test(hairpins_work_without_br_netfilter),
		cmocka_unit_test(udp_flows_follow_the_container),
		cmocka_unit_test(nothing_else_comes_in),
		cmocka_unit_test(nobody_poses_as_loopback),
		cmocka_unit_test(routed_traffic_is_left_alone),
		cmocka_unit_test(containers_go_out_as_the_host),
		cmocka_unit_test(networks_are_separate),
		cmocka_unit_test(a_container_joins_two_networks),
	};
	const struct CMUnitTest lacking[] = { cmocka_unit_test(world_lacking) };

	if (!world_begin())
		return cmocka_run_group_tests(lacking, NULL, NULL);
	neighbour = world_neighbour("up0", HOST_ADDRESS "/24", NEIGHBOUR_ADDRESS "/24");
	world_run(neighbour, "ip route add default via " HOST_ADDRESS);
	struct err e;

	if (network_find(world_networks, NET_DEFAULT, &net, &e) < 0) {
		print_error("%s\n", e.text);
		return 1;
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	world_end();
	return failed;
}
