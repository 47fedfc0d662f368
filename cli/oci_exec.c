// SPDX-License-Identifier: Apache-2.0
/*
 * exec: a further process, described by a file (--process) or by the container's own configuration but for what the options
 * change; as the configuration was when the container was made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/seal.h"
#include "cli/oci.h"
#include "cli/take_fds.h"
#include "runtime/exec.h"
#include "runtime/relay.h"
#include "spec/names.h"

#define FAILURE_STATUS 255 /* what callers take for "exec itself has failed" */

struct exec_options {
	bool detach, tty, ignore_paused;
	enum switch_state no_new_privs;
	const char *process, *pid_file, *console_socket, *pidfd_socket, *cwd, *user, *apparmor, *process_label, *preserve_fds;
	struct strv env, additional_gids, caps, cgroups;
};

static const struct option rows[] = {
	OPT_GROUP("Which process"),
	OPT_STRING(struct exec_options, process, "process", 'p', "FILE", "its description, as in a config.json; no command then"),
	OPT_STRING(struct exec_options, cwd, "cwd", 0, "DIR", "the folder that it starts in"),
	OPT_LIST(struct exec_options, env, "env", 'e', "NAME=VALUE", "set a variable"),
	OPT_STRING(struct exec_options, user, "user", 'u', "USER[:GROUP]", "numbers, or names of the container"),
	OPT_LIST(struct exec_options, additional_gids, "additional-gids", 'g', "GID", "one more group"),
	OPT_LIST(struct exec_options, caps, "cap", 'c', "NAME", "one more capability"),
	OPT_SWITCH(struct exec_options, no_new_privs, "no-new-privs", 0, "it can gain no privileges by executing programs; =false: it can"),
	OPT_STRING(struct exec_options, apparmor, "apparmor", 0, "PROFILE", "its AppArmor profile"),
	OPT_STRING(struct exec_options, process_label, "process-label", 0, "LABEL", "its SELinux context"),
	OPT_LIST(struct exec_options, cgroups, "cgroup", 0, "[CONTROLLER:]PATH", "put it in this cgroup below the container's"),
	OPT_GROUP("How it is run"),
	OPT_FLAG(struct exec_options, detach, "detach", 'd', "do not wait for its end"),
	OPT_FLAG(struct exec_options, tty, "tty", 't', "give it a terminal"),
	OPT_STRING(struct exec_options, console_socket, "console-socket", 0, "SOCKET",
		   "send the terminal to who listens on this socket"),
	OPT_STRING(struct exec_options, pid_file, "pid-file", 0, "FILE", "write its pid there, once it runs"),
	OPT_STRING(struct exec_options, pidfd_socket, "pidfd-socket", 0, "SOCKET", "send its pidfd to who listens on this socket"),
	OPT_STRING(struct exec_options, preserve_fds, "preserve-fds", 0, "N", "hand on N descriptors, from 3 on"),
	OPT_FLAG(struct exec_options, ignore_paused, "ignore-paused", 0,
		 "in a paused container wait until it is resumed, do not fail"),
};

/* A file, or a pipe that a shell has made of a command (`-p <(…)`). */
static int read_process(const char *path, struct spec *s, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	auto_free char *text = NULL;
	struct spec_process p = { 0 };
	size_t len;

	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	int r = file_read_fd(fd, path, SPEC_MAX_BYTES, &text, &len, e);

	if (r >= 0)
		r = spec_decode_process(text, len, &s->arena, &p, e);
	if (r < 0)
		return err_wrap(e, "--process %s", path);
	exec_inherit(&p, &s->process);
	s->process = p;
	return 0;
}

static int set_env(const struct exec_options *o, struct spec *s, struct err *e)
{
	for (size_t i = 0; i < o->env.n; i++) {
		const char *word = o->env.v[i], *sign = strchr(word, '=');

		if (!sign || sign == word)
			return err_say(e, EINVAL, "--env \"%s\": it is NAME=VALUE", word);
		if (strv_set_env(&s->arena, &s->process.env, word) < 0)
			return err_nomem(e);
	}
	return 0;
}

