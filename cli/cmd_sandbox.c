// SPDX-License-Identifier: Apache-2.0
/* sandbox: a command in a throw-away view of this machine. */
#include "cli/verbs.h"
#include "runtime/sandbox.h"

/* clang-format off */
#define FLAG(member, name, letter, help)	  OPT_FLAG(struct sandbox_options, member, name, letter, help)
#define STRING(member, name, letter, value, help) OPT_STRING(struct sandbox_options, member, name, letter, value, help)
#define LIST(member, name, letter, value, help)	  OPT_LIST(struct sandbox_options, member, name, letter, value, help)

static const struct option rows[] = {
	OPT_GROUP("What it sees"),
	FLAG(copy, "copy", 0, "catch what it writes in the current folder, too"),
	LIST(ro, "ro", 0, "PATH[:TARGET]", "show a file or a folder of a hidden one, or elsewhere; read-only"),
	LIST(rw, "rw", 0, "PATH[:TARGET]", "the same, and what it writes there is written"),
	LIST(hide, "hide", 0, "PATH", "an empty folder or file in its place"),
	LIST(tmp, "tmp", 0, "PATH", "an empty folder in its place that can be written"),
	OPT_GROUP("Its process"),
	LIST(env, "env", 'e', "NAME[=VALUE]", "set a variable; without VALUE, ours, a secret too"),
	LIST(keep_env, "keep-env", 0, "PATTERN", "variables to be kept though they look like secrets; *: all"),
	STRING(workdir, "workdir", 'w', "DIR", "the folder that it starts in; default: the current one"),
	STRING(hostname, "hostname", 'h', "NAME", "default: this machine's"),
	STRING(time, "time", 0, "TIME", "it is killed then: 90s, 5m"),
};
/* clang-format on */

static int run(const struct call *c, struct err *e)
{
	const struct paene_globals *globals = c->globals;
	struct sandbox_options o = *(const struct sandbox_options *)c->options;
	struct engine g;
	int status = 0, r = engine_locate(globals->root, globals->runroot, &g, e);

	o.command = c->args;
	if (r >= 0)
		r = sandbox_run(&g, &o, verb_warn, (void *)c, &status, e);
	return r < 0 ? r : status;
}

const struct verb verb_sandbox = {
	.name = "sandbox",
	.group = "Containers",
	.arguments = "[--] COMMAND [ARG…]",
	.help = "run a command in a view of this machine",
	.about = "Run a command that is not trusted, as who you are, in a throw-away view of this machine: nothing is "
		 "downloaded, and no rights are needed. It can write to the current folder; what it writes elsewhere is caught, and "
		 "dropped at its end. Your home is hidden, there is no network, no other process, and no variable that looks like a secret. "
		 "The exit status is the command's; 125, 126 and 127 as with `run`.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(rows, struct sandbox_options),
	.run = run,
};
