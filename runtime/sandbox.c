// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/timestamp.h"
#include "runtime/create.h"
#include "runtime/defaults.h"
#include "runtime/landlock.h"
#include "runtime/relay.h"
#include "runtime/sandbox_parts.h"
#include "runtime/sandbox_store.h"

#define RANDOM_NAME 8

/* ---- who it is ---- */

/* Root has all ids, as they are; who is not has their own alone, which is 0 until the view is built (devpts wants one). */
static int set_ids(struct sandbox *s, struct err *e)
{
	struct spec_linux *l = &s->spec.linux_;
	struct spec_id_map *maps = arena_array(&s->spec.arena, 2, sizeof(*maps));
	uint32_t uid = geteuid(), gid = getegid();

	if (!maps)
		return err_nomem(e);
	maps[0] = (struct spec_id_map){ .container_id = 0, .host_id = uid, .size = uid ? 1 : UINT32_MAX };
	maps[1] = (struct spec_id_map){ .container_id = 0, .host_id = uid ? gid : 0, .size = uid ? 1 : UINT32_MAX };
	l->uid_mappings = (struct spec_id_maps){ .v = &maps[0], .n = 1 };
	l->gid_mappings = (struct spec_id_maps){ .v = &maps[1], .n = 1 };
	s->spec.process.user = (struct spec_user){ .uid = uid, .gid = gid };
	return 0;
}

static void set_caps(struct sandbox *s)
{
	struct spec_caps *c = &s->spec.process.capabilities;
	const struct opt_u64 none = { true, 0 }, kept = { true, geteuid() ? 0 : profile_caps(&profiles[PROFILE_DEFAULT]) };

	*c = (struct spec_caps){
		.given = true, .bounding = kept, .effective = kept, .permitted = kept, .inheritable = none, .ambient = none,
	};
}

static int add_all(struct sandbox *s, const char *const *paths, struct strv *to, struct err *e)
{
	for (; *paths; paths++)
		if (strv_add(&s->spec.arena, to, *paths) < 0)
			return err_nomem(e);
	return 0;
}

static int set_command(struct sandbox *s, struct err *e)
{
	static const char *const init[] = { SANDBOX_INIT, "--", NULL };
	struct spec_process *p = &s->spec.process;
	int r = add_all(s, init, &p->args, e);

	return r < 0 ? r : add_all(s, (const char *const *)s->o->command, &p->args, e);
}

static int set_security(struct sandbox *s, struct err *e)
{
	static struct spec_pair second_wall = { (char *)LANDLOCK_ANNOTATION, (char *)"true" };
	static const enum spec_ns_kind own[] = { NS_USER, NS_MOUNT, NS_PID, NS_IPC, NS_UTS, NS_CGROUP, NS_NET };
	struct spec_linux *l = &s->spec.linux_;
	int r = add_all(s, default_masked_paths, &l->masked_paths, e);

	if (r >= 0)
		r = add_all(s, default_readonly_paths, &l->readonly_paths, e);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		l->namespaces[own[i]].wanted = true;
	s->spec.process.no_new_privileges = true;
	s->spec.root.readonly = true;
	s->spec.annotations = (struct spec_map){ .v = &second_wall, .n = 1 };
	set_caps(s);
	return r;
}

static int find_folders(struct sandbox *s, struct err *e)
{
	struct arena *a = &s->spec.arena;
	const char *home = getenv("HOME");
	char cwd[PATH_MAX], real[PATH_MAX];

	if (!getcwd(cwd, sizeof(cwd)))
		return err_set(e, errno, "find the current folder");
	s->cwd = arena_strdup(a, cwd);
	if (home && *home == '/' && realpath(home, real) && !streq(real, "/"))
		s->home = arena_strdup(a, real);
	s->spec.process.cwd = arena_strdup(a, s->o->workdir ? s->o->workdir : cwd);
	return s->cwd && s->spec.process.cwd ? 0 : err_nomem(e);
}

static int fill_spec(struct sandbox *s, struct err *e)
{
	static int (*const parts[])(struct sandbox *s, struct err *e) = {
		find_folders, set_ids, set_command, set_security, sandbox_environment, sandbox_view,
	};
	int r = 0;

	s->spec.process.given = true;
	s->spec.hostname = (char *)s->o->hostname;
	for (size_t i = 0; i < ARRAY_SIZE(parts) && r >= 0; i++)
		r = parts[i](s, e);
	return r;
}

/* ---- its run ---- */

/* Compiled filters of ours; whoever else could write there could open them. Return: a folder, or -1: they are compiled anew */
static int open_cache(const struct engine *g)
{
	char path[PATH_MAX];
	struct stat st;
	struct err ignored;

	snprintf(path, sizeof(path), "%s/seccomp", g->run_path);
	auto_fd int fd = path_mkdirs(path, 0700, &ignored);

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022))
		return -1;
	return fd_take(&fd);
}

/* What goes in and out: a terminal of its own, or our streams as they are; one that is a terminal is passed on, for it is ours. */
struct streams {
	struct relay_ends ends;
	bool terminal;
	int given[3];
};

