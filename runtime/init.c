// SPDX-License-Identifier: Apache-2.0
/*
 * The first process of a container.
 *
 * It has: every new namespace but the cgroup one, the cgroup itself, a copy of the parent's memory and fds (the plan with its
 * detached trees), all capabilities in its user namespace, and, until process_become_root(), the host's ids on files.
 * It must: do the phases below in their order, and tell the parent the first failure.
 * It must not: print, touch a path of the container other than through the root's fd before it has entered it, run
 * anything of the container before the credentials are final, or keep an fd of the host past the exec.
 */
#include "runtime/init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/seal.h"
#include "base/sock.h"
#include "base/sys.h"
#include "namespaces/devices.h"
#include "namespaces/idmap.h"
#include "namespaces/masks.h"
#include "namespaces/ns.h"
#include "runtime/console.h"
#include "runtime/hooks.h"
#include "runtime/ksm.h"
#include "runtime/landlock.h"
#include "runtime/label.h"
#include "runtime/listener.h"
#include "runtime/message.h"
#include "runtime/placement.h"
#include "runtime/process.h"
#include "spec/names.h"

#define EXIT_SETUP_FAILED 1

static int wait_go(struct init *in, struct err *e)
{
	int pid = message_expect(in->sock, MSG_GO, e);

	if (pid < 0)
		return pid;
	in->state->init.pid = pid;
	/* others in a shared pid namespace must not look into us while we have the host's fds (CVE-2016-9962) */
	if (!in->plan->own_pidns && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "hide this process's memory");
	return 0;
}

static int join_namespaces(struct init *in, struct err *e)
{
	int fds[NS_COUNT];

	/* what a process between us and the parent has joined is not here any more, and the pid namespace needs no more */
	memcpy(fds, in->plan->joins, sizeof(fds));
	fds[NS_PID] = -1;
	int r = ns_join(fds, e);

	if (r < 0)
		return r;
	return in->plan->own_netns ? ns_loopback_up(e) : 0;
}

static int new_keyring(struct init *in, struct err *e)
{
	if (in->plan->opt.no_new_keyring)
		return 0;
	return process_keyring(in->plan->opt.id, in->plan->spec->process.selinux_label, e);
}

static int attach_trees(struct init *in, struct err *e)
{
	return rootfs_attach_trees(&in->plan->rootfs, e);
}

static int become_root(struct init *in, struct err *e)
{
	int r = in->plan->userns ? process_become_root(e) : 0;

	if (r >= 0 && in->plan->late_flags && unshare((int)in->plan->late_flags) < 0)
		return err_set(e, errno, "make namespaces");
	return r;
}

static int mount_root(struct init *in, struct err *e)
{
	in->root = rootfs_mount(&in->plan->rootfs, e);
	return in->root < 0 ? in->root : 0;
}

/* A tree of the container's own mounts, of a file system that is the host's: only the parent may map its ids. */
static int have_idmapped(const struct mount_op *op, int tree, void *arg, struct err *e)
{
	const struct init *in = arg;
	int r = message_send(in->sock, MSG_IDMAP, (int)(op - in->plan->mounts.v), tree, e);

	return r < 0 ? r : message_expect(in->sock, MSG_IDMAPPED, e);
}

/*
 * The tmpfs on /dev gets its nodes before anybody can reach it. Without id maps it is made here and not by the parent: mounts
 * are listed in the order in which they were made, which is to be that of the configuration.
 */
static int mount_all(struct init *in, struct err *e)
{
	struct plan *p = in->plan;
	size_t n = p->dev_later ? (size_t)p->dev_index : p->mounts.n;
	struct mount_list first = { .v = p->mounts.v, .n = n }, rest = { .v = p->mounts.v + n, .n = p->mounts.n - n };

	p->mount_context.idmap = have_idmapped;
	p->mount_context.idmap_arg = in;
	int r = mount_list_run(&first, &in->root, &p->mount_context, e);

	if (r < 0 || !p->dev_later)
		return r;
	r = plan_make_dev(p, e);
	return r < 0 ? r : mount_list_run(&rest, &in->root, &p->mount_context, e);
}

