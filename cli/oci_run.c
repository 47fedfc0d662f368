// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/oci.h"
#include "cli/oci_bundle.h"
#include "cli/output.h"
#include "runtime/destroy.h"
#include "runtime/notify.h"
#include "runtime/relay.h"

struct oci_run_options {
	struct bundle_options bundle;
	bool detach, keep, no_subreaper;
};

static const struct option rows[] = {
	BUNDLE_ROWS(struct oci_run_options),
	OPT_FLAG(struct oci_run_options, detach, "detach", 'd', "do not wait for its end"),
	OPT_FLAG(struct oci_run_options, keep, "keep", 0, "do not delete it at its end"),
	OPT_FLAG(struct oci_run_options, no_subreaper, "no-subreaper", 0, NULL), /* we are none */
};

/* Detached, we stay until it is ready; otherwise we are the service's main process as long as it runs. */
static int pass_ready(const struct created *created, bool detached, struct err *e)
{
	const char *host = getenv("NOTIFY_SOCKET");

	if (created->notify < 0)
		return 0;
	return detached ? notify_wait(created->notify, host, created->pidfd, created->pid, e)
			: notify_wait_aside(created->notify, host, created->pidfd, getpid(), e);
}

static int run(const struct call *c, struct err *e)
{
	const struct oci_run_options *o = c->options;
	auto_bundle struct bundle b = BUNDLE_NONE;
	auto_created struct created created = CREATED_NONE;
	int r = bundle_open(c, &o->bundle, c->args[0], &b, e);

	if (r < 0)
		return r;
	if (b.spec.process.terminal && o->detach && !o->bundle.console_socket)
		return err_say(e, EINVAL, "process.terminal: who shows the terminal? give --console-socket");
	b.request.run = true;
	b.request.plain_lines = b.spec.process.terminal && !isatty(STDOUT_FILENO);
	if (!o->detach)
		relay_block_signals();
	r = container_create(&b.request, &created, e);
	if (r >= 0)
		r = pass_ready(&created, o->detach, e);
	if (r < 0 || o->detach)
		return r;
	int status = oci_wait(created.pidfd, created.console, e);

	if (status < 0 || o->keep)
		return status;
	r = container_delete(b.root, c->args[0], true, e);
	if (r == 1)
		output_warning(c, e->text);
	return r < 0 ? r : status;
}

const struct verb oci_run = {
	.name = "run",
	.group = "Life of a container",
	.arguments = "ID",
	.help = "create, start, wait",
	.about = "Make a container of a bundle, start it, wait for its end, delete it. The exit status is its own.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct oci_run_options),
	.run = run,
};
