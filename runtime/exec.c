// SPDX-License-Identifier: Apache-2.0
/*
 * A further process in a running container: the parent's side. What the process itself does stands in exec_child.c.
 *
 * The pid namespace counts for children only, so the caller joins it for the moment of the clone; the child is born in the
 * container's cgroup and joins the other namespaces by the pidfd of init.
 */
#include "runtime/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/pty.h"
#include "base/sock.h"
#include "base/sys.h"
#include "cgroups/cgroups.h"
#include "cgroups/find.h"
#include "namespaces/ns.h"
#include "runtime/cgroup.h"
#include "runtime/console.h"
#include "runtime/exec_child.h"
#include "runtime/label.h"
#include "runtime/listener.h"
#include "runtime/message.h"
#include "runtime/placement.h"
#include "runtime/process.h"
#include "runtime/rdt.h"

#define PROC_CGROUP_MAX (1 << 16)

struct execution {
	const struct exec_request *q;
	struct exec_child child;
	int cgroup; /* -1: none */
	bool attach; /* systemd is to move it there: we may not */
	bool stays;  /* children of ours would be in the container's pid namespace, for good */
	int asker;   /* socket to who asks systemd for us; -1: we can do it ourselves */
	int sock, child_sock;
	pid_t pid;
	int pidfd, console;
};

void exec_inherit(struct spec_process *p, const struct spec_process *own)
{
	if (!p->capabilities.given)
		p->capabilities = own->capabilities;
	if (!p->rlimits.n)
		p->rlimits = own->rlimits;
	if (!p->apparmor_profile)
		p->apparmor_profile = own->apparmor_profile;
	if (!p->selinux_label)
		p->selinux_label = own->selinux_label;
	if (!p->user.umask.set)
		p->user.umask = own->user.umask;
	if (!p->oom_score_adj.set)
		p->oom_score_adj = own->oom_score_adj;
	if (!p->scheduler.given)
		p->scheduler = own->scheduler;
	if (!p->io_priority.given)
		p->io_priority = own->io_priority;
	if (!p->exec_cpu_affinity.initial && !p->exec_cpu_affinity.final)
		p->exec_cpu_affinity = own->exec_cpu_affinity;
}

static int not_running(const struct state *s, struct err *e)
{
	return err_say(e, ESRCH, "container not running: %s is stopped", s->id);
}

/* Where the mount namespace is not the container's own, its root is not the container's: that is init's. */
static int open_root(struct execution *x, struct err *e)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/root", x->q->state->init.pid);
	x->child.root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (x->child.root < 0)
		return err_set(e, errno, "open %s", path);
	return proc_ended(x->child.init) ? not_running(x->q->state, e) : 0;
}

static int check_running(struct execution *x, struct err *e)
{
	const struct state *s = x->q->state;

	if (s->status == STATUS_STOPPED)
		return not_running(s, e);
	if (s->status == STATUS_CREATING)
		return err_say(e, EAGAIN, "container %s is not made yet", s->id);
	if (s->status == STATUS_PAUSED && !x->q->ignore_paused)
		return err_say(e, EBUSY, "cannot exec in a paused container: resume %s first", s->id);
	x->child.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (x->child.null_fd < 0)
		return err_set(e, errno, "open /dev/null");
	x->child.init = proc_open(&s->init, e);
	if (x->child.init < 0)
		return x->child.init == -ESRCH ? not_running(s, e) : x->child.init;
	int r = ns_differences(s->init.pid, &x->child.join, e);

	if (r < 0)
		return proc_ended(x->child.init) ? not_running(s, e) : r;
	return s->root_mount.set ? open_root(x, e) : 0;
}

/* What this kernel cannot do is said before anything is made. */
static int check_process(struct execution *x, struct err *e)
{
	const struct spec_process *p = &x->child.process;
	int r = label_check(p, e);

	return r < 0 ? r : placement_check_cpus(&p->exec_cpu_affinity, e);
}

/* ---- its cgroup ---- */