/* Where the parent has made /dev, its nodes are in it. A bind over /dev is the user's own: nothing is added to it. */
static int make_devices(struct init *in, struct err *e)
{
	const struct plan *p = in->plan;

	if (p->dev_made)
		return devices_make_elsewhere(in->root, &p->devices, p->userns, e);
	for (size_t i = 0; i < p->mounts.n; i++)
		if (streq(p->mounts.v[i].target, "/dev") && p->mounts.v[i].how == MOUNT_BIND)
			return 0;
	return devices_make_in(in->root, &p->devices, p->userns, p->dev_index >= 0, e);
}

static int find_user(struct init *in, struct err *e)
{
	in->process = in->plan->spec->process;
	if (in->plan->opt.resolve_user)
		return process_resolve_user(&in->process, in->root, &in->plan->arena, e);
	return process_environment(&in->process, in->root, &in->plan->arena, e);
}

static int set_sysctls(struct init *in, struct err *e)
{
	const struct spec_map *m = &in->plan->spec->linux_.sysctl;

	return m->n ? sysctl_apply(m, e) : 0;
}

static int run_hooks_here(struct init *in, enum spec_hook_kind kind, enum status status, char *const *env, struct err *e)
{
	auto_free char *document = NULL;

	if (in->plan->spec->hooks[kind].n == 0)
		return 0;
	in->state->status = status;
	int r = state_document(in->state, &document, e);

	return r < 0 ? r : hooks_run(in->plan->spec, kind, document, -1, env, e);
}

static int wait_hooks(struct init *in, struct err *e)
{
	int r = in->plan->parent_works ? message_send(in->sock, MSG_MOUNTS_DONE, 0, -1, e) : 0;

	if (r >= 0)
		r = message_expect(in->sock, MSG_GO_ON, e);
	return r < 0 ? r : run_hooks_here(in, HOOK_CREATE_CONTAINER, STATUS_CREATING, NULL, e);
}

