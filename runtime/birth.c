// SPDX-License-Identifier: Apache-2.0
#include "runtime/birth.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/sock.h"
#include "base/sys.h"
#include "namespaces/ns.h"

#define NEWTIME ns_kinds[NS_TIME].flag /* not in every C library's headers */

struct labour {
	struct plan *plan;
	int cgroup;
	void (*child)(void *arg);
	void *arg;
	int report; /* where a process between us says how it went, or -1 */
};

/* clone(2) */
static const struct {
	int errnum;
	bool in_cgroup; /* only where it is born in one */
	const char *hint;
} clone_hints[] = {
	{ EPERM, false, "user namespaces may be switched off: see sysctl user.max_user_namespaces" },
	{ ENOSPC, false, "user namespaces may be switched off: see sysctl user.max_user_namespaces" },
	{ EOPNOTSUPP, true, "its cgroup is a threaded one, or below one, and takes no processes: see cgroup.type there" },
	{ EBUSY, true, "its cgroup hands controllers down, and takes no processes" },
	{ ENODEV, true, "somebody else removes its cgroup" },
	{ EAGAIN, true, "pids.max of a cgroup above, or another limit of processes, is reached" },
};

static int clone_failed(int errnum, bool in_cgroup, struct err *e)
{
	err_set(e, errnum, "make a process in new namespaces");
	for (size_t i = 0; i < ARRAY_SIZE(clone_hints); i++)
		if (clone_hints[i].errnum == errnum && (in_cgroup || !clone_hints[i].in_cgroup))
			return err_hint(e, "%s", clone_hints[i].hint);
	return -errnum;
}

/* Return: its pid, or -errno with @e filled; the child does not return */
static pid_t clone_child(const struct labour *l, uint64_t flags, int *ret_pidfd, struct err *e)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.cgroup = (uint64_t)l->cgroup,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD, /* with CLONE_PARENT it is the caller's own */
	};
	pid_t pid = sys_clone3(&args);

	if (pid == 0) {
		if (l->report >= 0) /* if that one is killed, the parent must see an end of file */
			close(l->report);
		l->child(l->arg);
	}
	return pid > 0 ? pid : clone_failed(errno, flags & CLONE_INTO_CGROUP, e);
}

static uint64_t into_cgroup(const struct labour *l)
{
	return l->cgroup >= 0 ? CLONE_INTO_CGROUP : 0;
}

/* A pid namespace counts for children only: it is joined around the clone, and the caller's own is taken back at once. */
static pid_t clone_in_pidns(const struct labour *l, int *ret_pidfd, struct err *e)
{
	int join = l->plan->joins[NS_PID];
	auto_fd int own = join >= 0 ? ns_open(NS_PID, "/proc/self/ns/pid", e) : -1;

	if (join >= 0 && (own < 0 || setns(join, CLONE_NEWPID) < 0))
		return own < 0 ? own : err_set(e, errno, "join the pid namespace");
	pid_t pid = clone_child(l, l->plan->clone_flags | into_cgroup(l), ret_pidfd, e);

	if (join >= 0 && setns(own, CLONE_NEWPID) < 0)
		return err_set(e, errno, "return to the own pid namespace");
	return pid;
}

/* ---- with a process between ---- */

static int write_offsets(const struct spec_linux *l, struct err *e)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "monotonic %lld %u\nboottime %lld %u\n", (long long)l->monotonic.secs,
			 l->monotonic.nanosecs, (long long)l->boottime.secs, l->boottime.nanosecs);
	auto_fd int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);

	/* the kernel takes them in one write(2) */
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		return err_set(e, errno, "linux.timeOffsets: write /proc/self/timens_offsets");
	return 0;
}

/* Its own user namespace must own the time namespace, so it comes first here. */
static int make_time(const struct plan *p, uint64_t *flags, struct err *e)
{
	uint64_t early = (*flags & CLONE_NEWUSER) | NEWTIME;

	*flags &= ~early;
	if (unshare((int)early) < 0)
		return err_set(e, errno, "make a time namespace");
	return write_offsets(&p->spec->linux_, e);
}

/* What the process between says of its work. */
struct report {
	pid_t pid; /* as our pid namespace counts */
	struct err err;
};

static _Noreturn void stand_between(const struct labour *l)
{
	struct plan *p = l->plan;
	uint64_t flags = p->clone_flags;
	struct report report = { 0 };
	auto_fd int pidfd = -1;
	int r = ns_join(p->joins, &report.err);

	for (size_t k = 0; k < NS_COUNT; k++)
		fd_close(&p->joins[k]);
	if (r >= 0 && p->time_offsets)
		r = make_time(p, &flags, &report.err);
	if (r >= 0)
		report.pid = clone_child(l, flags | CLONE_PARENT, &pidfd, &report.err);
	(void)sock_send(l->report, &report, sizeof(report), &pidfd, pidfd >= 0); /* an end of file says enough */
	_exit(0);
}

static pid_t clone_by_another(const struct labour *l, int *ret_pidfd, struct err *e)
{
	auto_fd int ours = -1, theirs = -1, between = -1;
	struct report report = { 0 };
	struct clone_args args = {
		.flags = CLONE_PIDFD | into_cgroup(l), /* the other one is then born where it is */
		.pidfd = (uint64_t)(uintptr_t)&between,
		.cgroup = (uint64_t)l->cgroup,
		.exit_signal = SIGCHLD,
	};
	int r = sock_pair(&ours, &theirs, e);

	if (r < 0)
		return r;
	struct labour work = *l;

	work.report = theirs;
	pid_t pid = sys_clone3(&args);

	if (pid < 0)
		return err_set(e, errno, "make a process");
	if (pid == 0)
		stand_between(&work);
	fd_close(&theirs);
	ssize_t n = sock_recv(ours, &report, sizeof(report), ret_pidfd, 1);

	r = proc_wait(between, e);
	if (r < 0)
		return r;
	if (n != (ssize_t)sizeof(report))
		return err_say(e, EPIPE, "the process between us and the container's first one ended without a word");
	if (*ret_pidfd >= 0)
		return report.pid;
	*e = report.err;
	return -e->code;
}

/* Root of a user namespace that our pid namespace does not belong to could not come back from another one. */
static bool owns_pidns(void)
{
	struct err ignored;
	auto_fd int own = ns_open(NS_PID, "/proc/self/ns/pid", &ignored);

	return own >= 0 && setns(own, CLONE_NEWPID) == 0;
}

static bool needs_another(const struct plan *p)
{
	bool others = false;

	for (size_t k = 0; k < NS_COUNT; k++)
		others |= k != NS_PID && p->joins[k] >= 0;
	return p->time_offsets || p->joins[NS_USER] >= 0 || p->joins[NS_TIME] >= 0 || (p->userns && others) ||
	       (p->joins[NS_PID] >= 0 && !owns_pidns());
}

int birth(struct plan *p, int cgroup, void (*child)(void *arg), void *arg, pid_t *ret_pid, int *ret_pidfd, struct err *e)
{
	const struct labour l = { .plan = p, .cgroup = cgroup, .child = child, .arg = arg, .report = -1 };
	pid_t pid = needs_another(p) ? clone_by_another(&l, ret_pidfd, e) : clone_in_pidns(&l, ret_pidfd, e);

	if (pid < 0)
		return pid;
	*ret_pid = pid;
	return 0;
}
