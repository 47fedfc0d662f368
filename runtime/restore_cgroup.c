// SPDX-License-Identifier: Apache-2.0
#include "runtime/restore_cgroup.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/sock.h"
#include "base/sys.h"
#include "namespaces/ns.h"
#include "runtime/cgroup.h"
#include "runtime/message.h"

/* ---- the process in the cgroup ---- */

/* An end of file ends it. */
static _Noreturn void hold(int sock)
{
	struct err e;

	while (message_expect(sock, MSG_GO, &e) >= 0) {
		if (unshare(CLONE_NEWCGROUP) < 0) {
			err_set(&e, errno, "make a cgroup namespace");
			message_fail(sock, &e);
			break;
		}
		(void)message_send(sock, MSG_READY, 0, -1, &e); /* it is seen by the end of file, too */
	}
	_exit(EXIT_SUCCESS);
}

static int start(struct restore_cgroup *r, pid_t *ret_pid, struct err *e)
{
	auto_fd int theirs = -1;
	int err = sock_pair(&r->sock, &theirs, e);
	struct clone_args args = {
		.flags = CLONE_PIDFD | (r->cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&r->pidfd,
		.cgroup = (uint64_t)r->cgroup,
		.exit_signal = SIGCHLD,
	};

	if (err < 0)
		return err;
	*ret_pid = sys_clone3(&args);
	if (*ret_pid == 0) {
		fd_close(&r->sock);
		hold(theirs);
	}
	return *ret_pid < 0 ? err_set(e, errno, "make a process in the container's cgroup") : 0;
}

static void end(struct restore_cgroup *r)
{
	struct err ignored;

	fd_close(&r->sock);
	if (r->pidfd >= 0)
		(void)proc_wait(r->pidfd, &ignored);
	fd_close(&r->pidfd);
}

/* ---- us ---- */

static int join_namespace(struct restore_cgroup *r, pid_t pid, struct err *e)
{
	int err = message_send(r->sock, MSG_GO, 0, -1, e);

	if (err >= 0)
		err = message_expect(r->sock, MSG_READY, e);
	auto_fd int theirs = err < 0 ? -1 : ns_open_pid(NS_CGROUP, pid, e);

	if (theirs < 0)
		return err < 0 ? err : theirs;
	r->own = ns_open(NS_CGROUP, "/proc/self/ns/cgroup", e);
	if (r->own < 0)
		return r->own;
	return setns(theirs, CLONE_NEWCGROUP) < 0 ? err_set(e, errno, "join a cgroup namespace") : 0;
}

int restore_cgroup_enter(struct restore_cgroup *r, const struct plan *p, bool namespace_too, struct err *e)
{
	pid_t pid = 0;
	int err = container_cgroup_make(p, &r->cgroup, e);

	namespace_too &= r->cgroup >= 0 || p->cgroup_unit.name;
	if (err >= 0 && (namespace_too || p->cgroup_unit.name))
		err = start(r, &pid, e);
	if (err >= 0 && p->cgroup_unit.name)
		err = container_cgroup_enter(p, pid, &r->cgroup, e);
	if (err >= 0 && r->cgroup >= 0)
		err = container_cgroup_settle(p, r->cgroup, e);
	if (err >= 0 && r->cgroup >= 0)
		err = container_cgroup_devices(p, r->cgroup, e);
	return err >= 0 && namespace_too ? join_namespace(r, pid, e) : err;
}

int restore_cgroup_move(const struct restore_cgroup *r, pid_t pid, struct err *e)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return r->cgroup >= 0 ? file_write(r->cgroup, "cgroup.procs", text, e) : 0;
}

int restore_cgroup_leave(struct restore_cgroup *r, struct err *e)
{
	int failed = r->own >= 0 && setns(r->own, CLONE_NEWCGROUP) < 0 ? errno : 0;

	end(r);
	fd_close(&r->own);
	fd_close(&r->cgroup);
	return failed ? err_set(e, failed, "return to the own cgroup namespace") : 0;
}
