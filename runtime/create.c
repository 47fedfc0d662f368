// SPDX-License-Identifier: Apache-2.0
/*
 * Making a container, the parent's side. What init does at the same time stands in init.c; their talk in message.h.
 *
 * Everything is written down before it is taken (state.json has the cgroup's path; the id's folder is locked until we are
 * done), so that a kill at any instant leaves nothing that container_remove_all() would not find.
 */
#include "runtime/create.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/pty.h"
#include "base/sock.h"
#include "base/sys.h"
#include "base/timestamp.h"
#include "cgroups/cgroups.h"
#include "namespaces/idmap.h"
#include "namespaces/net_devices.h"
#include "namespaces/ns.h"
#include "runtime/birth.h"
#include "runtime/cgroup.h"
#include "runtime/console.h"
#include "runtime/debug.h"
#include "runtime/destroy.h"
#include "runtime/hooks.h"
#include "runtime/init.h"
#include "runtime/listener.h"
#include "runtime/message.h"
#include "runtime/notify.h"
#include "runtime/placement.h"
#include "runtime/process.h"
#include "runtime/rdt.h"

struct creation {
	const struct create_request *q;
	struct plan plan;
	struct state state;
	int dir;     /* state folder, holds the lock */
	int start;   /* listening socket, -1 */
	int cgroup;  /* -1 */
	int sock;    /* to init */
	int netns;   /* init's, for who wires it; -1: nobody does */
	int bundle;  /* folder fd, where hooks start */
	pid_t pid;
	int pidfd;
	int console;
	int notify;
	int next_mount; /* those before it have been mapped, or will not be */
	bool reserved;
};

static int out_of_order(int type, struct err *e)
{
	return err_say(e, EPROTO, "a message out of order: %d", type);
}

int container_reserve(const struct create_request *q, struct plan *p, struct state *ret, int *ret_dir, struct err *e)
{
	const struct plan_options *o = &q->plan;
	char created[TIMESTAMP_MAX];
	int r = str_check_name(o->id, "container id", e);

	if (r < 0)
		return r;
	ret->oci_version = (char *)SPEC_VERSION;
	ret->id = (char *)o->id;
	ret->bundle = (char *)o->bundle;
	ret->rootfs = (char *)p->rootfs.path;
	ret->created = arena_strdup(&p->arena, timestamp_now(created));
	if (!ret->created)
		return err_nomem(e);
	ret->annotations = q->spec->annotations;
	ret->cgroup_path = (char *)p->cgroup_path;
	ret->cgroup_manager = o->cgroup_manager;
	ret->cgroup_unit = (char *)p->cgroup_unit.name;
	ret->cgroup_delegated = (struct opt_bool){ o->cgroup_delegate, o->cgroup_delegate };
	ret->cgroup_unit_user = (struct opt_bool){ p->cgroup_unit.user, p->cgroup_unit.user };
	ret->private_userns = (struct opt_bool){ true, p->userns };
	ret->shared_pidns = (struct opt_bool){ true, !p->own_pidns };
	ret->later_hooks = (struct opt_bool){
		true, q->spec->hooks[HOOK_POSTSTART].n || q->spec->hooks[HOOK_POSTSTOP].n
	};
	ret->root_mount.set = p->rootfs.where == ROOTFS_IN_CALLERS;
	r = ret->root_mount.set ? plan_open_root(p, e) : 0;
	if (r >= 0 && ret->root_mount.set)
		r = rootfs_mount_id(&p->rootfs, &ret->root_mount.v, e);
	if (r >= 0)
		r = rdt_plan(&q->spec->linux_.intel_rdt, o->id, ret, e);
	if (r < 0)
		return r;
	r = state_reserve(q->root, ret, q->config, ret_dir, e);
	if (r == -EEXIST && container_clear_crashed(q->root, o->id))
		r = state_reserve(q->root, ret, q->config, ret_dir, e);
	return r;
}

static int reserve(struct creation *c, struct err *e)
{
	if (c->q->root < 0)
		return 0;
	int r = container_reserve(c->q, &c->plan, &c->state, &c->dir, e);

	c->reserved = r >= 0;
	return r;
}

static int listen_for_start(struct creation *c, struct err *e)
{
	if (c->q->run)
		return 0;
	c->start = sock_listen(c->dir, STATE_START, SOCK_SEQPACKET, e);
	return c->start < 0 ? c->start : 0;
}

static int listen_for_ready(struct creation *c, struct err *e)
{
	if (!c->q->notify)
		return 0;
	int r = notify_make(c->dir, e);

	if (r >= 0 && c->q->run) /* otherwise `start` will do it */
		r = c->notify = notify_listen(c->dir, e);
	return r;
}

