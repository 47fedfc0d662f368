// SPDX-License-Identifier: Apache-2.0
/* unshare: a command as root of the user's own namespace, where files of containers can be looked at. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/verbs.h"
#include "runtime/rootless.h"

#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND  127

struct unshare {
	bool network;
};

static const struct option rows[] = {
	OPT_FLAG(struct unshare, network, "rootless-netns", 0, "in the network namespace of the user's bridges, too"),
};

static int enter_network(const struct engine *g, struct err *e)
{
	auto_fd int netns = rootless_network(g->run, e);

	if (netns < 0)
		return netns;
	return setns(netns, CLONE_NEWNET) < 0 ? err_set(e, errno, "join your network namespace") : 0;
}

static int run(const struct call *c, struct err *e)
{
	char *shell = getenv("SHELL"), *alone[] = { shell && *shell ? shell : (char *)"/bin/sh", NULL };
	char *const *argv = c->n_args ? c->args : alone;
	const struct unshare *o = c->options;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	if (!g.rootless)
		return err_say(e, EINVAL, "it is for users: root is root here already");
	r = o->network ? enter_network(&g, e) : 0;
	if (r < 0)
		return r;
	execvp(argv[0], argv);
	err_set(e, errno, "execute %s", argv[0]);
	return err_exit(e, e->code == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN);
}

const struct verb verb_unshare = {
	.name = "unshare",
	.group = "Other",
	.arguments = "[COMMAND [ARG…]]",
	.help = "be root of a user's ids",
	.about = "Run a command, or a shell, in the user namespace that all containers of this user are in: there the user is root, and "
		 "files that containers have made belong to others who can be named. What is mounted there is seen there alone. "
		 "Without root only.",
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.options = OPTIONS(rows, struct unshare),
	.run = run,
};