/* Where init is by now. */
static int open_cgroup_of_init(struct execution *x, int root, char path[PATH_MAX], struct err *e)
{
	auto_free char *text = NULL;
	char file[40];

	snprintf(file, sizeof(file), "/proc/%d/cgroup", x->q->state->init.pid);
	int r = file_read(AT_FDCWD, file, PROC_CGROUP_MAX, &text, NULL, e);

	if (r < 0)
		return r;
	if (!cgroup_find_path(text, path) || proc_ended(x->child.init)) /* what was read may be a stranger's, then */
		return not_running(x->q->state, e);
	return cgroup_open(root, path, e);
}

/* A cgroup below the container's that was asked for by name. */
static int open_sub_cgroup(const struct execution *x, int root, struct err *e)
{
	const char *own = x->q->state->cgroup_path, *sub = x->q->cgroup + strspn(x->q->cgroup, "/");
	char path[2 * PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s%s%s", own, *sub ? "/" : "", sub);

	if (n >= (int)sizeof(path) || cgroup_check_path(path, e) < 0)
		return err_say(e, EINVAL, "bad sub cgroup path: %.256s", x->q->cgroup);
	return cgroup_open(root, path, e);
}

/*
 * One that is gone was given up by init, which went elsewhere; systemd removes a scope then. One that was delegated is to stay
 * without processes of its own.
 */
static int open_cgroup(struct execution *x, struct err *e)
{
	char path[PATH_MAX];

	if (!x->q->state->cgroup_path)
		return x->q->cgroup ? err_say(e, EINVAL, "container %s has no cgroup", x->q->state->id) : 0;
	auto_fd int root = cgroup_open_root(NULL, e);

	if (root < 0)
		return root;
	if (x->q->cgroup) {
		x->cgroup = open_sub_cgroup(x, root, e);
	} else {
		bool below = x->q->state->cgroup_delegated.v;

		x->cgroup = below ? -ENOENT : cgroup_open(root, x->q->state->cgroup_path, e);
		if (x->cgroup == -ENOENT)
			x->cgroup = open_cgroup_of_init(x, root, path, e);
	}
	return x->cgroup < 0 ? x->cgroup : 0;
}

/*
 * A cgroup that hands controllers down takes no process itself: there a manager in the container (systemd) has moved all into
 * cgroups below. The one where init is will do, if it is the container's.
 */
static int go_below(struct execution *x, struct err *e)
{
	auto_fd int root = cgroup_open_root(NULL, e);
	char path[PATH_MAX];
	int fd = root < 0 ? root : open_cgroup_of_init(x, root, path, e);

	if (fd < 0)
		return fd;
	fd_close(&x->cgroup);
	x->cgroup = fd;
	const char *below = str_after(path, x->q->state->cgroup_path);

	return below && *below == '/' ? 0 : err_say(e, EBUSY, "the container's first process has left its cgroup");
}

/*
 * Who enters the container's pid namespace for good can ask systemd no more: the helper would be a child, and at the container's
 * mercy. So somebody is made before who does it then, for a user's own systemd; with root's we come back.
 */
static _Noreturn void ask_for_it(const struct state *s, int sock)
{
	struct err e = { .code = 0 };
	pid_t pid;

	if (sock_recv(sock, &pid, sizeof(pid), NULL, 0) == sizeof(pid)) {
		(void)container_cgroup_attach(s, pid, &e); /* it goes to who wants to know */
		(void)sock_send(sock, &e, sizeof(e), NULL, 0);
	}
	_exit(0);
}

static int make_asker(struct execution *x, struct err *e)
{
	const struct state *s = x->q->state;
	auto_fd int theirs = -1;

	if (!s->cgroup_unit || !s->cgroup_unit_user.v || x->q->cgroup)
		return 0;
	int r = sock_pair(&x->asker, &theirs, e);
	pid_t pid = r < 0 ? r : fork();

	if (pid == 0) {
		fd_close(&x->asker);
		ask_for_it(s, theirs);
	}
	return r < 0 ? r : pid < 0 ? err_set(e, errno, "make a process") : 0;
}

/* ---- the process ---- */

static int clone_child(struct execution *x)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | (x->cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&x->pidfd,
		.cgroup = (uint64_t)x->cgroup,
		.exit_signal = SIGCHLD,
	};

	x->pid = sys_clone3(&args);
	if (x->pid == 0) {
		fd_close(&x->sock); /* the parent's end: an end of file must be seen */
		x->child.sock = x->child_sock;
		exec_child(&x->child);
	}
	return x->pid < 0 ? -errno : 0;
}

