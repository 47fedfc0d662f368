// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/fd.h"
#include "base/proc.h"
#include "cli/oci.h"
#include "runtime/start.h"

struct kill_options {
	bool all;
};

static const struct option rows[] = {
	OPT_FLAG(struct kill_options, all, "all", 'a', "to every process in it; works after the first one has ended"),
};

static int run(const struct call *c, struct err *e)
{
	const struct kill_options *o = c->options;
	const char *name = c->n_args > 1 ? c->args[1] : "TERM";
	int signal = streq(name, "0") ? 0 : proc_signal_number(name);

	if (signal < 0)
		return err_say(e, EINVAL, "unknown signal \"%s\"", name);
	auto_fd int root = oci_open_root(c, e);

	return root < 0 ? root : container_kill(root, c->args[0], signal, o->all, e);
}

const struct verb oci_kill = {
	.name = "kill",
	.group = "Life of a container",
	.arguments = "ID [SIGNAL]",
	.help = "send a signal",
	.about = "Send a signal, by name or number, to a container's first process. Default: TERM.",
	.min_args = 1,
	.max_args = 2,
	.options = OPTIONS(rows, struct kill_options),
	.run = run,
};