static int take_streams(struct sandbox *s, struct streams *ret, struct err *e)
{
	struct winsize size;
	bool tty[3];

	for (int fd = 0; fd < 3; fd++)
		tty[fd] = isatty(fd);
	*ret = (struct streams){ .ends = { { -1, -1, -1 }, { -1, -1, -1 } }, .given = { 0, 1, 2 } };
	ret->terminal = s->spec.process.terminal = tty[0] && tty[1];
	if (ret->terminal && ioctl(0, TIOCGWINSZ, &size) == 0)
		s->spec.process.console_size = (struct spec_box){ .height = size.ws_row, .width = size.ws_col };
	if (ret->terminal || !(tty[0] || tty[1] || tty[2]))
		return 0;
	int r = relay_pipes(tty[0], &ret->ends, e);

	for (int fd = 0; fd < 3 && r >= 0; fd++) {
		if (tty[fd]) {
			ret->given[fd] = ret->ends.child[fd];
			continue;
		}
		fd_close(&ret->ends.child[fd]);
		fd_close(&ret->ends.ours[fd]);
	}
	return r;
}

static int64_t kill_at(const struct sandbox_options *o, struct err *e)
{
	int64_t ns;

	if (!o->time)
		return 0;
	if (str_to_duration(o->time, &ns) < 0 || ns == 0)
		return err_say(e, EINVAL, "--time %s: a time such as 90s or 5m, please", o->time);
	return clock_us() + ns / 1000;
}

static int wait_for(const struct created *c, struct streams *io, int64_t until, struct err *e)
{
	struct relay relay = {
		.pidfd = c->pidfd,
		.console = c->console,
		.pipes = { io->ends.ours[0], io->ends.ours[1], io->ends.ours[2] },
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.raw = io->terminal,
		.pass_signals = true,
		.kill_at_us = until,
	};
	int status = relay_run(&relay, e);

	memcpy(io->ends.ours, relay.pipes, sizeof(relay.pipes)); /* the input's end may be closed by now */
	return status;
}

static int start(struct sandbox *s, struct streams *io, struct created *ret, struct err *e)
{
	auto_fd int cache = open_cache(s->g);
	const struct rootfs_plan root = {
		.kind = ROOTFS_FOLDER, .path = "/", .layers_tree = -1, .container_tree = -1,
	};
	struct create_request q = {
		.spec = &s->spec,
		.plan = {
			.id = s->id, .rootfs = &root,
			.cgroup_manager = CGROUP_MANAGER_DISABLED,
			.seccomp = profiles[PROFILE_DEFAULT].seccomp, .seccomp_cache = cache,
			.hold_signals = true,
			.own_ids = geteuid() != 0,
			.die_with_parent = true,
			.stdio = { io->given[0], io->given[1], io->given[2] },
		},
		.root = -1,
		.run = true,
	};

	int r = sandbox_take_resources(s, &q, e);

	return r < 0 ? r : container_create(&q, ret, e);
}

/* Where what it catches is kept: @ret_dir holds the lock. */
static int take_store(struct sandbox *s, char path[PATH_MAX], int *ret_dir, struct err *e)
{
	const struct sandbox_options *o = s->o;
	char random[RANDOM_NAME + 1];
	const char *name = o->name;
	struct arena *a = &s->spec.arena;

	if (!name && !o->keep)
		return 0;
	if (!name && proc_random_hex(random, RANDOM_NAME) < 0)
		return err_say(e, EIO, "no random number for a name");
	if (!name) {
		char *note = arena_printf(a, "what it changes is kept as %s: see `paene sandbox diff %s`", random, random);

		if (!note || strv_push(a, &s->notes, note) < 0)
			return err_nomem(e);
		name = random;
	}
	int dir = sandbox_take(s->g, name, o, path, e);

	if (dir < 0)
		return dir;
	*ret_dir = dir;
	s->store = path;
	return 0;
}

int sandbox_run(const struct engine *g, const struct sandbox_options *o, void (*warn)(const char *text, void *arg), void *arg,
		int *ret_status, struct err *e)
{
	struct sandbox s = { .g = g, .o = o, .id = "sandbox", .recorded = { .run = -1, .states = -1 } };
	struct streams io = { .ends = { { -1, -1, -1 }, { -1, -1, -1 } } };
	auto_created struct created created = CREATED_NONE;
	char store[PATH_MAX];
	int64_t until = kill_at(o, e);
	auto_fd int dir = -1;
	int r = until < 0 ? (int)until : take_store(&s, store, &dir, e);

	if (r >= 0)
		r = fill_spec(&s, e);

	for (size_t i = 0; i < s.notes.n && r >= 0; i++)
		warn(s.notes.v[i], arg);
	relay_block_signals();
	if (r >= 0)
		r = take_streams(&s, &io, e);
	if (r >= 0)
		r = start(&s, &io, &created, e);
	for (int fd = 0; fd < 3; fd++)
		fd_close(&io.ends.child[fd]);
	if (r >= 0)
		r = wait_for(&created, &io, until, e);
	relay_close(&io.ends);
	sandbox_give_back(&s);
	spec_free(&s.spec);
	if (r < 0)
		return r;
	*ret_status = r;
	return 0;
}
