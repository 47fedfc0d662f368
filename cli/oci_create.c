// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "cli/oci.h"
#include "cli/oci_bundle.h"

struct create_options {
	struct bundle_options bundle;
};

static const struct option rows[] = {
	BUNDLE_ROWS(struct create_options),
};

static int run(const struct call *c, struct err *e)
{
	const struct create_options *o = c->options;
	auto_bundle struct bundle b = BUNDLE_NONE;
	auto_created struct created created = CREATED_NONE;
	int r = bundle_open(c, &o->bundle, c->args[0], &b, e);

	if (r < 0)
		return r;
	if (b.spec.process.terminal && !o->bundle.console_socket)
		return err_say(e, EINVAL, "process.terminal: who shows the terminal? give --console-socket");
	return container_create(&b.request, &created, e);
}

const struct verb oci_create = {
	.name = "create",
	.group = "Life of a container",
	.arguments = "ID",
	.help = "make a container",
	.about = "Make a container of a bundle: its process waits for `start`.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct create_options),
	.run = run,
};