/* The terminal is bound on /dev/console by its fd, so that no link of the image can lead the bind astray. */
static int bind_console(int root, int peer, struct err *e)
{
	auto_fd int target = path_mkfile_in(root, "/dev/console", 0600, e);

	if (target < 0)
		return target;
	auto_fd int tree = open_tree(peer, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (tree < 0)
		return err_set(e, errno, "clone the terminal");
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_set(e, errno, "bind the terminal on /dev/console");
	return 0;
}

static int make_console(struct init *in, struct err *e)
{
	const struct spec_process *p = &in->process;

	if (!p->terminal)
		return 0;
	auto_fd int ptmx = path_open_in(in->root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, e);

	if (ptmx < 0)
		return err_hint(e, "process.terminal needs a devpts mounted on /dev/pts");
	int r = console_open(ptmx, &p->console_size, in->plan->opt.own_ids ? 0 : p->user.uid, &in->terminal, e);

	if (r < 0)
		return r;
	r = bind_console(in->root, in->terminal, e);
	return r < 0 ? r : message_send(in->sock, MSG_CONSOLE, 0, ptmx, e);
}

static int give_mounts(struct init *in, struct err *e)
{
	return mount_list_chown(&in->plan->mounts, in->process.user.uid, in->process.user.gid, e);
}

static int seal_mounts(struct init *in, struct err *e)
{
	return mount_list_seal(&in->plan->mounts, e);
}

static int mask_paths(struct init *in, struct err *e)
{
	const struct spec_linux *l = &in->plan->spec->linux_;

	return masks_apply(in->root, in->plan->null_fd, &l->masked_paths, &l->readonly_paths, e);
}

/* The last moment before the container's own /proc is all that can be seen. */
static int set_label(struct init *in, struct err *e)
{
	return label_set(&in->plan->spec->process, e);
}

static int seal_program(struct init *in, struct err *e)
{
	int file = in->plan->opt.seal;

	return file > 0 ? proc_seal_inside(file, e) : 0;
}

static int enter_root(struct init *in, struct err *e)
{
	int r = rootfs_enter(&in->plan->rootfs, in->root, in->plan->opt.no_pivot, e);

	fd_close(&in->root);
	return r;
}

static int set_names(struct init *in, struct err *e)
{
	const struct spec *s = in->plan->spec;

	if (s->hostname && sethostname(s->hostname, strlen(s->hostname)) < 0)
		return err_set(e, errno, "set the host name %s", s->hostname);
	if (s->domainname && setdomainname(s->domainname, strlen(s->domainname)) < 0)
		return err_set(e, errno, "set the domain name %s", s->domainname);
	if (s->linux_.personality.given && personality(s->linux_.personality.domain) < 0)
		return err_set(e, errno, "set the personality");
	return 0;
}

static int place_stdio(struct init *in, struct err *e)
{
	int r = in->terminal < 0 ? process_stdio(in->plan->opt.stdio, in->plan->null_fd, e) : 0;

	return r < 0 ? r : process_session(in->terminal, e);
}

static int install_filter(struct init *in, struct err *e)
{
	auto_fd int listener = -1;

	if (in->filtered)
		return 0;
	in->filtered = true;
	int r = seccomp_install(&in->plan->seccomp, &listener, e);

	if (r >= 0 && listener >= 0)
		r = listener_tell(in->sock, &in->plan->spec->linux_.seccomp, listener, e);
	return r;
}

/* The parent is the one to pass a listener on, and it will be gone when `start` comes. */
static int install_listener(struct init *in, struct err *e)
{
	return in->plan->seccomp.notify ? install_filter(in, e) : 0;
}

static int become_process(struct init *in, struct err *e)
{
	const struct spec_process *p = &in->process;
	int r = process_cwd(p->cwd, true, e);

	if (r >= 0)
		r = placement_memory(&in->plan->spec->linux_.memory_policy, e);
	if (r >= 0)
		r = ksm_enter(&in->plan->spec->annotations, e);
	if (r >= 0 && in->plan->opt.own_ids)
		r = idmap_nest(p->user.uid, p->user.gid, e);
	if (r >= 0)
		r = process_no_new_privs(p, e);
	if (r >= 0)
		r = landlock_enter(in->plan->spec, e);
	if (r >= 0 && in->plan->early_filter)
		r = install_filter(in, e);
	if (r >= 0)
		r = process_credentials(p, e);
	if (r >= 0 && in->plan->opt.die_with_parent) /* a change of credentials takes it back; a parent that has gone reads no message */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail with a signal's number */
	return r < 0 ? r : process_find(p, in->command, e);
}

/* Close [from, to]; an empty range is fine. */
static int close_between(unsigned from, unsigned to, struct err *e)
{
	if (from <= to && close_range(from, to, 0) < 0)
		return err_set(e, errno, "close the other fds");
	return 0;
}

/*
 * Nothing of the host may stay open while init waits for its start: what is kept is the process's own fds, the socket to the
 * parent and the one that `start` comes on.
 */
static int close_rest(struct init *in, struct err *e)
{
	unsigned first = 3 + in->plan->opt.preserve_fds;
	unsigned sock = (unsigned)in->sock, start = in->start >= 0 ? (unsigned)in->start : sock;
	int r = close_between(first, MIN(sock, start) - 1, e);

	if (r >= 0 && sock != start)
		r = close_between(MIN(sock, start) + 1, MAX(sock, start) - 1, e);
	if (r >= 0)
		r = close_between(MAX(sock, start) + 1, ~0U, e);
	if (r >= 0)
		r = process_keep_fds(in->plan->opt.preserve_fds, e);
	return r < 0 ? r : process_limit_files(&in->process, e);
}

static void end_by(int signal)
{
	_exit(128 + signal);
}

/* Whoever is to end before its start, ends: the first process of a pid namespace is deaf to signals without a handler. */
static void obey_signals(void)
{
	static const int ending[] = { SIGHUP, SIGINT, SIGTERM };

	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		(void)signal(ending[i], end_by); /* cannot fail for these; the exec takes it back */
}

/* The mask outlives the exec, and what comes meanwhile waits. */
static void hold_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
}

