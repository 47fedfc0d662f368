/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network_world.h: real network namespaces for tests: the test's own thread sits in a namespace of its own, "the host", and
 * others are made as containers and neighbours. Nothing of the machine's own network is touched.
 */
#ifndef TESTS_NETWORK_WORLD_H
#define TESTS_NETWORK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/network.h"

#define SOON_MS	 60000 /* what must happen: a busy machine may take its time */
#define NEVER_MS 150  /* what must not happen: so long is waited for it */
#define AGAIN_MS 200  /* a datagram that got lost is sent again */

static char world_folder[200];
static int world_host = -1, world_networks = -1;

static inline int world_this(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static inline void world_enter(int ns)
{
	assert_int_equal(setns(ns, CLONE_NEWNET), 0);
}

/* A command in a namespace, which must succeed. */
static inline void __attribute__((format(printf, 2, 3))) world_run(int ns, const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	world_enter(ns);
	int status = system(command);

	world_enter(world_host);
	if (status != 0)
		fail_msg("%s: %d", command, status);
}

static inline int world_new(void)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	int ns = world_this();

	world_run(ns, "ip link set lo up");
	return ns;
}

/* Call first. Return: false where this machine does not let us; run world_lacking() alone then. */
static inline bool world_begin(void)
{
	const char *tmp = getenv("TMPDIR");

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 || system("command -v ip nft >/dev/null") != 0)
		return false;
	snprintf(world_folder, sizeof(world_folder), "%.150s/paene-network-XXXXXX", tmp ? tmp : "/tmp");
	world_host = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (world_host < 0 || system("ip link set lo up") != 0 || !mkdtemp(world_folder))
		return false;
	world_networks = open(world_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return world_networks >= 0;
}

static inline void world_lacking(void **state)
{
	(void)state;
	print_message("skipped: it takes root, network namespaces, and the programs ip and nft\n");
	skip();
}

/* Another folder of networks, below this test's own. */
static inline int world_folder_of(const char *name)
{
	assert_int_equal(mkdirat(world_networks, name, 0700), 0);
	int fd = openat(world_networks, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static inline void world_end(void)
{
	struct err e;

	(void)file_remove(AT_FDCWD, world_folder, &e);
}

/* Wire a namespace to the host: host's end @host_address, its end @address, both with their prefix. */
static inline int world_neighbour(const char *link, const char *host_address, const char *address)
{
	int ns = world_new();

	world_run(world_host, "ip link add %s type veth peer name eth0 netns /proc/%d/fd/%d && ip addr add %s dev %s && "
		  "ip link set %s up", link, getpid(), ns, host_address, link, link);
	world_run(ns, "ip addr add %s dev eth0 && ip link set eth0 up", address);
	return ns;
}

static inline int world_socket_of(int family, int ns, int type)
{
	world_enter(ns);
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	world_enter(world_host);
	assert_true(fd >= 0);
	return fd;
}

static inline int world_socket(int ns, int type)
{
	return world_socket_of(AF_INET, ns, type);
}

/* An address of either family. */
union world_name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static inline union world_name world_name(const char *address, uint16_t port)
{
	union world_name name = { .v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) } };

	if (inet_pton(AF_INET6, address, &name.v6.sin6_addr) == 1)
		return name;
	name.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	assert_int_equal(inet_pton(AF_INET, address, &name.v4.sin_addr), 1);
	return name;
}

static inline socklen_t world_name_len(const union world_name *name)
{
	return name->any.sa_family == AF_INET6 ? sizeof(name->v6) : sizeof(name->v4);
}

/* @ret: INET_ADDRSTRLEN bytes for IPv4, INET6_ADDRSTRLEN for IPv6 */
static inline void world_name_text(const union world_name *name, char *ret)
{
	if (name->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &name->v6.sin6_addr, ret, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET, &name->v4.sin_addr, ret, INET_ADDRSTRLEN);
}

static inline struct sockaddr_in world_address(const char *address, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET, address, &sin.sin_addr), 1);
	return sin;
}

/* A server's socket: listening where it is a stream's. */
static inline int world_serve(int ns, int type, const char *address, uint16_t port)
{
	union world_name name = world_name(address, port);
	int fd = world_socket_of(name.any.sa_family, ns, type), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, &name.any, world_name_len(&name)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static inline bool world_wait(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, ms) == 1;
}

/* Whether @server (a listening socket somewhere) gets a connection made in @ns. @ret_peer: who it says it is; or NULL */
static inline bool world_tcp(int ns, const char *address, uint16_t port, int server, char *ret_peer, int ms)
{
	union world_name to = world_name(address, port), peer = { .any.sa_family = 0 };
	socklen_t len = sizeof(peer);
	auto_fd int fd = world_socket_of(to.any.sa_family, ns, SOCK_STREAM);

	if (connect(fd, &to.any, world_name_len(&to)) < 0 && errno != EINPROGRESS)
		return false;
	if (!world_wait(server, POLLIN, ms))
		return false;
	auto_fd int one = accept4(server, &peer.any, &len, SOCK_CLOEXEC);
	char byte = 0;

	if (ret_peer)
		world_name_text(&peer, ret_peer);
	return one >= 0 && world_wait(fd, POLLOUT, ms) && write(one, "x", 1) == 1 && world_wait(fd, POLLIN, ms) &&
	       read(fd, &byte, 1) == 1 && byte == 'x';
}