static int set_cgroup_defaults(struct creation *c, struct err *e)
{
	for (size_t i = 0; c->q->cgroup_defaults && c->q->cgroup_defaults[i][0]; i++) {
		const char *file = c->q->cgroup_defaults[i][0];
		int r = cgroup_set_default(c->cgroup, file, c->q->cgroup_defaults[i][1], e);

		if (r < 0)
			return r;
		if (r > 0 && c->q->missing_defaults &&
		    strv_add(c->q->missing_arena, c->q->missing_defaults, file) < 0)
			return err_nomem(e);
	}
	return 0;
}

static int settle_cgroup(struct creation *c, struct err *e)
{
	int r = set_cgroup_defaults(c, e);

	return r < 0 ? r : container_cgroup_settle(&c->plan, c->cgroup, e);
}

/* Where nobody has asked for one, who may make no cgroup has a container without, as with runc. */
static bool can_be_without(const struct creation *c, int r)
{
	const struct spec_linux *l = &c->q->spec->linux_;

	return (r == -EACCES || r == -EPERM) && !l->cgroups_path && !l->resources.given && !c->q->plan.cgroup_path;
}

static int make_cgroup(struct creation *c, struct err *e)
{
	int r = container_cgroup_make(&c->plan, &c->cgroup, e);

	debug_say(c->q->debug, "cgroup: %s", c->plan.cgroup_path ? c->plan.cgroup_path : "none");
	if (r < 0)
		return can_be_without(c, r) ? 0 : r;
	return c->cgroup >= 0 ? settle_cgroup(c, e) : 0;
}

/* systemd's can be made now only, and init waits for it: its cgroup namespace, too, begins where it is then. */
static int enter_cgroup(struct creation *c, struct err *e)
{
	if (!c->plan.cgroup_unit.name)
		return 0;
	int r = container_cgroup_enter(&c->plan, c->pid, &c->cgroup, e);

	return r < 0 ? r : settle_cgroup(c, e);
}

static int make_rdt_group(struct creation *c, struct err *e)
{
	return rdt_make(&c->q->spec->linux_.intel_rdt, &c->state, e);
}

static int open_all(struct creation *c, struct err *e)
{
	return plan_open(&c->plan, e);
}

struct child {
	struct creation *c;
	int sock;
};

static void child(void *arg)
{
	const struct child *x = arg;
	struct creation *c = x->c;

	/* the lock on the state folder is the parent's alone */
	fd_close(&c->dir);
	fd_close(&c->sock);
	struct init in = {
		.plan = &c->plan,
		.state = &c->state,
		.sock = x->sock,
		.start = c->start,
		.debug = c->q->debug != NULL,
		.root = -1,
		.terminal = -1,
	};

	init_run(&in);
}

static int make_init(struct creation *c, struct err *e)
{
	struct proc_id id;
	auto_fd int child_sock = -1;
	int r = sock_pair(&c->sock, &child_sock, e);

	struct child x = { .c = c, .sock = child_sock };

	if (r >= 0)
		r = birth(&c->plan, c->cgroup, child, &x, &c->pid, &c->pidfd, e);
	if (r >= 0)
		r = proc_identify(c->pid, &id, e);
	if (r < 0)
		return r;
	fd_close(&c->start); /* init's alone from here on */
	c->state.init = id;
	debug_say(c->q->debug, "init is process %d", c->pid);
	return c->reserved ? state_set_init(c->dir, &c->state, c->q->note, c->q->note_len, e) : 0;
}

static int move_net_devices(struct creation *c, struct err *e)
{
	const struct spec_net_devices *d = &c->q->spec->linux_.net_devices;
	int joined = c->plan.joins[NS_NET];

	if (d->n == 0)
		return 0;
	auto_fd int own = joined < 0 ? ns_open_pid(NS_NET, c->pid, e) : -1;

	return joined < 0 && own < 0 ? own : net_devices_move(d, joined < 0 ? own : joined, e);
}

