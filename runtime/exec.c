// SPDX-License-Identifier: Apache-2.0
/*
 * A further process in a running container.
 *
 * The pid namespace counts for children only, so the caller joins it for the moment of the clone; the child is born in the
 * container's cgroup and joins the other namespaces by the pidfd of init. It is made non-dumpable before that: what runs in
 * the container must not look into a process that still has the host's fds (CVE-2016-9962).
 */
#include "runtime/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/sock.h"
#include "base/sys.h"
#include "cgroups/cgroups.h"
#include "namespaces/ns.h"
#include "runtime/console.h"
#include "runtime/message.h"
#include "runtime/process.h"

struct execution {
	const struct exec_request *q;
	struct state state;
	int init;	 /* pidfd of the container's first process */
	uint64_t join;	 /* namespaces that differ from ours */
	int cgroup;
	int null_fd;
	int sock, child_sock;
	pid_t pid;
	int pidfd, console;
	/* the child's own */
	struct arena arena;
	struct spec_process process;
	int terminal;
	char command[PATH_MAX];
};

static int check_running(struct execution *x, struct err *e)
{
	int r = state_load(x->q->root, x->q->id, &x->state, e);

	if (r < 0)
		return r;
	if (x->state.status == STATUS_PAUSED)
		return err_say(e, EBUSY, "container %s is paused: resume it first", x->q->id);
	if (x->state.status != STATUS_RUNNING && x->state.status != STATUS_CREATED)
		return err_say(e, ESRCH, "container not running: %s is %s", x->q->id, status_names[x->state.status]);
	x->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (x->null_fd < 0)
		return err_set(e, errno, "open /dev/null");
	x->init = proc_open(&x->state.init, e);
	if (x->init < 0)
		return x->init;
	return ns_differences(x->state.init.pid, &x->join, e);
}

static int open_cgroup(struct execution *x, struct err *e)
{
	int cgroup = state_cgroup(&x->state, e);

	if (cgroup == -ENODATA)
		return 0;
	x->cgroup = cgroup;
	return cgroup < 0 ? cgroup : 0;
}

/* ---- the child ---- */

static int join_all(struct execution *x, struct err *e)
{
	int go = message_expect(x->sock, MSG_GO, e);

	if (go < 0)
		return go;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "hide this process's memory");
	int r = ns_join_process(x->init, x->join & ~(uint64_t)CLONE_NEWPID, e);

	if (r >= 0 && (x->join & CLONE_NEWUSER))
		r = process_become_root(e);
	return r;
}

static int find_user(struct execution *x, struct err *e)
{
	x->process = *x->q->process;
	if (!x->process.user.username)
		return 0;
	auto_fd int root = path_open_dir("/", 0, e);

	return root < 0 ? root : process_resolve_user(&x->process, root, &x->arena, e);
}

static int make_terminal(struct execution *x, struct err *e)
{
	const struct spec_box *size = &x->process.console_size;

	if (!x->process.terminal)
		return 0;
	auto_fd int root = path_open_dir("/", 0, e);
	auto_fd int ptmx = root < 0 ? root : path_open_in(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, e);

	if (ptmx < 0)
		return ptmx;
	int r = console_open(ptmx, size, x->process.user.uid, &x->terminal, e);

	return r < 0 ? r : message_send(x->sock, MSG_CONSOLE, 0, ptmx, e);
}

static int place_stdio(struct execution *x, struct err *e)
{
	int r = x->terminal < 0 ? process_stdio(x->q->stdio, x->null_fd, e) : 0;

	return r < 0 ? r : process_session(x->terminal, e);
}

static int become_process(struct execution *x, struct err *e)
{
	const struct spec_process *p = &x->process;
	const struct seccomp_plan *filter = x->q->seccomp;
	bool early = filter && filter->n && !p->no_new_privileges;
	int r = process_cwd(p->cwd, x->q->make_cwd, e);

	if (r >= 0)
		r = process_no_new_privs(p, e);
	if (r >= 0 && early)
		r = seccomp_install(filter, NULL, e);
	if (r >= 0)
		r = process_credentials(p, e);
	if (r >= 0)
		r = process_find(p, x->command, e);
	if (r >= 0)
		r = process_keep_fds(x->q->preserve_fds, e);
	return r;
}