/* The same for a datagram and its answer, from a client's socket that may be used again. */
static inline bool world_udp_from(int fd, const char *address, uint16_t port, int server, char *ret_peer, int ms)
{
	union world_name to = world_name(address, port), peer = { .any.sa_family = 0 };
	socklen_t len = sizeof(peer);
	char byte = 0;

	while (recv(server, &byte, 1, MSG_DONTWAIT) > 0)
		; /* sent twice to somebody before */
	if (connect(fd, &to.any, world_name_len(&to)) < 0 || send(fd, "q", 1, 0) != 1)
		return false;
	/* what comes before the kernel has noticed that the link is up, and had the bridge pass packets to it, is lost */
	for (int i = 0; !world_wait(server, POLLIN, MIN(ms, AGAIN_MS)); i++)
		if (i >= ms / AGAIN_MS || send(fd, "q", 1, 0) != 1)
			return false;
	if (recvfrom(server, &byte, 1, 0, &peer.any, &len) != 1)
		return false;
	if (ret_peer)
		world_name_text(&peer, ret_peer);
	return sendto(server, "x", 1, 0, &peer.any, len) == 1 && world_wait(fd, POLLIN, ms) &&
	       recv(fd, &byte, 1, 0) == 1 && byte == 'x';
}

static inline bool world_udp(int ns, const char *address, uint16_t port, int server, char *ret_peer, int ms)
{
	auto_fd int fd = world_socket_of(world_name(address, port).any.sa_family, ns, SOCK_DGRAM);

	return world_udp_from(fd, address, port, server, ret_peer, ms);
}

/* A container: a namespace on a network. */
struct box {
	int ns;
	struct net_plan plan;
	struct net_port ports[8];
	struct net_hold hold;
	char address[NET_ADDR_MAX], address6[NET_ADDR_MAX];
};

static inline void box_plan(struct box *b, const char *id, const struct net_network *n)
{
	struct err e = { .text = "" };

	*b = (struct box){ .ns = -1, .plan = { .id = id, .name = id, .network = *n, .ports = b->ports } };
	for (enum net_family f = 0; f < NET_FAMILIES; f++)
		if (n->ip[f].subnet.family && network_lease(world_networks, n, f, id, NULL, &b->plan.address[f], &e) < 0)
			fail_msg("%s", e.text);
	net_addr_text(&b->plan.address[NET_V4], false, b->address);
	net_addr_text(&b->plan.address[NET_V6], false, b->address6);
}

static inline void box_publish(struct box *b, const char *port)
{
	struct arena arena = { 0 };
	struct err e = { .text = "" };
	struct net_port *list = NULL;
	size_t n = 0;

	if (net_port_parse(&arena, port, &list, &n, &e) < 0)
		fail_msg("%s", e.text);
	assert_true(b->plan.n_ports + n <= ARRAY_SIZE(b->ports));
	memcpy(b->ports + b->plan.n_ports, list, n * sizeof(*list));
	b->plan.n_ports += n;
	arena_free(&arena);
}

static inline int box_attach(struct box *b, struct err *e)
{
	if (b->ns < 0) {
		assert_int_equal(unshare(CLONE_NEWNET), 0);
		b->ns = world_this();
		world_enter(world_host);
	}
	return network_attach(world_networks, &b->plan, b->ns, &b->hold, e);
}

/* Plan, published port (NULL: none) and attachment in one. */
static inline void box_make(struct box *b, const char *id, const struct net_network *n, const char *port)
{
	struct err e = { .text = "" };

	box_plan(b, id, n);
	if (port)
		box_publish(b, port);
	if (box_attach(b, &e) < 0)
		fail_msg("%s", e.text);
}

static inline void box_end(struct box *b)
{
	struct err e = { .text = "" };

	net_hold_close(&b->hold);
	if (network_detach(world_networks, &b->plan, -1, false, &e) < 0)
		fail_msg("%s", e.text);
	for (enum net_family f = 0; f < NET_FAMILIES; f++)
		if (network_release(world_networks, &b->plan.network, b->plan.id, &b->plan.address[f], &e) < 0)
			fail_msg("%s", e.text);
	fd_close(&b->ns);
}

/* What a command prints first, as a number: for counting links, rules and elements. */
static inline long world_count(int ns, const char *command)
{
	long n = -1;

	world_enter(ns);
	FILE *f = popen(command, "r");

	assert_non_null(f);
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	pclose(f);
	world_enter(world_host);
	return n;
}

static inline void world_network(const char *name, bool internal, struct net_network *ret)
{
	struct err e = { .text = "" };

	*ret = (struct net_network){ .internal = internal };
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	int r = strcmp(name, NET_DEFAULT) == 0 ? network_find(world_networks, name, ret, &e) :
						 network_create(world_networks, ret, NULL, &e);
	if (r < 0)
		fail_msg("%s", e.text);
}

#endif
