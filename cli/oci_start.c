// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"
#include "cli/oci.h"
#include "runtime/start.h"

static int run(const struct call *c, struct err *e)
{
	auto_fd int root = oci_open_root(c, e);

	return root < 0 ? root : container_start(root, c->args[0], e);
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
