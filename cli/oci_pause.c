// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"
#include "cli/oci.h"
#include "runtime/start.h"

static int change(const struct call *c, bool pause, struct err *e)
{
	auto_fd int root = oci_open_root(c, e);

	return root < 0 ? root : container_pause(root, c->args[0], pause, e);
}

static int run_pause(const struct call *c, struct err *e)
{
	return change(c, true, e);
}

static int run_resume(const struct call *c, struct err *e)
{
	return change(c, false, e);
}

const struct verb oci_pause = {
	.name = "pause",
	.group = "Life of a container",
	.arguments = "ID",
	.help = "freeze its processes",
	.about = "Freeze every process of a container.",
	.min_args = 1,
	.max_args = 1,
	.run = run_pause,
};

const struct verb oci_resume = {
	.name = "resume",
	.group = "Life of a container",
	.arguments = "ID",
	.help = "thaw them",
	.about = "Thaw the processes of a paused container.",
	.min_args = 1,
	.max_args = 1,
	.run = run_resume,
};
