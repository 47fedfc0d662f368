// SPDX-License-Identifier: Apache-2.0
#include "runtime/port_caller.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/netns.h"

struct request {
	const struct port_callee *callee;
	int fd;
};

static int open_socket(void *arg, struct err *e)
{
	struct request *r = arg;

	r->fd = socket(AF_INET, r->callee->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return r->fd < 0 ? err_set(e, errno, "make a socket") : 0;
}

int port_call(const struct port_callee *c, const union caller_name *client)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(c->port), .sin_addr = c->to };
	struct request r = { c, -1 };
	struct err ignored; /* the caller is told by a reset, or not at all */

	(void)client;
	(void)(c->netns < 0 ? open_socket(&r, &ignored) : netns_call(c->netns, open_socket, &r, &ignored));
	auto_fd int fd = r.fd;

	if (fd < 0 || (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS))
		return -1;
	return fd_take(&fd);
}
