// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "cli/oci.h"
#include "runtime/notify.h"
#include "runtime/start.h"

/* Before its command can speak. Return: the socket, -ENOENT or -EADDRINUSE where there is nothing to hear, or another -errno */
static int listen_to(int root, const char *id, struct err *e)
{
	auto_fd int state = state_open(root, id, e);

	return state < 0 ? state : notify_listen(state, e);
}

static int wait_ready(int root, const char *id, int sock, const char *host, struct err *e)
{
	auto_state struct state s = { 0 };
	int r = state_load(root, id, &s, e);
	auto_fd int pidfd = r < 0 ? r : proc_open(&s.init, e);

	if (pidfd == -ESRCH || pidfd == -ENOENT) /* gone again, and perhaps deleted */
		return 0;
	return pidfd < 0 ? pidfd : notify_wait(sock, host, pidfd, s.init.pid, e);
}

static int run(const struct call *c, struct err *e)
{
	const char *id = c->args[0], *host = getenv("NOTIFY_SOCKET");
	auto_fd int root = oci_open_root(c, e);
	auto_fd int sock = root >= 0 && host ? listen_to(root, id, e) : -ENOENT;

	if (root < 0)
		return root;
	if (sock < 0 && sock != -ENOENT && sock != -EADDRINUSE)
		return sock;
	int r = container_start(root, id, e);

	return r < 0 || sock < 0 ? r : wait_ready(root, id, sock, host, e);
}

const struct verb oci_start = {
	.name = "start",
	.group = "Life of a container",
	.arguments = "ID",
	.help = "let its command run",
	.about = "Let the process of a created container execute its command.",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
