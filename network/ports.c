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
#include <sys/socket.h>

#include "base/fd.h"
#include "network/subnet.h"

void net_hold_close(struct net_hold *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++)
		close(h->fds[i]);
	h->n = 0;
}

static int bind_to(int fd, const struct net_port *p)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(p->host_port) };

	memcpy(&sin.sin_addr, p->host_addr.bytes, sizeof(sin.sin_addr)); /* all zero where it is every address */
	return bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 ? -errno : 0;
}

/*
 * A connection that has ended lingers for a minute, and keeps its port from whoever does not say SO_REUSEADDR, without
 * being in anybody's way. With it a port that is listened on is refused all the same; taken back afterwards, nobody can
 * listen beside us.
 */
static int bind_despite_leftovers(int fd, const struct net_port *p)
{
	int on = 1, off = 0, r = bind_to(fd, p);

	if (r != -EADDRINUSE || p->protocol != IPPROTO_TCP)
		return r;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	r = bind_to(fd, p);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)) < 0)
		return -errno;
	return r;
}

static int read_choice(int fd, uint16_t *ret)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	if (getsockname(fd, (struct sockaddr *)&sin, &len) < 0)
		return -errno;
	*ret = ntohs(sin.sin_port);
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
	case EACCES:
		return err_hint(e, "ports below sysctl net.ipv4.ip_unprivileged_port_start take CAP_NET_BIND_SERVICE");
	case EMFILE:
		return err_hint(e, "each published port is held by a socket: raise the limit of open files (ulimit -n)");
	default:
		return -errnum;
	}
}

static int take_port(struct net_port *p, struct net_hold *hold, struct err *e)
{
	bool udp = p->protocol == IPPROTO_UDP;
	auto_fd int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, p->protocol);

	if (fd < 0)
		return refused(p, errno, e);
	int r = bind_despite_leftovers(fd, p);

	if (r == 0 && p->host_port == 0)
		r = read_choice(fd, &p->host_port);
	if (r < 0)
		return refused(p, -r, e);
	if (hold->n < NET_HOLD_MAX)
		hold->fds[hold->n++] = fd_take(&fd);
	return 0;
}

int ports_take(struct net_port *ports, size_t n, struct net_hold *ret, struct err *e)
{
	struct net_hold hold = { .n = 0 };

	for (size_t i = 0; i < n; i++) {
		int r = take_port(&ports[i], &hold, e);

		if (r < 0) {
			net_hold_close(&hold);
			return r;
		}
	}
	*ret = hold;
	return 0;
}
