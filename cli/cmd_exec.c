// SPDX-License-Identifier: Apache-2.0
/* exec: the process of the container's own configuration, but for what the options change. */
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/output.h"
#include "cli/take_fds.h"
#include "cli/verbs.h"
#include "runtime/defaults.h"
#include "runtime/engine_exec.h"
#include "runtime/env.h"
#include "runtime/exec.h"
#include "runtime/relay.h"
#include "runtime/secrets.h"

struct exec {
	bool interactive, tty, detach, privileged, latest;
	const char *user, *workdir, *keys, *preserve_fds;
	struct strv env, env_files;
};

static const struct option rows[] = {
	OPT_STRING(struct exec, keys, "detach-keys", 0, "KEYS", "typed on a terminal they leave it running; default: " DETACH_KEYS_DEFAULT),
	OPT_FLAG(struct exec, detach, "detach", 'd', "in the background"),
	OPT_FLAG(struct exec, interactive, "interactive", 'i', "connect standard input"),
	OPT_FLAG(struct exec, tty, "tty", 't', "give it a terminal"),
	OPT_LIST(struct exec, env, "env", 'e', "NAME[=VALUE]", "set a variable; without VALUE, ours"),
	OPT_LIST(struct exec, env_files, "env-file", 0, "FILE", "set those of a file, one in a line"),
	OPT_STRING(struct exec, user, "user", 'u', "USER[:GROUP]", "names of the container, or numbers"),
	OPT_STRING(struct exec, workdir, "workdir", 'w', "DIR", "the folder that it starts in"),
	OPT_STRING(struct exec, preserve_fds, "preserve-fds", 0, "NUMBER", "so many descriptors of ours, from 3 on, are its own, too"),
	LATEST_ROW(struct exec, latest),
	OPT_FLAG(struct exec, privileged, "privileged", 0, "with every capability and no filter of system calls"),
};

static int describe(const struct exec *o, char *const *command, bool private_userns, struct spec *s, struct err *e)
{
	struct spec_process *p = &s->process;
	int r = o->tty ? env_set(&s->arena, &p->env, "TERM=xterm", e) : 0;

	if (o->workdir && *o->workdir != '/')
		return err_say(e, EINVAL, "--workdir %s: it must be absolute", o->workdir);
	if (r >= 0)
		r = env_add(&s->arena, &p->env, &o->env_files, &o->env, e);
	if (r < 0)
		return r;
	p->args = (struct strv){ 0 };
	for (; *command; command++)
		if (strv_add(&s->arena, &p->args, *command) < 0)
			return err_nomem(e);
	p->terminal = o->tty;
	if (o->workdir)
		p->cwd = (char *)o->workdir;
	if (o->user)
		p->user.username = (char *)o->user;
	if (o->privileged) {
		const struct opt_u64 all = { true, default_all_caps(private_userns) };

		p->capabilities.bounding = p->capabilities.effective = p->capabilities.permitted = all;
		p->no_new_privileges = false;
	}
	return 0;
}

/* Its terminal has gone, it has not: somebody must read what it writes. */
static void leave(const struct relay *left)
{
	struct relay rest = { .pidfd = left->pidfd, .console = left->console, .pipes = { -1, -1, -1 }, .in = -1, .out = -1,
			      .err = -1 };
	struct err ignored;

	if (fork() != 0) /* where it fails, it ends by SIGHUP */
		return;
	(void)setsid();
	for (int fd = 0; fd < 3; fd++)
		(void)close(fd);
	(void)relay_run(&rest, &ignored);
	_exit(0);
}

static int stand_by(const struct exec *o, struct detach_keys *keys, const struct exec_result *x, struct relay_ends *ends,
		    bool *ret_left, struct err *e)
{
	struct relay relay = {
		.pidfd = x->pidfd,
		.console = x->console,
		.pipes = { ends->ours[0], ends->ours[1], ends->ours[2] },
		.in = o->interactive ? STDIN_FILENO : -1,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.raw = o->interactive && o->tty && isatty(STDIN_FILENO),
		.pass_signals = true,
		.keys = keys,
	};

	for (int i = 0; i < 3; i++)
		fd_close(&ends->child[i]);
	relay_block_signals();
	int status = relay_run(&relay, e);

	memcpy(ends->ours, relay.pipes, sizeof(relay.pipes)); /* the input's end may be closed by now */
	*ret_left = relay.detached;
	if (relay.detached)
		leave(&relay);
	return status;
}