static int say_ready(struct init *in, struct err *e)
{
	if (in->plan->opt.hold_signals)
		hold_signals();
	if (in->start >= 0) {
		in->debug = false; /* nobody listens any more to who waits for `start` */
		obey_signals();	   /* whoever hears that it is ready may send one */
	}
	return message_write(in->sock, MSG_READY, 0, e);
}

/* `start` connects; from here on it is the one to be told of a failure. */
static int wait_start(struct init *in, struct err *e)
{
	if (in->start >= 0) {
		int peer = accept4(in->start, NULL, NULL, SOCK_CLOEXEC);

		if (peer < 0)
			return err_set(e, errno, "wait for start");
		fd_close(&in->start);
		fd_close(&in->sock);
		in->sock = peer;
		int r = message_expect(in->sock, MSG_GO, e);

		if (r < 0)
			return r;
	}
	if (in->plan->spec->hooks[HOOK_START_CONTAINER].n == 0)
		return 0;
	int r = in->plan->seccomp.n ? install_filter(in, e) : 0;

	if (r < 0)
		return r;
	/* it is a program of the container: what its process finds in the environment, it does, as with runc, and may do no more */
	return run_hooks_here(in, HOOK_START_CONTAINER, STATUS_CREATED, in->process.env.v, e);
}

static int execute(struct init *in, struct err *e)
{
	int r = in->plan->seccomp.n ? install_filter(in, e) : 0;

	return r < 0 ? r : process_exec(&in->process, in->command, e);
}

static const struct {
	const char *doing; /* for who asks what is being done */
	const char *name;  /* in front of the error; "": the error says enough */
	int (*run)(struct init *in, struct err *e);
} phases[] = {
	{ "child process in init()", "wait for the parent", wait_go },
	{ "init: join namespaces", "namespaces", join_namespaces },
	{ "init: make a session keyring", "keyring", new_keyring },
	{ "init: attach the layers of the root", "root", attach_trees },
	{ "init: become root of the user namespace", "user namespace", become_root },
	{ "init: mount the root", "root", mount_root },
	{ "init: mount all else", "", mount_all },
	{ "init: make devices", "devices", make_devices },
	{ "init: look up the user", "user", find_user },
	{ "init: give mounts to the user", "", give_mounts },
	{ "init: set sysctls", "sysctl", set_sysctls },
	{ "init: wait for hooks and device rules", "", wait_hooks },
	{ "init: make the terminal", "terminal", make_console },
	{ "init: seal mounts", "", seal_mounts },
	{ "init: mask paths", "", mask_paths },
	{ "init: set labels", "", set_label },
	{ "init: seal this program", "seal", seal_program },
	{ "init: enter the root", "root", enter_root },
	{ "init: set names and personality", "names", set_names },
	{ "init: place the standard streams", "standard streams", place_stdio },
	/* before any filter: one older than close_range(2) would deny it */
	{ "init: close all other descriptors", "fds", close_rest },
	{ "init: take on credentials, find the command", "", become_process },
	{ "init: tell the seccomp agent", "seccomp", install_listener },
	{ "init: closing the pipe to signal completion", "", say_ready },
	{ "init: run startContainer hooks", "", wait_start },
	{ "init: execute the command", "", execute },
};

_Noreturn void init_run(struct init *in)
{
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
		if (in->debug)
			message_debug(in->sock, phases[i].doing);
		if (phases[i].run(in, &e) >= 0)
			continue;
		if (*phases[i].name)
			(void)err_wrap(&e, "%s", phases[i].name);
		message_fail(in->sock, &e);
		break;
	}
	_exit(EXIT_SETUP_FAILED);
}
