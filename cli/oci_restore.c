// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/oci.h"
#include "cli/oci_bundle.h"
#include "cli/oci_criu.h"
#include "cli/output.h"
#include "runtime/destroy.h"
#include "runtime/relay.h"
#include "runtime/restore.h"

struct restore_options {
	struct bundle_options bundle;
	struct criu_choices criu;
	const char *parent_path;
	bool detach, no_subreaper;
};

static const struct option rows[] = {
	BUNDLE_ROWS(struct restore_options),
	CRIU_ROWS(struct restore_options),
	OPT_STRING(struct restore_options, criu.lsm_profile, "lsm-profile", 0, "TYPE:NAME",
		   "instead of the configuration's label, e.g. selinux:LABEL"),
	OPT_STRING(struct restore_options, criu.lsm_mount_context, "lsm-mount-context", 0, "CONTEXT",
		   "instead of the label that mounts had"),
	OPT_FLAG(struct restore_options, detach, "detach", 'd', "do not wait for its end"),
	OPT_STRING(struct restore_options, parent_path, "parent-path", 0, "DIR", NULL), /* the checkpoint knows it */
	OPT_FLAG(struct restore_options, no_subreaper, "no-subreaper", 0, NULL),	    /* we are none */
};

/* Its own streams are the caller's already; only a terminal needs somebody between. */
static int wait_for(const struct created *created, struct err *e)
{
	struct relay relay = {
		.pidfd = created->pidfd,
		.console = created->console,
		.pipes = { -1, -1, -1 },
		.in = created->console >= 0 ? STDIN_FILENO : -1,
		.out = created->console >= 0 ? STDOUT_FILENO : -1,
		.err = -1,
		.raw = isatty(STDIN_FILENO),
		.pass_signals = true,
	};

	return relay_run(&relay, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct restore_options *o = c->options;
	auto_bundle struct bundle b = BUNDLE_NONE;
	auto_created struct created created = CREATED_NONE;
	int r = bundle_open(c, &o->bundle, c->args[0], &b, e);

	if (r < 0)
		return r;
	if (b.spec.process.terminal && o->detach && !o->bundle.console_socket)
		return err_say(e, EINVAL, "process.terminal: who shows the terminal? give --console-socket");
	if (!o->detach)
		relay_block_signals();
	r = container_restore(&b.request, &o->criu, &created, e);
	if (r < 0 || o->detach)
		return r;
	int status = wait_for(&created, e);

	if (status < 0)
		return status;
	r = container_delete(b.root, c->args[0], true, e);
	if (r == 1)
		output_warning(c, e->text);
	return r < 0 ? r : status;
}

const struct verb oci_restore = {
	.name = "restore",
	.group = "Checkpoints",
	.arguments = "ID",
	.help = "let it go on from files",
	.about = "Make a container of a bundle and a checkpoint with criu: its processes go on where they were. What they may do "
		 "is what the bundle's config.json says; a checkpoint that has more is refused.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct restore_options),
	.run = run,
};
