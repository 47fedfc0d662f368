// SPDX-License-Identifier: Apache-2.0
/*
 * ports.c: a published port is bound, and never listened on.
 *
 * Packets to it are redirected before they could reach a socket. But a program that starts later would bind the port,
 * believe that it serves, and never be called: a socket of ours in its way makes it fail at once, and keeps the kernel from
 * lending the port to an outgoing connection. As it does not listen, a caller that slips past the rules is refused instead
 * of waiting in a queue that nobody reads. Only what is sent to ::1 comes to a socket, which does listen (struct net_hold).
 *
 * Where the bridge is in another network namespace no packet of this host's is redirected: there all sockets are listened on.
 */
#include "network/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "network/port_owner.h"
#include "network/subnet.h"

#define CHOICES 16

void net_hold_close(struct net_hold *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++)
		close(h->fds[i]);
	h->n = h->relay = h->netns = 0;
}

int net_hold_relay(const struct net_hold *h)
{
	return h->relay ? h->fds[h->relay - 1] : -1;
}

int net_hold_netns(const struct net_hold *h)
{
	return h->netns ? h->fds[h->netns - 1] : -1;
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

static int bind_to(int fd, const struct net_addr *at, uint16_t port)
{
	union name name = { .any.sa_family = at->family };

	if (at->family == AF_INET6) {
		name.v6.sin6_port = htons(port);
		memcpy(&name.v6.sin6_addr, at->bytes, sizeof(name.v6.sin6_addr));
	} else {
		name.v4.sin_port = htons(port);
		memcpy(&name.v4.sin_addr, at->bytes, sizeof(name.v4.sin_addr));
	}
	return bind(fd, &name.any, at->family == AF_INET6 ? sizeof(name.v6) : sizeof(name.v4)) < 0 ? -errno : 0;
}

static int set_reuse(int fd, int on)
{
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ? -errno : 0;
}

/*
 * A connection that has ended lingers for a minute, and keeps its port from whoever does not say SO_REUSEADDR, without
 * being in anybody's way. With it a port that is listened on is refused all the same; taken back afterwards, nobody can
 * listen beside us.
 */
static int bind_despite_leftovers(int fd, const struct net_addr *at, const struct net_port *p)
{
	int r = bind_to(fd, at, p->host_port);

	if (r != -EADDRINUSE || p->protocol != IPPROTO_TCP)
		return r;
	r = set_reuse(fd, true);
	if (r == 0)
		r = bind_to(fd, at, p->host_port);
	return r < 0 ? r : set_reuse(fd, false);
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

static int refused(int networks, const struct net_port *p, int errnum, struct err *e)
{
	char text[NET_PORT_MAX], address[NET_ADDR_MAX], owner[PORT_OWNER_MAX];

	err_set(e, errnum, "publish port %s", net_port_text(p, text));
	switch (errnum) {
	case EADDRINUSE:
		if (*port_owner(networks, p, owner))
			return err_hint(e, "%s has it", owner);
		return err_hint(e, "a program of this host uses port %u", p->host_port);
	case EADDRNOTAVAIL:
		return err_hint(e, "%s is not an address of this host", net_addr_text(&p->host_addr, false, address));
	case EAFNOSUPPORT:
		return err_hint(e, "the network has no IPv6: make one with --ipv6");
	case EPROTONOSUPPORT:
		return err_hint(e, "this kernel has no %s: is there a module of that name?", net_protocol_name(p->protocol));
	case EACCES:
		return err_hint(e, "lower ports are root's, who can change that by `sysctl net.ipv4.ip_unprivileged_port_start=%u`", p->host_port);
	case E2BIG:
		return err_hint(e, "a user's container can have %d sockets for its ports", NET_HOLD_MAX);
	case EMFILE:
		return err_hint(e, "each published port is held by a socket: raise the limit of open files (ulimit -n)");
	default:
		return -errnum;
	}
}

static int open_socket(uint8_t family, uint8_t protocol)
{
	int type = protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM, on = 1;
	auto_fd int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return -errno;
	/* the other family has a socket of its own, or its port is somebody else's */
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -errno;
	return fd_take(&fd);
}

static void keep(struct net_hold *hold, int *fd)
{
	if (hold->n < NET_HOLD_MAX)
		hold->fds[hold->n++] = fd_take(fd);
}

static void give_up(struct net_hold *hold, size_t n)
{
	while (hold->n > n)
		close(hold->fds[--hold->n]);
	if (hold->relay > n)
		hold->relay = 0;
}

/* One family of it. Return: 0, or -errno */
static int take_family(uint8_t family, struct net_port *p, struct net_hold *hold)
{
	struct net_addr at = p->host_addr;
	auto_fd int fd = open_socket(family, p->protocol);

	at.family = family; /* all zero where it is every address */
	int r = fd < 0 ? fd : bind_despite_leftovers(fd, &at, p);

	if (r == 0 && p->host_port == 0)
		r = read_choice(fd, &p->host_port);
	if (r == 0)
		keep(hold, &fd);
	return r;
}

static const struct net_addr loopback6 = { .family = AF_INET6, .prefix = 128, .bytes = { [15] = 1 } };

/* Whether what comes to it by ::1 is passed on. */
static bool is_relayed(const struct net_port *p, const struct net_addr *container)
{
	if (p->protocol != IPPROTO_TCP || subnet_is_every(&container[NET_V4])) /* which is not known yet */
		return false;
	return !p->host_addr.family || subnet_same_address(&p->host_addr, &loopback6) ||
	       (p->host_addr.family == AF_INET6 && subnet_is_every(&p->host_addr) && container[NET_V6].family);
}

/* Return: 0, or -errno */
static int add_listener(struct net_hold *hold, int *fd, const struct net_port *p)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.u64 = NET_RELAY(*fd, p->container_port) | (p->protocol == IPPROTO_UDP ? NET_RELAY_UDP : 0),
	};
	bool first = !hold->relay;

	if (hold->n + first >= NET_HOLD_MAX)
		return -E2BIG;
	auto_fd int set = first ? epoll_create1(EPOLL_CLOEXEC) : -1;

	if (first && set < 0)
		return -errno;
	if (epoll_ctl(first ? set : hold->fds[hold->relay - 1], EPOLL_CTL_ADD, *fd, &event) < 0)
		return -errno;
	keep(hold, fd);
	if (first) {
		keep(hold, &set);
		hold->relay = hold->n;
	}
	return 0;
}

