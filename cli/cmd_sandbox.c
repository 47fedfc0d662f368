// SPDX-License-Identifier: Apache-2.0
/* sandbox: a command in a throw-away view of this machine. What the others do that are kept: cmd_sandbox_kept.c. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/sandbox_store.h"

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
	OPT_GROUP("What it writes"),
	FLAG(read_only, "read-only", 0, "nothing is caught but by --copy: what it would write elsewhere is refused"),
	STRING(name, "name", 0, "NAME", "keep what is caught, and what was by this name before"),
	FLAG(keep, "keep", 0, "the same by a name that is told"),
	OPT_GROUP("Its process"),
	LIST(env, "env", 'e', "NAME[=VALUE]", "set a variable; without VALUE, ours, a secret too"),
	LIST(keep_env, "keep-env", 0, "PATTERN", "variables to be kept though they look like secrets; *: all"),
	STRING(workdir, "workdir", 'w', "DIR", "the folder that it starts in; default: the current one"),
	STRING(hostname, "hostname", 'h', "NAME", "default: this machine's"),
	OPT_GROUP("Network and limits"),
	FLAG(net, "net", 0, "a network: what it sends comes from this machine, which it does not reach itself (pasta)"),
	STRING(limits.memory, "memory", 'm', "BYTES", "memory; 6m or more"),
	STRING(limits.memory_swap, "memory-swap", 0, "BYTES", "memory and swap together; default: no swap"),
	STRING(limits.cpus, "cpus", 0, "NUMBER", "processors, 0.5 is half of one"),
	STRING(limits.pids_limit, "pids-limit", 0, "NUMBER", "processes"),
	STRING(time, "time", 0, "TIME", "it is killed then: 90s, 5m"),
};
/* clang-format on */

static int locate(const struct call *c, struct engine *ret, struct err *e)
{
	const struct paene_globals *globals = c->globals;

	return engine_locate(globals->root, globals->runroot, ret, e);
}

static int run_options(const struct call *c, const struct engine *g, const struct sandbox_options *o, struct err *e)
{
	int status = 0, r = sandbox_run(g, o, verb_warn, (void *)c, &status, e);

	return r < 0 ? r : status;
}

static int run(const struct call *c, struct err *e)
{
	struct sandbox_options o = *(const struct sandbox_options *)c->options;
	struct engine g;
	int r = locate(c, &g, e);

	o.command = c->args;
	return r < 0 ? r : run_options(c, &g, &o, e);
}

/* ---- enter ---- */

static int run_enter(const struct call *c, struct err *e)
{
	char *shell = getenv("SHELL"), *alone[] = { shell && *shell ? shell : (char *)"/bin/sh", NULL };
	auto_sandbox_record struct sandbox_record s = { 0 };
	struct engine g;
	int r = locate(c, &g, e);

	if (r >= 0)
		r = sandbox_load(&g, c->args[0], &s, e);
	if (r < 0)
		return r;
	char *const *command = c->args + 1 + (c->n_args > 1 && streq(c->args[1], "--"));
	const struct sandbox_options o = {
		.command = *command ? command : alone,
		.name = s.name, .ro = s.ro, .rw = s.rw, .hide = s.hide, .tmp = s.tmp, .copy = s.copy,
	};

	if (*s.folder && chdir(s.folder) < 0)
		return err_set(e, errno, "change into %s, where it was made", s.folder);
	return run_options(c, &g, &o, e);
}

static const struct verb verb_enter = {
	.name = "enter",
	.above = &verb_sandbox,
	.arguments = "NAME [COMMAND [ARG…]]",
	.help = "go on in one that was kept",
	.about = "Run a command, or a shell, in a sandbox that was kept, in the folder where it was made and with what was shown and hidden then.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.failure_status = STATUS_ENGINE,
	.options = NO_OPTIONS,
	.run = run_enter,
};

static const struct verb *const verbs[] = {
	&verb_sandbox_ls, &verb_sandbox_diff, &verb_sandbox_apply, &verb_enter, &verb_sandbox_drop,
};

const struct verb verb_sandbox = {
	.name = "sandbox",
	.group = "Containers",
	.arguments = "[--] COMMAND [ARG…]",
	.help = "run on a view of this host",
	.about = "Run a command that is not trusted, as who you are, in a throw-away view of this machine: nothing is "
		 "downloaded, and no rights are needed. It can write to the current folder; what it writes elsewhere is caught, and "
		 "dropped at its end. Your home is hidden, there is no network, no other process, and no variable that looks like a secret. "
		 "The exit status is the command's; 125, 126 and 127 as with `run`. A command with the name of a verb below needs the two dashes.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(rows, struct sandbox_options),
	.below = VERBS(verbs),
	.run = run,
};
