// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

#include "base/fd.h"
#include "base/path.h"
#include "cgroups/cgroups.h"
#include "cgroups/events.h"
#include "cgroups/walk.h"

#define EMPTY_MS   10000 /* killed processes may have to finish writing to a slow disk */
#define BUSY_TRIES 12	 /* 1, 2, 4, … ms: 4 seconds in all */

/*
 * A file of the kernel (a path such as /a/cgroup.procs) is no cgroup, so none is there either.
 *
 * Return: 0 removed, or not there; -EBUSY, without words, as long as something is in it; -errno with @e filled
 */
static int remove_one(int dir, const char *name, struct err *e)
{
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENOTDIR)
		return 0;
	return errno == EBUSY ? -EBUSY : err_set(e, errno, "remove cgroup %s", name);
}

/* Empty is not yet gone: the kernel may still be letting go of the last process. */
static int remove_patiently(int dir, const char *name, void *arg, struct err *e)
{
	(void)arg;
	for (int i = 0; i < BUSY_TRIES; i++) {
		const struct timespec pause = { .tv_nsec = 1000000L << MIN(i, 9) };
		int r = remove_one(dir, name, e);

		if (r != -EBUSY)
			return r;
		(void)nanosleep(&pause, NULL); /* interrupted: one try more, at worst */
	}
	return err_set(e, EBUSY, "remove cgroup %s", name);
}

/* Who is still there, for the user. */
static int not_empty(int cgroup, struct err *e)
{
	auto_free pid_t *pids = NULL;
	struct err ignored;
	size_t n = 0;

	if (cgroup_pids(cgroup, &pids, &n, &ignored) == 0 && n > 0)
		err_hint(e, "process %d (and %zu more) was killed and does not end: see its state in /proc/%d/status",
			 pids[0], n - 1, pids[0]);
	return -e->code;
}

static int kill_and_wait(int cgroup, struct err *e)
{
	int r = cgroup_kill(cgroup, e);

	if (r == 0)
		r = cgroup_wait_event(cgroup, "populated", false, EMPTY_MS, e);
	return r == -ETIMEDOUT ? not_empty(cgroup, e) : r;
}

/* What is in it, and what is below it. */
static int empty(int root, const char *name, struct err *e)
{
	const struct cgroup_walk w = { .leave = remove_patiently };
	auto_fd int fd = path_open_beneath(root, name, O_PATH | O_DIRECTORY, 0, e);
	int r = fd < 0 ? fd : kill_and_wait(fd, e);

	return r < 0 ? r : cgroup_walk(fd, &w, e);
}

int cgroup_remove(int root, const char *path, struct err *e)
{
	int r = cgroup_check_path(path, e);

	if (r < 0)
		return r;
	/* the usual case, after the last process has ended: one system call */
	r = remove_one(root, path + 1, e);
	if (r != -EBUSY)
		return r;
	r = empty(root, path + 1, e);
	if (r == 0)
		r = remove_patiently(root, path + 1, NULL, e);
	if (r == -ENOENT || r == -ENODEV) /* somebody else was faster */
		return 0;
	return r < 0 ? err_wrap(e, "cgroup %s", path) : 0;
}