/* What needs init's user namespace to exist, and what init may no longer do in it. */
static int prepare_init(struct creation *c, struct err *e)
{
	struct err ignored;
	int r = 0;

	if (c->plan.userns) {
		bool joined = c->plan.joins[NS_USER] >= 0;

		r = c->plan.uids.n && !joined ? idmap_write(c->pid, &c->plan.uids, &c->plan.gids, e) : 0;
		auto_fd int userns = r < 0 ? -1 : ns_open_pid(NS_USER, c->pid, e);

		if (r >= 0 && userns < 0)
			r = userns;
		if (r >= 0)
			r = rootfs_idmap(&c->plan.rootfs, userns, e);
		if (r >= 0)
			r = mount_list_idmap(&c->plan.mounts, userns, e);
	}
	if (r >= 0)
		r = process_limits(c->pid, &c->q->spec->process, true, e);
	if (r >= 0 && placement_cpus(c->pid, NULL, &ignored) < 0)
		r = 0; /* where the caller may run is good enough */
	if (r >= 0)
		r = rdt_enter(&c->state, c->pid, e);
	if (r >= 0)
		r = move_net_devices(c, e);
	if (r >= 0 && c->q->wire) /* in a pid namespace of others init hides itself from here on: see wait_go() */
		r = c->netns = ns_open_pid(NS_NET, c->pid, e);
	return r < 0 ? r : message_send(c->sock, MSG_GO, c->pid, -1, e);
}

/* The kernel takes its time for these rules, so it does while init builds the root. */
static int set_device_rules(struct creation *c, struct err *e)
{
	return c->cgroup >= 0 ? container_cgroup_devices(&c->plan, c->cgroup, e) : 0;
}

static int run_hooks(struct creation *c, enum spec_hook_kind kind, enum status status, struct err *e)
{
	auto_free char *document = NULL;

	if (c->q->spec->hooks[kind].n == 0)
		return 0;
	c->state.status = status;
	int r = state_document(&c->state, &document, e);

	return r < 0 ? r : hooks_run(c->q->spec, kind, document, c->bundle, NULL, e);
}

/*
 * Trees that init has cloned, and that only we may map: for which mounts, and with whose ids, our own plan says, each once
 * and in its order. What the tree is, is init's word: whoever could send us another would own files of the host's. It is our
 * own program, though, before anything of the container has run; its memory and its socket are out of reach for all inside
 * (wait_go()).
 */
static int map_mount(struct creation *c, int index, int tree, struct err *e)
{
	const struct mount_list *l = &c->plan.mounts;

	if (index < c->next_mount || (size_t)index >= l->n || tree < 0 ||
	    !mount_op_asks(&l->v[index], &c->plan.mount_context))
		return err_say(e, EPROTO, "mounts[%d]: nobody has asked for its ids to be mapped", index);
	c->next_mount = index + 1;
	auto_fd int userns = ns_open_pid(NS_USER, c->pid, e);
	int r = userns < 0 ? userns : mount_source_idmap(&l->v[index], tree, userns, e);

	return r < 0 ? r : message_send(c->sock, MSG_IDMAPPED, 0, -1, e);
}

static int wait_mounts(struct creation *c, struct err *e)
{
	for (;;) {
		auto_fd int tree = -1;
		int index, r = message_next(c->sock, c->q->debug, &index, &tree, e);

		if (r == MSG_MOUNTS_DONE)
			return 0;
		if (r >= 0)
			r = r == MSG_IDMAP ? map_mount(c, index, tree, e) : out_of_order(r, e);
		if (r < 0)
			return r;
	}
}

/* To a prestart hook, which config.md places after `start`, the container is there. */
static int work_at_mounts(struct creation *c, struct err *e)
{
	int r = c->q->wire ? c->q->wire(c->pid, c->netns, c->q->wire_arg, e) : 0;

	if (r >= 0)
		r = wait_mounts(c, e);
	if (r >= 0)
		r = container_cgroup_step_down(&c->plan, c->cgroup, c->pid, e);
	if (r >= 0)
		r = run_hooks(c, HOOK_PRESTART, STATUS_CREATED, e);
	return r < 0 ? r : run_hooks(c, HOOK_CREATE_RUNTIME, STATUS_CREATING, e);
}

/* An init that has given up meanwhile is no error here: what it said last is still to be read. */
static int let_go_on(struct creation *c, struct err *e)
{
	int r = c->plan.parent_works ? work_at_mounts(c, e) : 0;

	if (r < 0)
		return r;
	r = message_send(c->sock, MSG_GO_ON, 0, -1, e);
	return r == -EPIPE ? 0 : r;
}

static int take_console(struct creation *c, int *fd, struct err *e)
{
	if (c->q->console_socket)
		return console_send(c->q->console_socket, *fd, e);
	if (c->q->plain_lines)
		pty_plain_lines(*fd);
	c->console = fd_take(fd);
	return 0;
}

