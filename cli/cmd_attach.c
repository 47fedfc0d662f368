// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "cli/verbs.h"
#include "runtime/launch.h"

struct attach {
	bool no_stdin, latest;
	uint32_t sig_proxy; /* enum switch_state */
	const char *keys;
};

static const struct option rows[] = {
	LATEST_ROW(struct attach, latest),
	OPT_FLAG(struct attach, no_stdin, "no-stdin", 0, "standard input does not go to it"),
	LOOK_ROWS(struct attach, keys, sig_proxy),
};

static int run(const struct call *c, struct err *e)
{
	const struct attach *o = c->options;
	struct look_options view = {
		.input = !o->no_stdin,
		.terminal = !o->no_stdin && isatty(STDIN_FILENO),
		.keep_signals = o->sig_proxy == SWITCH_OFF,
	};
	auto_engine struct engine g;
	char id[CONTAINER_ID_MAX];
	int status = 0, r = verb_engine(c, &g, e);

	if (r >= 0)
		r = verb_detach_keys(o->keys, &view.keys, e);
	if (r >= 0)
		r = verb_named(c, &g, o->latest, id, NULL, e);
	if (r >= 0)
		r = engine_attach(&g, id, &view, &status, e);
	return r < 0 ? r : status;
}

const struct verb verb_attach = {
	.name = "attach",
	.group = "Containers",
	.arguments = "[CONTAINER]",
	.help = "look at it, and type to it",
	.about = "Connect our standard streams to a container that runs in the background, or on another terminal: what it writes from "
		 "now on is shown, and what is typed goes to it, where it was made with --interactive. Several may be attached at "
		 "once. The exit status is its own; after the keys that leave it running 0.",
	.max_args = 1,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(rows, struct attach),
	.run = run,
};