/* UID[:GID] keeps the groups of the configuration; a name brings its own, from the container's files. */
static int set_user(const struct exec_options *o, struct spec *s, struct err *e)
{
	struct spec_user *u = &s->process.user;
	uint32_t id;

	if (!o->user)
		return 0;
	size_t n = strcspn(o->user, ":");
	char *uid = arena_strndup(&s->arena, o->user, n);

	if (!uid)
		return err_nomem(e);
	if (str_to_id(uid, &id) < 0 || (o->user[n] && str_to_id(o->user + n + 1, &u->gid) < 0))
		u->username = (char *)o->user;
	else
		u->uid = id;
	return 0;
}

static int add_groups(const struct exec_options *o, struct spec *s, struct err *e)
{
	struct spec_u32_list *l = &s->process.user.additional_gids;
	uint32_t *all = o->additional_gids.n ? arena_array(&s->arena, l->n + o->additional_gids.n, sizeof(*all)) : l->v;

	if (!all && o->additional_gids.n)
		return err_nomem(e);
	if (all != l->v && l->n)
		memcpy(all, l->v, l->n * sizeof(*all));
	l->v = all;
	for (size_t i = 0; i < o->additional_gids.n; i++)
		if (str_to_id(o->additional_gids.v[i], &l->v[l->n++]) < 0)
			return err_say(e, EINVAL, "--additional-gids %s: it is a number from 0 to 4294967294",
				       o->additional_gids.v[i]);
	return 0;
}

/* The kernel takes into the ambient set only what is inheritable; where the configuration has nothing there, so has this. */
static int add_caps(const struct exec_options *o, struct spec *s, struct err *e)
{
	struct spec_caps *c = &s->process.capabilities;
	struct opt_u64 *const sets[] = { &c->bounding, &c->effective, &c->permitted, &c->ambient };

	for (size_t i = 0; i < o->caps.n; i++) {
		int number = spec_cap_number(o->caps.v[i]);

		if (number < 0)
			return err_say(e, EINVAL, "--cap %s: there is no such capability", o->caps.v[i]);
		c->given = true;
		for (size_t k = 0; k < ARRAY_SIZE(sets) - !c->inheritable.set; k++)
			*sets[k] = (struct opt_u64){ true, sets[k]->v | BIT64(number) };
	}
	return 0;
}

static int describe(const struct exec_options *o, char *const *command, struct spec *s, struct err *e)
{
	struct spec_process *p = &s->process;
	int r = set_env(o, s, e);

	if (r >= 0)
		r = set_user(o, s, e);
	if (r >= 0)
		r = add_groups(o, s, e);
	if (r >= 0)
		r = add_caps(o, s, e);
	p->args = (struct strv){ 0 };
	for (; *command && r >= 0; command++)
		r = strv_add(&s->arena, &p->args, *command) < 0 ? err_nomem(e) : 0;
	p->terminal = o->tty;
	if (o->no_new_privs != SWITCH_NOT_GIVEN)
		p->no_new_privileges = o->no_new_privs == SWITCH_ON;
	if (o->cwd)
		p->cwd = (char *)o->cwd;
	if (o->apparmor)
		p->apparmor_profile = (char *)o->apparmor;
	if (o->process_label)
		p->selinux_label = (char *)o->process_label;
	return r;
}

/* Version 2 has one hierarchy: "CONTROLLER:" in front of the path says nothing there, and two paths are one too many. */
static int choose_cgroup(const struct exec_options *o, const char **ret, struct err *e)
{
	for (size_t i = 0; i < o->cgroups.n; i++) {
		const char *colon = strchr(o->cgroups.v[i], ':'), *path = colon ? colon + 1 : o->cgroups.v[i];

		if (colon == o->cgroups.v[i])
			return err_say(e, EINVAL, "--cgroup %s: there is no controller before the colon", o->cgroups.v[i]);
		if (*ret && !streq(*ret, path))
			return err_say(e, EINVAL, "--cgroup %s: cgroup version 2 has one for all controllers", o->cgroups.v[i]);
		*ret = path;
	}
	return 0;
}

