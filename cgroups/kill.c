// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>

#include "base/fd.h"
#include "base/file.h"
#include "cgroups/cgroups.h"
#include "cgroups/text.h"
#include "cgroups/walk.h"

#define SIGNAL_BATCH  256  /* pidfds held at a time */
#define SPARE_FDS     8	   /* for reading the list while they are held */
#define SIGNAL_ROUNDS 1000 /* whoever forks faster than this is for cgroup_kill() */

struct pids {
	pid_t *v;
	size_t n, room;
};

static void pids_guard(struct pids *p)
{
	free(p->v);
}
#define auto_pids __attribute__((cleanup(pids_guard)))

static int pids_add(struct pids *p, pid_t pid)
{
	if (p->n == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		pid_t *v = reallocarray(p->v, room, sizeof(*v));

		if (!v)
			return -ENOMEM;
		p->v = v;
		p->room = room;
	}
	p->v[p->n++] = pid;
	return 0;
}

static int compare(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* @p: sorted */
static bool pids_has(const struct pids *p, pid_t pid)
{
	return p->n > 0 && bsearch(&pid, p->v, p->n, sizeof(pid), compare);
}

static int add_procs(int cgroup, void *arg, struct err *e)
{
	auto_free char *text = NULL;
	struct err why;
	int r = file_read(cgroup, "cgroup.procs", CGROUP_TEXT_MAX, &text, NULL, &why);

	/* a threaded cgroup: its processes are listed in the domain above; or the cgroup is gone */
	if (r == -EOPNOTSUPP || r == -ENOENT || r == -ENODEV)
		return 0;
	if (r < 0) {
		*e = why;
		return r;
	}
	for (const char *line = text; line; line = cgroup_next_line(line)) {
		uint64_t pid;

		/* 0: a process that our pid namespace does not see */
		if (cgroup_text_number(line, &pid) && pid > 0 && pid <= INT32_MAX && pids_add(arg, (pid_t)pid) < 0)
			return err_nomem(e);
	}
	return 0;
}

static int read_pids(int cgroup, struct pids *ret, struct err *e)
{
	const struct cgroup_walk w = { .enter = add_procs, .arg = ret };

	ret->n = 0;
	int r = cgroup_walk(cgroup, &w, e);

	if (ret->n > 0)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return r;
}

int cgroup_pids(int cgroup, pid_t **ret, size_t *ret_n, struct err *e)
{
	auto_pids struct pids pids = { 0 };
	int r = read_pids(cgroup, &pids, e);

	if (r < 0)
		return r;
	*ret = pids.v;
	*ret_n = pids.n;
	pids.v = NULL;
	return 0;
}

struct batch {
	pid_t pids[SIGNAL_BATCH];
	int fds[SIGNAL_BATCH];
	size_t n;
};

static void shrink_batch(struct batch *b, size_t n)
{
	while (b->n > n)
		close(b->fds[--b->n]);
}

static void batch_guard(struct batch *b)
{
	shrink_batch(b, 0);
}
#define auto_batch __attribute__((cleanup(batch_guard)))

/* Hold the next processes that have not been signalled yet. */
static int open_batch(const struct pids *now, const struct pids *done, struct batch *b, struct err *e)
{
	for (size_t i = 0; i < now->n && b->n < SIGNAL_BATCH; i++) {
		if (pids_has(done, now->v[i]))
			continue;
		int fd = pidfd_open(now->v[i], 0);

		if (fd < 0 && errno == EMFILE && b->n > SPARE_FDS) { /* in smaller steps, then */
			shrink_batch(b, b->n - SPARE_FDS);
			return 0;
		}
		/* gone, or the number is a thread's by now */
		if (fd < 0 && errno != ESRCH && errno != EINVAL && errno != ENOENT)
			return err_set(e, errno, "open process %d", now->v[i]);
		if (fd < 0)
			continue;
		b->pids[b->n] = now->v[i];
		b->fds[b->n++] = fd;
	}
	return 0;
}

/*
 * A number read from cgroup.procs may be a stranger's by the time it is used. So: hold it by pidfd, read the list
 * again, and signal only who is still listed: a pidfd whose process lives and whose number is in the cgroup is of the
 * cgroup.
 */
static int signal_batch(int cgroup, int signal, struct pids *now, struct pids *done, struct err *e)
{
	auto_batch struct batch b = { .n = 0 };
	int r = open_batch(now, done, &b, e);

	if (r == 0)
		r = read_pids(cgroup, now, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < b.n; i++) {
		if (!pids_has(now, b.pids[i]))
			continue;
		if (pidfd_send_signal(b.fds[i], signal, NULL, 0) < 0 && errno != ESRCH)
			return err_set(e, errno, "signal process %d", b.pids[i]);
		if (pids_add(done, b.pids[i]) < 0)
			return err_nomem(e);
	}
	if (done->n > 0)
		qsort(done->v, done->n, sizeof(*done->v), compare);
	return (int)b.n;
}

int cgroup_signal(int cgroup, int signal, struct err *e)
{
	auto_pids struct pids now = { 0 }, done = { 0 };
	int r = read_pids(cgroup, &now, e);

	if (r < 0)
		return r;
	for (int round = 0; round < SIGNAL_ROUNDS; round++) {
		r = signal_batch(cgroup, signal, &now, &done, e);
		if (r <= 0)
			return r < 0 ? r : (int)done.n;
	}
	return err_say(e, EAGAIN, "new processes appear in the cgroup faster than they can be signalled");
}

int cgroup_kill(int cgroup, struct err *e)
{
	int r = file_write(cgroup, "cgroup.kill", "1", e);

	/* before 5.14, and in a threaded cgroup, there is no such thing */
	if (r == -ENOENT || r == -EOPNOTSUPP)
		r = cgroup_signal(cgroup, SIGKILL, e);
	return MIN(r, 0);
}
