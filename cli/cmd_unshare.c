// SPDX-License-Identifier: Apache-2.0
/* unshare: a command as root of the user's own namespace, where files of containers can be looked at. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/verbs.h"

#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND  127

static int run(const struct call *c, struct err *e)
{
	char *shell = getenv("SHELL"), *alone[] = { shell && *shell ? shell : (char *)"/bin/sh", NULL };
	char *const *argv = c->n_args ? c->args : alone;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	if (!g.rootless)
		return err_say(e, EINVAL, "it is for users: root is root here already");
	execvp(argv[0], argv);
	err_set(e, errno, "execute %s", argv[0]);
	return err_exit(e, e->code == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN);
}

const struct verb verb_unshare = {
	.name = "unshare",
	.group = "Other",
	.arguments = "[COMMAND [ARG…]]",
	.help = "run a command with a user's further ids",
	.about = "Run a command, or a shell, in the user namespace that all containers of this user are in: there the user is root, and "
		 "files that containers have made belong to others who can be named. What is mounted there is seen there alone. "
		 "Without root only.",
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.run = run,
};