static int wait_ready(struct creation *c, struct err *e)
{
	for (;;) {
		auto_fd int fd = -1;
		int value, r = message_next(c->sock, c->q->debug, &value, &fd, e);

		if (r == MSG_CONSOLE)
			r = take_console(c, &fd, e);
		else if (r == MSG_NOTIFY)
			r = listener_pass(c->sock, c->pidfd, value, fd, &c->q->spec->linux_.seccomp, &c->state, c->pid, e);
		else if (r == MSG_READY)
			return 0;
		else if (r >= 0)
			r = out_of_order(r, e);
		if (r < 0)
			return r;
	}
}

static int send_pidfd(struct creation *c, struct err *e)
{
	return c->q->pidfd_socket ? sock_hand(c->q->pidfd_socket, "standard", c->pidfd, e) : 0;
}

static int write_pid_file(struct creation *c, struct err *e)
{
	return c->q->pid_file ? process_pid_file(c->q->pid_file, c->pid, e) : 0;
}

/* `run`: the exec itself decides; the socket closes by it. */
static int wait_exec(struct creation *c, struct err *e)
{
	if (!c->q->run)
		return 0;
	int r = message_next(c->sock, c->q->debug, NULL, NULL, e);

	if (r == -EPIPE)
		return 0;
	return r < 0 ? r : out_of_order(r, e);
}

static int poststart(struct creation *c, struct err *e)
{
	return c->q->run ? run_hooks(c, HOOK_POSTSTART, STATUS_RUNNING, e) : 0;
}

static const struct {
	const char *doing; /* for who asks what is being done */
	const char *name;  /* in front of the error; "": the error says enough */
	int (*run)(struct creation *c, struct err *e);
} steps[] = {
	{ "reserve the container's id", "", reserve },
	{ "listen for start", "", listen_for_start },
	{ "listen for readiness", "", listen_for_ready },
	{ "make the cgroup", "cgroup", make_cgroup },
	{ "make the group of resctrl", "", make_rdt_group },
	{ "open what is joined, bound and mounted", "", open_all },
	{ "nsexec container setup", "", make_init },
	{ "enter the cgroup that systemd makes", "cgroup", enter_cgroup },
	{ "write id maps and limits", "", prepare_init },
	{ "set device rules", "cgroup", set_device_rules },
	{ "run hooks", "", let_go_on },
	{ "wait for init to be ready", "", wait_ready },
	{ "send the pidfd", "pidfd socket", send_pidfd },
	{ "write the pid file", "pid file", write_pid_file },
	{ "wait for the command to be executed", "", wait_exec },
	{ "run poststart hooks", "", poststart },
};

static void undo(struct creation *c)
{
	struct err ignored;

	fd_close(&c->sock); /* init sees the end of file, if it is waiting */
	if (c->pidfd >= 0) {
		(void)pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
		(void)proc_wait(c->pidfd, &ignored);
	}
	if (c->cgroup < 0) /* it was not made, and one that is there is another container's */
		c->state.cgroup_path = c->state.cgroup_unit = NULL;
	if (c->reserved)
		(void)container_remove_all(c->q->root, c->dir, &c->state, &ignored);
}

int container_create(const struct create_request *q, struct created *ret, struct err *e)
{
	struct creation c = {
		.q = q, .dir = -1, .start = -1, .cgroup = -1, .sock = -1, .bundle = -1, .pidfd = -1, .console = -1,
		.notify = -1, .netns = -1,
	};
	int r = plan_make(q->spec, &q->plan, &c.plan, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c.plan.seccomp.n; i++)
		debug_say(q->debug, "seccomp filter flags: %u", c.plan.seccomp.filters[i].flags);
	c.plan.parent_works |= q->wire != NULL;
	if (q->plan.bundle)
		c.bundle = path_open_dir(q->plan.bundle, 0, e);
	if (q->plan.bundle && c.bundle < 0)
		r = c.bundle;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++) {
		debug_say(q->debug, "%s", steps[i].doing);
		r = steps[i].run(&c, e);
		if (r < 0 && *steps[i].name)
			(void)err_wrap(e, "%s", steps[i].name);
	}
	if (r < 0) {
		undo(&c);
		fd_close(&c.pidfd);
		fd_close(&c.console);
		fd_close(&c.notify);
	} else {
		*ret = (struct created){
			.pid = c.pid, .pidfd = c.pidfd, .console = c.console, .cgroup = fd_take(&c.cgroup), .notify = c.notify,
		};
	}
	int *const fds[] = { &c.dir, &c.start, &c.cgroup, &c.sock, &c.bundle, &c.netns };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(fds[i]);
	plan_free(&c.plan);
	return r < 0 ? r : 0;
}

void created_close(struct created *c)
{
	fd_close(&c->pidfd);
	fd_close(&c->console);
	fd_close(&c->cgroup);
	fd_close(&c->notify);
}