static int execute(struct execution *x, struct err *e)
{
	const struct seccomp_plan *filter = x->q->seccomp;
	int r = message_send(x->sock, MSG_READY, 0, -1, e);

	if (r >= 0 && filter && filter->n && x->process.no_new_privileges)
		r = seccomp_install(filter, NULL, e);
	return r < 0 ? r : process_exec(&x->process, x->command, e);
}

static int (*const child_phases[])(struct execution *x, struct err *e) = {
	join_all, find_user, make_terminal, place_stdio, become_process, execute,
};

static _Noreturn void child(struct execution *x)
{
	struct err e;

	fd_close(&x->sock); /* the parent's end: an end of file must be seen */
	x->sock = x->child_sock;
	for (size_t i = 0; i < ARRAY_SIZE(child_phases); i++)
		if (child_phases[i](x, &e) < 0) {
			message_fail(x->sock, &e);
			break;
		}
	_exit(EXIT_FAILURE);
}

/* ---- the parent ---- */

static int make_child(struct execution *x, struct err *e)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | (x->cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&x->pidfd,
		.cgroup = (uint64_t)x->cgroup,
		.exit_signal = SIGCHLD,
	};
	bool join = x->join & CLONE_NEWPID;
	int r = sock_pair(&x->sock, &x->child_sock, e);

	if (r < 0)
		return r;
	auto_fd int own = join ? ns_open(NS_PID, "/proc/self/ns/pid", e) : -1;

	if (join && (own < 0 || setns(x->init, CLONE_NEWPID) < 0))
		return own < 0 ? own : err_set(e, errno, "join the container's pid namespace");
	x->pid = sys_clone3(&args);
	if (x->pid == 0)
		child(x);
	int errnum = errno;

	if (join && setns(own, CLONE_NEWPID) < 0)
		return err_set(e, errno, "return to the own pid namespace");
	fd_close(&x->child_sock);
	return x->pid < 0 ? err_set(e, errnum, "make a process in the container") : 0;
}

static int let_go(struct execution *x, struct err *e)
{
	int r = process_limits(x->pid, x->q->process, e);

	return r < 0 ? r : message_send(x->sock, MSG_GO, x->pid, -1, e);
}

static int wait_exec(struct execution *x, struct err *e)
{
	bool ready = false;

	for (;;) {
		auto_fd int fd = -1;
		int r = message_next(x->sock, NULL, &fd, e);

		if (r == -EPIPE && ready) /* closed by the exec */
			return 0;
		if (r == MSG_READY)
			ready = true;
		else if (r == MSG_CONSOLE && x->q->console_socket)
			r = console_send(x->q->console_socket, fd, e);
		else if (r == MSG_CONSOLE)
			x->console = fd_take(&fd);
		else if (r >= 0)
			r = err_say(e, EPROTO, "a message out of order: %d", r);
		if (r < 0)
			return r;
	}
}

static int write_pid_file(struct execution *x, struct err *e)
{
	return x->q->pid_file ? process_pid_file(x->q->pid_file, x->pid, e) : 0;
}

static int (*const steps[])(struct execution *x, struct err *e) = {
	check_running, open_cgroup, make_child, let_go, wait_exec, write_pid_file,
};

int container_exec(const struct exec_request *q, struct exec_result *ret, struct err *e)
{
	struct execution x = {
		.q = q, .init = -1, .cgroup = -1, .null_fd = -1, .sock = -1, .child_sock = -1, .pidfd = -1, .console = -1, .terminal = -1
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++)
		r = steps[i](&x, e);
	if (r < 0 && x.pidfd >= 0) {
		struct err ignored;

		(void)pidfd_send_signal(x.pidfd, SIGKILL, NULL, 0);
		(void)proc_wait(x.pidfd, &ignored);
	}
	if (r < 0) {
		fd_close(&x.pidfd);
		fd_close(&x.console);
	} else {
		*ret = (struct exec_result){ .pid = x.pid, .pidfd = x.pidfd, .console = x.console };
	}
	int *const fds[] = { &x.init, &x.cgroup, &x.null_fd, &x.sock, &x.child_sock };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(fds[i]);
	state_free(&x.state);
	arena_free(&x.arena);
	return r < 0 ? r : 0;
}
