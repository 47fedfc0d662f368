// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/fd.h"
#include "cli/oci.h"
#include "cli/output.h"
#include "runtime/destroy.h"

struct delete_options {
	bool force;
};

static const struct option rows[] = {
	OPT_FLAG(struct delete_options, force, "force", 'f', "kill it first; one that does not exist is fine"),
};

static int run(const struct call *c, struct err *e)
{
	const struct delete_options *o = c->options;
	auto_fd int root = oci_open_root(c, e);
	int r = root < 0 ? root : container_delete(root, c->args[0], o->force, e);

	if (r == 1) /* it is gone; a hook that came after has failed */
		output_warning(c, e->text);
	return r == 1 || (r == -ENOENT && o->force) ? 0 : r;
}

const struct verb oci_delete = {
	.name = "delete",
	.group = "Life of a container",
	.arguments = "ID",
	.help = "remove what is left of it",
	.about = "Remove a container that has ended, with all that it took.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct delete_options),
	.run = run,
};