static int clone_somewhere(struct execution *x, struct err *e)
{
	int r = clone_child(x);

	if (r == -EBUSY && !x->q->cgroup) {
		r = go_below(x, e);
		if (r < 0)
			return r;
		r = clone_child(x);
	} else if (r == -EACCES && x->q->state->cgroup_unit && !x->q->cgroup) {
		x->attach = true;
		fd_close(&x->cgroup);
		r = clone_child(x);
	}
	return r < 0 ? err_set(e, -r, "make a process in the container") : 0;
}

/*
 * A user without rights in its own user namespace has them in the container's, and has none to lose by staying there.
 *
 * Return: 1 where the pid namespace must be left again, 0 where not, or -errno with @e filled
 */
static int join_pid_namespace(struct execution *x, struct err *e)
{
	if (!(x->child.join & CLONE_NEWPID))
		return 0;
	x->child.join &= ~(uint64_t)CLONE_NEWPID;
	if (setns(x->child.init, CLONE_NEWPID) == 0)
		return 1;
	if (errno != EPERM || !(x->child.join & CLONE_NEWUSER) ||
	    setns(x->child.init, CLONE_NEWUSER | CLONE_NEWPID) < 0)
		return err_set(e, errno, "join the container's pid namespace");
	x->child.join &= ~(uint64_t)CLONE_NEWUSER;
	x->stays = true;
	return 0;
}

/*
 * Root of a user namespace that our pid namespace does not belong to (podman without root starts us as such) may enter the
 * container's, but not come back. That would matter to another child alone.
 */
static int leave_pid_namespace(struct execution *x, int own, struct err *e)
{
	if (setns(own, CLONE_NEWPID) == 0)
		return 0;
	x->stays = errno == EPERM;
	return x->stays ? 0 : err_set(e, errno, "return to the own pid namespace");
}

static int make_child(struct execution *x, struct err *e)
{
	const char *cpus = x->child.process.exec_cpu_affinity.initial;
	auto_fd int own = -1;
	int r = sock_pair(&x->sock, &x->child_sock, e);

	x->child.become_root = x->child.join & CLONE_NEWUSER;
	if (r >= 0 && (x->child.join & CLONE_NEWPID))
		r = make_asker(x, e);
	if (r >= 0 && (x->child.join & CLONE_NEWPID))
		r = own = ns_open(NS_PID, "/proc/self/ns/pid", e);
	if (r >= 0 && cpus)
		r = placement_cpus(0, cpus, e); /* the child has it from its parent */
	int joined = r < 0 ? r : join_pid_namespace(x, e);

	if (joined < 0)
		return joined;
	r = clone_somewhere(x, e);
	if (joined && r >= 0)
		r = leave_pid_namespace(x, own, e);
	fd_close(&x->child_sock);
	if (r >= 0)
		debug_say(x->q->debug, "the process is %d", x->pid);
	return r;
}

static int attach(const struct execution *x, struct err *e)
{
	if (!x->stays)
		return container_cgroup_attach(x->q->state, x->pid, e);
	if (x->asker >= 0 && sock_send(x->asker, &x->pid, sizeof(x->pid), NULL, 0) >= 0 &&
	    sock_recv(x->asker, e, sizeof(*e), NULL, 0) == sizeof(*e))
		return -e->code;
	err_say(e, EACCES, "the container's cgroup cannot be entered from the caller's");
	return err_hint(e, "call from below the same systemd: systemd-run --user --scope COMMAND");
}

