// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/fd.h"
#include "cli/oci.h"
#include "cli/oci_criu.h"
#include "cli/output.h"
#include "runtime/checkpoint.h"

struct checkpoint_options {
	struct criu_choices criu;
	const char *parent_path, *page_server, *status_fd;
	bool pre_dump;
};

static const struct option rows[] = {
	CRIU_ROWS(struct checkpoint_options),
	OPT_FLAG(struct checkpoint_options, criu.leave_running, "leave-running", 0, "let it go on afterwards"),
	OPT_FLAG(struct checkpoint_options, criu.tcp_skip_in_flight, "tcp-skip-in-flight", 0,
		 "pass over TCP connections that are being made"),
	OPT_FLAG(struct checkpoint_options, criu.link_remap, "link-remap", 0, "link deleted files that are open again"),
	OPT_FLAG(struct checkpoint_options, pre_dump, "pre-dump", 0, "memory only, and let it go on: see --parent-path"),
	OPT_STRING(struct checkpoint_options, parent_path, "parent-path", 0, "DIR",
		   "only what has changed since this one; relative to --image-path"),
	OPT_STRING(struct checkpoint_options, page_server, "page-server", 0, "ADDRESS:PORT", "send the memory there"),
	OPT_STRING(struct checkpoint_options, status_fd, "status-fd", 0, "N",
		   "write a zero byte to this descriptor when lazy pages can be had"),
};

static int run(const struct call *c, struct err *e)
{
	const struct checkpoint_options *o = c->options;
	uint64_t status_fd = 0;

	if (o->status_fd && str_to_u64(o->status_fd, INT32_MAX, &status_fd) < 0)
		return err_say(e, EINVAL, "--status-fd %s: it is the number of a descriptor", o->status_fd);
	auto_fd int root = oci_open_root(c, e);

	if (root < 0)
		return root;
	const struct checkpoint_request q = {
		.root = root,
		.id = c->args[0],
		.choices = &o->criu,
		.parent_path = o->parent_path,
		.page_server = o->page_server,
		.status_fd = o->status_fd ? (int)status_fd : -1,
		.pre_dump = o->pre_dump,
	};
	int r = container_checkpoint(&q, e);

	if (r == 1) /* the checkpoint is there; a hook that came after has failed */
		output_warning(c, e->text);
	return r == 1 ? 0 : r;
}

const struct verb oci_checkpoint = {
	.name = "checkpoint",
	.group = "Checkpoints",
	.arguments = "ID",
	.help = "save it to files",
	.about = "Write a running container to files with criu, and delete it: `restore` lets it go on, here or elsewhere.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct checkpoint_options),
	.run = run,
};
