// SPDX-License-Identifier: Apache-2.0
#include "runtime/port_caller.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/netns.h"

struct request {
	const struct port_callee *callee;
	const union caller_name *client;
	int fd;
};

/* A neighbour of the container's in its own network would be answered past us, and this host itself is nobody there. */
static bool can_be_seen(const struct port_callee *c, const union caller_name *client)
{
	uint32_t theirs = ntohl(client->v4.sin_addr.s_addr), own;

	memcpy(&own, c->to.bytes, sizeof(own));
	return client->any.sa_family == AF_INET && theirs >> IN_CLASSA_NSHIFT != IN_LOOPBACKNET &&
	       ((uint64_t)(theirs ^ ntohl(own)) >> (32 - c->to.prefix)) != 0;
}

/* Another socket may have its port already: then it is seen with another one. */
static int take_name(int fd, const union caller_name *client)
{
	struct sockaddr_in name = client->v4;
	int on = 1, r = -1;

	if (setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on)) == 0)
		r = bind(fd, (struct sockaddr *)&name, sizeof(name));
	name.sin_port = 0;
	return r < 0 && errno == EADDRINUSE ? bind(fd, (struct sockaddr *)&name, sizeof(name)) : r;
}

static int open_socket(void *arg, struct err *e)
{
	struct request *r = arg;
	const struct port_callee *c = r->callee;
	auto_fd int fd = socket(AF_INET, c->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || (c->netns >= 0 && can_be_seen(c, r->client) && take_name(fd, r->client) < 0))
		return err_set(e, errno, "make a socket");
	r->fd = fd_take(&fd);
	return 0;
}

int port_call(const struct port_callee *c, const union caller_name *client)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(c->port) };
	struct request r = { c, client, -1 };
	struct err ignored; /* the caller is told by a reset, or not at all */

	memcpy(&to.sin_addr, c->to.bytes, sizeof(to.sin_addr));
	(void)(c->netns < 0 ? open_socket(&r, &ignored) : netns_call(c->netns, open_socket, &r, &ignored));
	auto_fd int fd = r.fd;

	if (fd < 0 || (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS))
		return -1;
	return fd_take(&fd);
}