static int let_go(struct execution *x, struct err *e)
{
	const struct spec_process *p = &x->child.process;
	int r = x->attach ? attach(x, e) : 0;

	if (r >= 0)
		r = placement_of_exec(x->pid, &p->exec_cpu_affinity, e);

	if (r >= 0)
		r = rdt_enter(x->q->state, x->pid, e);
	if (r >= 0)
		r = process_limits(x->pid, p, false, e);
	return r < 0 ? r : message_send(x->sock, MSG_GO, x->pid, -1, e);
}

static int take_console(struct execution *x, int *fd, struct err *e)
{
	if (x->q->console_socket)
		return console_send(x->q->console_socket, *fd, e);
	if (x->q->plain_lines)
		pty_plain_lines(*fd);
	x->console = fd_take(fd);
	return 0;
}

static int wait_exec(struct execution *x, struct err *e)
{
	const struct spec_seccomp *filter = &x->q->spec->linux_.seccomp;
	bool ready = false;

	for (;;) {
		auto_fd int fd = -1;
		int value, r = message_next(x->sock, x->q->debug, &value, &fd, e);

		if (r == -EPIPE && ready) /* closed by the exec */
			return 0;
		if (r == MSG_READY)
			ready = true;
		else if (r == MSG_CONSOLE)
			r = take_console(x, &fd, e);
		else if (r == MSG_NOTIFY)
			r = listener_pass(x->sock, x->pidfd, value, fd, filter, x->q->state, x->pid, e);
		else if (r >= 0)
			r = err_say(e, EPROTO, "a message out of order: %d", r);
		if (r < 0)
			return r;
	}
}

static int send_pidfd(struct execution *x, struct err *e)
{
	int r = x->q->pidfd_socket ? sock_hand(x->q->pidfd_socket, "setns", x->pidfd, e) : 0;

	return r < 0 ? err_wrap(e, "pidfd socket") : 0;
}

static int write_pid_file(struct execution *x, struct err *e)
{
	return x->q->pid_file ? process_pid_file(x->q->pid_file, x->pid, e) : 0;
}

static const struct {
	const char *doing; /* for who asks what is being done */
	int (*run)(struct execution *x, struct err *e);
} steps[] = {
	{ "find the container's first process", check_running },
	{ "check the process", check_process },
	{ "open the cgroup", open_cgroup },
	{ "nsexec container setup", make_child },
	{ "set limits and CPUs", let_go },
	{ "wait for the command to be executed", wait_exec },
	{ "send the pidfd", send_pidfd },
	{ "write the pid file", write_pid_file },
};

int container_exec(const struct exec_request *q, struct exec_result *ret, struct err *e)
{
	struct execution x = {
		.q = q, .cgroup = -1, .asker = -1, .sock = -1, .child_sock = -1, .pidfd = -1, .console = -1,
		.child = { .q = q, .process = *q->process, .init = -1, .root = -1, .null_fd = -1, .sock = -1,
			   .terminal = -1 },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++) {
		debug_say(q->debug, "%s", steps[i].doing);
		r = steps[i].run(&x, e);
	}
	if (r < 0 && x.pidfd >= 0) {
		struct err ignored;

		(void)pidfd_send_signal(x.pidfd, SIGKILL, NULL, 0);
		(void)proc_wait(x.pidfd, &ignored);
	}
	struct exec_result result = { .pid = x.pid, .pidfd = x.pidfd, .console = x.console };
	int *const fds[] = { &x.child.init, &x.child.root, &x.child.null_fd, &x.cgroup, &x.asker, &x.sock,
			    &x.child_sock };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(fds[i]);
	if (r < 0)
		exec_result_close(&result);
	else
		*ret = result;
	return r < 0 ? r : 0;
}

void exec_result_close(struct exec_result *x)
{
	fd_close(&x->pidfd);
	fd_close(&x->console);
}