/*
 * Beside the socket of every address, if there is one (@beside, else -1): that lets it. It says SO_REUSEADDR for good, since a
 * connection that it has taken lingers, too, and nobody can listen beside it.
 */
static int listen_beside(int beside, struct net_port *p, struct net_hold *hold)
{
	auto_fd int fd = open_socket(AF_INET6, IPPROTO_TCP);
	int r = fd < 0 ? fd : set_reuse(fd, p->host_port != 0);

	if (r == 0 && beside >= 0)
		r = set_reuse(beside, true);
	if (r == 0)
		r = bind_to(fd, &loopback6, p->host_port);
	if (r == 0 && p->host_port == 0)
		r = read_choice(fd, &p->host_port);
	if (r == 0)
		r = listen(fd, SOMAXCONN) < 0 ? -errno : set_reuse(fd, true);
	if (beside >= 0)
		(void)set_reuse(beside, false); /* it has been allowed before */
	if (r == 0)
		r = add_listener(hold, &fd, p);
	return r == -E2BIG ? 0 : r; /* it was tested, as others are */
}

/* A port that the kernel has chosen for one family may be somebody's in the other: then another one is chosen. */
static int take_all(const struct net_addr *container, struct net_port *p, struct net_hold *hold)
{
	bool relayed = is_relayed(p, container), only = subnet_same_address(&p->host_addr, &loopback6), any = relayed;
	int beside = -1, r = 0;

	for (enum net_family f = 0; f < NET_FAMILIES && r == 0 && !only; f++) {
		size_t before = hold->n;

		if (!ports_lead_to(p, f, container))
			continue;
		any = true;
		r = take_family(net_families[f], p, hold);
		if (f == NET_V6 && hold->n > before)
			beside = hold->fds[before];
	}
	if (r < 0 || !relayed)
		return r < 0 || any ? r : -EAFNOSUPPORT;
	r = listen_beside(beside, p, hold);
	/* a host without ::1 has nobody who would call it so */
	return !only && (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT) ? 0 : r;
}