static void tell_end(const struct engine *g, const struct settings *settings, int status)
{
	struct event v = event_of(settings, EVENT_EXEC_DIED);

	if (status >= 0)
		v.exit_code = (struct opt_u32){ true, (uint32_t)status };
	journal_tell(g, &v);
}

static int execute(const struct engine *g, const char *id, const struct exec *o, unsigned preserve_fds,
		   const struct settings *settings, const struct spec *s, struct err *e)
{
	auto_seccomp_plan struct seccomp_plan filter = { 0 };
	auto_relay struct relay_ends ends = { { -1, -1, -1 }, { -1, -1, -1 } };
	auto_exec_result struct exec_result result = { .pidfd = -1, .console = -1 };
	auto_state struct state state = { 0 };
	struct detach_keys keys;
	bool left = false;
	int r = verb_detach_keys(o->keys, &keys, e);
	if (r >= 0 && !o->privileged)
		r = engine_exec_filter(g, settings, s, &filter, e);
	if (r >= 0 && !o->tty && !o->detach)
		r = relay_pipes(o->interactive, &ends, e);
	if (r >= 0)
		r = state_load(g->states, id, &state, e);
	if (r < 0)
		return r;
	const struct exec_request q = {
		.state = &state,
		.spec = s,
		.process = &s->process,
		.seccomp = &filter,
		.preserve_fds = preserve_fds,
		.stdio = { ends.child[0], ends.child[1], ends.child[2] },
	};

	r = container_exec(&q, &result, e);
	if (r < 0)
		return r;
	journal_container(g, settings, EVENT_EXEC);
	if (o->detach)
		return r;
	r = stand_by(o, &keys, &result, &ends, &left, e);
	if (!left) /* else nobody knows */
		tell_end(g, settings, r);
	return r;
}

static int find_and_execute(const struct call *c, unsigned preserve_fds, struct err *e)
{
	const struct exec *o = c->options;
	auto_engine struct engine g;
	auto_settings struct settings settings = { 0 };
	auto_spec struct spec s = { 0 };
	auto_fd int dir = -1;
	char id[CONTAINER_ID_MAX];
	char *const *command = NULL;
	int r = verb_engine(c, &g, e);

	if (r >= 0 && c->n_args < (o->latest ? 1 : 2))
		r = err_say(e, EINVAL, "name a command that is to run in there");
	if (r >= 0)
		r = verb_named(c, &g, o->latest, id, &command, e);
	if (r >= 0)
		r = verb_running(&g, id, e);
	if (r >= 0)
		r = dir = record_open(&g, id, e);
	if (r >= 0)
		r = record_settings(dir, &settings, e);
	if (r >= 0)
		r = engine_exec_seal(&g, &settings, c->argv, e);
	if (r >= 0)
		r = record_spec(dir, &s, e);
	if (r >= 0)
		r = secrets_add_env(&g, &settings, &s, e);
	if (r >= 0)
		r = describe(o, command, settings.private_userns, &s, e);
	return r < 0 ? r : execute(&g, id, o, preserve_fds, &settings, &s, e);
}

static int run(const struct call *c, struct err *e)
{
	unsigned preserve_fds;
	int r = take_fds(((const struct exec *)c->options)->preserve_fds, 0, &preserve_fds, e);

	return r < 0 ? r : find_and_execute(c, preserve_fds, e);
}

const struct verb verb_exec = {
	.name = "exec",
	.group = "Containers",
	.arguments = "[CONTAINER] COMMAND [ARG…]",
	.help = "run one more command in it",
	.about = "Run a further command in a running container, as the user and with the limits of its own one. The exit "
		 "status is the command's; 126 and 127 say that it could not be executed or was not found, 125 that the "
		 "engine failed.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(rows, struct exec),
	.run = run,
};