static int check_terminal(const struct exec_options *o, const struct spec_process *p, struct err *e)
{
	if (p->terminal && o->detach && !o->console_socket)
		return err_say(e, EINVAL, "detached, with a terminal: who shows the terminal? give --console-socket");
	if (o->console_socket && !(o->detach && p->terminal))
		return err_say(e, EINVAL, "--console-socket goes with --detach and a terminal");
	return 0;
}

static int execute(const struct call *c, const struct state *state, const struct spec *s, int cache, unsigned preserve_fds,
		   struct err *e)
{
	const struct exec_options *o = c->options;
	auto_exec_result struct exec_result result = { .pidfd = -1, .console = -1 };
	auto_seccomp_plan struct seccomp_plan filter = { 0 };
	struct debug debug;
	struct exec_request q = {
		.state = state,
		.spec = s,
		.process = &s->process,
		.seccomp = &filter,
		.stdio = { 0, 1, 2 },
		.console_socket = o->console_socket,
		.pidfd_socket = o->pidfd_socket,
		.pid_file = o->pid_file,
		.debug = oci_debug(c, &debug),
		.preserve_fds = preserve_fds,
		.ignore_paused = o->ignore_paused,
	};
	q.plain_lines = s->process.terminal && !isatty(STDOUT_FILENO);
	int r = choose_cgroup(o, &q.cgroup, e);

	if (r >= 0)
		r = check_terminal(o, &s->process, e);
	if (r >= 0 && s->linux_.seccomp.given)
		r = seccomp_from_spec(&s->linux_.seccomp, cache, &filter, e);
	if (r < 0)
		return r;
	if (!o->detach)
		relay_block_signals();
	r = container_exec(&q, &result, e);
	return r < 0 || o->detach ? r : oci_wait(result.pidfd, result.console, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct exec_options *o = c->options;
	auto_state struct state state = { 0 };
	auto_spec struct spec s = { 0 };
	auto_fd int root = -1, dir = -1, cache = -1;
	unsigned preserve_fds;
	int r = take_fds(o->preserve_fds, 0, &preserve_fds, e);

	if (r >= 0)
		r = root = oci_open_root(c, e);
	if (r >= 0)
		r = dir = state_open(root, c->args[0], e);
	if (r >= 0)
		r = state_read(dir, &state, e);
	if (r >= 0 && !state.private_userns.v) /* root in there is root out here, and may write to this program */
		r = proc_seal(c->argv, e);
	if (r >= 0)
		r = state_config(dir, &s, e);
	if (r >= 0 && state.private_userns.v && oci_maps_us(&s))
		r = proc_seal(c->argv, e);
	if (r < 0)
		return r;
	if (s.linux_.seccomp.given)
		cache = oci_open_cache(root);
	if (!o->process && c->n_args < 2)
		return err_say(e, EINVAL, "exec args cannot be empty: give a command, or --process");
	r = o->process ? read_process(o->process, &s, e) : describe(o, c->args + 1, &s, e);
	return r < 0 ? r : execute(c, &state, &s, cache, preserve_fds, e);
}

const struct verb oci_exec = {
	.name = "exec",
	.group = "Life of a container",
	.arguments = "ID [COMMAND [ARG…]]",
	.help = "run one more process in it",
	.about = "Run a further process in a container, with the environment, user and confinement of its own one. Without "
		 "--detach the exit status is the process's. 255 says that exec itself has failed. A CONTROLLER before the path "
		 "of --cgroup means nothing: cgroup version 2 has one path for all.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.failure_status = FAILURE_STATUS,
	.options = OPTIONS(rows, struct exec_options),
	.run = run,
};