/* Told with each datagram which address it was sent to: the answer comes from there. */
static int want_address(int fd, uint8_t family)
{
	bool v6 = family == AF_INET6;
	int on = 1;

	return setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on, sizeof(on)) < 0 ? -errno : 0;
}

/* Return: 0, or -errno */
static int listen_family(uint8_t family, struct net_port *p, struct net_hold *hold)
{
	struct net_addr at = p->host_addr;
	auto_fd int fd = open_socket(family, p->protocol);
	bool tcp = p->protocol == IPPROTO_TCP;

	at.family = family;
	int r = fd < 0 ? fd : set_reuse(fd, tcp && p->host_port); /* beside what lingers, and nobody who listens */

	if (r == 0)
		r = bind_to(fd, &at, p->host_port);
	if (r == 0 && p->host_port == 0)
		r = read_choice(fd, &p->host_port);
	if (r == 0)
		r = !tcp ? want_address(fd, family) : listen(fd, SOMAXCONN) < 0 ? -errno : 0;
	return r < 0 ? r : add_listener(hold, &fd, p);
}

/* On all addresses that were asked for, whatever family the container has. */
static int listen_all(const struct net_addr *container, struct net_port *p, struct net_hold *hold)
{
	int r = 0;

	(void)container;
	for (enum net_family f = 0; f < NET_FAMILIES && r == 0; f++) {
		if (p->host_addr.family && p->host_addr.family != net_families[f])
			continue;
		r = listen_family(net_families[f], p, hold);
		if (r == -EAFNOSUPPORT && !p->host_addr.family && f == NET_V6)
			r = 0; /* a host without IPv6 */
	}
	return r;
}

typedef int take_fn(const struct net_addr *container, struct net_port *p, struct net_hold *hold);

static int take_port(int networks, const struct net_addr *container, take_fn *take, struct net_port *p, struct net_hold *hold,
		     struct err *e)
{
	bool choose = p->host_port == 0;
	size_t before = hold->n;
	int r = -EADDRINUSE;

	for (int i = 0; i < (choose ? CHOICES : 1) && r == -EADDRINUSE; i++) {
		if (choose)
			p->host_port = 0;
		give_up(hold, before);
		r = take(container, p, hold);
	}
	return r < 0 ? refused(networks, p, -r, e) : 0;
}

/* Added to what is held. */
static int take_each(int networks, const struct net_addr *container, take_fn *take, struct net_port *ports, size_t n,
		     struct net_hold *hold, struct err *e)
{
	int r = 0;

	hold->to = container[NET_V4];
	for (size_t i = 0; i < n && r == 0; i++)
		r = take_port(networks, container, take, &ports[i], hold, e);
	if (r < 0)
		net_hold_close(hold);
	return r;
}

int ports_take(int networks, const struct net_addr *container, struct net_port *ports, size_t n, struct net_hold *ret,
	       struct err *e)
{
	struct net_hold hold = { .n = 0 };
	int r = take_each(networks, container, take_all, ports, n, &hold, e);

	if (r == 0)
		*ret = hold;
	return r;
}

int network_listen(int networks, const struct net_plan *plan, int netns, struct net_hold *ret, struct err *e)
{
	struct net_hold hold = { .n = 0 };
	auto_fd int copy = fd_dup(netns, e);
	int r = copy < 0 ? copy : 0;

	for (size_t i = 0; i < plan->n_ports && r == 0; i++)
		if (plan->ports[i].protocol == IPPROTO_SCTP)
			r = err_say(e, EPROTONOSUPPORT, "publish port %u/sctp: a user's ports are of tcp and udp", plan->ports[i].container_port);
	if (r < 0)
		return r;
	keep(&hold, &copy);
	hold.netns = hold.n;
	r = take_each(networks, plan->address, listen_all, plan->ports, plan->n_ports, &hold, e);
	if (r < 0)
		return r;
	hold.to.prefix = plan->network.ip[NET_V4].subnet.prefix;
	*ret = hold;
	return 0;
}
