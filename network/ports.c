// SPDX-License-Identifier: Apache-2.0
/*
 * ports.c: a published port is bound, and never listened on.
 *
 * Packets to it are redirected before they could reach a socket. But a program that starts later would bind the port,
 * believe that it serves, and never be called: a socket of ours in its way makes it fail at once, and keeps the kernel from
 * lending the port to an outgoing connection. As it does not listen, a caller that slips past the rules is refused instead
 * of waiting in a queue that nobody reads.
 */
#include "network/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "network/subnet.h"

#define CHOICES 16

void net_hold_close(struct net_hold *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++)
		close(h->fds[i]);
	h->n = 0;
}

bool ports_lead_to(const struct net_port *p, enum net_family f, const struct net_addr *container)
{
	return container[f].family && (!p->host_addr.family || p->host_addr.family == net_families[f]);
}

/* A socket's address, of either family. */
union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int bind_to(int fd, uint8_t family, const struct net_port *p)
{
	union name name = { .any.sa_family = family };

	/* all zero where it is every address */
	if (family == AF_INET6) {
		name.v6.sin6_port = htons(p->host_port);
		memcpy(&name.v6.sin6_addr, p->host_addr.bytes, sizeof(name.v6.sin6_addr));
	} else {
		name.v4.sin_port = htons(p->host_port);
		memcpy(&name.v4.sin_addr, p->host_addr.bytes, sizeof(name.v4.sin_addr));
	}
	return bind(fd, &name.any, family == AF_INET6 ? sizeof(name.v6) : sizeof(name.v4)) < 0 ? -errno : 0;
}

/*
 * A connection that has ended lingers for a minute, and keeps its port from whoever does not say SO_REUSEADDR, without
 * being in anybody's way. With it a port that is listened on is refused all the same; taken back afterwards, nobody can
 * listen beside us.
 */
static int bind_despite_leftovers(int fd, uint8_t family, const struct net_port *p)
{
	int on = 1, off = 0, r = bind_to(fd, family, p);

	if (r != -EADDRINUSE || p->protocol != IPPROTO_TCP)
		return r;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	r = bind_to(fd, family, p);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)) < 0)
		return -errno;
	return r;
}

static int read_choice(int fd, uint16_t *ret)
{
	union name name;
	socklen_t len = sizeof(name);

	if (getsockname(fd, &name.any, &len) < 0)
		return -errno;
	*ret = ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
	return 0;
}

static int refused(const struct net_port *p, int errnum, struct err *e)
{
	char text[NET_PORT_MAX], address[NET_ADDR_MAX];

	err_set(e, errnum, "publish port %s", net_port_text(p, text));
	switch (errnum) {
	case EADDRINUSE:
		return err_hint(e, "a program of this host, or another container, uses port %u", p->host_port);
	case EADDRNOTAVAIL:
		return err_hint(e, "%s is not an address of this host", net_addr_text(&p->host_addr, false, address));
	case EAFNOSUPPORT:
		return err_hint(e, "the network has no IPv6: make one with --ipv6");
	case EACCES:
		return err_hint(e, "ports below sysctl net.ipv4.ip_unprivileged_port_start take CAP_NET_BIND_SERVICE");
	case EMFILE:
		return err_hint(e, "each published port is held by a socket: raise the limit of open files (ulimit -n)");
	default:
		return -errnum;
	}
}

static int open_socket(uint8_t family, uint8_t protocol)
{
	int type = protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM, on = 1;
	auto_fd int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -errno;
	/* the other family has a socket of its own, or its port is somebody else's */
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -errno;
	return fd_take(&fd);
}

/* One family of it. Return: 0, or -errno */
static int take_family(uint8_t family, struct net_port *p, struct net_hold *hold)
{
	auto_fd int fd = open_socket(family, p->protocol);
	int r = fd < 0 ? fd : bind_despite_leftovers(fd, family, p);

	if (r == 0 && p->host_port == 0)
		r = read_choice(fd, &p->host_port);
	if (r == 0 && hold->n < NET_HOLD_MAX)
		hold->fds[hold->n++] = fd_take(&fd);
	return r;
}

static void give_up(struct net_hold *hold, size_t n)
{
	while (hold->n > n)
		close(hold->fds[--hold->n]);
}

/* A port that the kernel has chosen for one family may be somebody's in the other: then another one is chosen. */
static int take_port(const struct net_addr *container, struct net_port *p, struct net_hold *hold, struct err *e)
{
	bool choose = p->host_port == 0, any = false;
	size_t before = hold->n;
	int r = -EADDRINUSE;

	for (int i = 0; i < (choose ? CHOICES : 1) && r == -EADDRINUSE; i++) {
		if (choose)
			p->host_port = 0;
		give_up(hold, before);
		r = 0;
		for (enum net_family f = 0; f < NET_FAMILIES && r == 0; f++) {
			if (!ports_lead_to(p, f, container))
				continue;
			any = true;
			r = take_family(net_families[f], p, hold);
		}
	}
	if (r == 0 && !any)
		r = -EAFNOSUPPORT;
	return r < 0 ? refused(p, -r, e) : 0;
}

int ports_take(const struct net_addr *container, struct net_port *ports, size_t n, struct net_hold *ret,
	       struct err *e)
{
	struct net_hold hold = { .n = 0 };

	for (size_t i = 0; i < n; i++) {
		int r = take_port(container, &ports[i], &hold, e);

		if (r < 0) {
			net_hold_close(&hold);
			return r;
		}
	}
	*ret = hold;
	return 0;
}
