// SPDX-License-Identifier: Apache-2.0
#include "runtime/destroy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>

#include "base/fd.h"
#include "namespaces/rootfs.h"
#include "runtime/cgroup.h"
#include "runtime/hooks.h"
#include "runtime/rdt.h"

#define DEATH_TIMEOUT_MS 10000 /* a process that SIGKILL does not end in this time hangs in the kernel */

static int kill_init(const struct state *s, struct err *e)
{
	if (s->init.pid <= 0)
		return 0;
	auto_fd int pidfd = proc_open(&s->init, e);

	if (pidfd < 0)
		return pidfd == -ESRCH ? 0 : pidfd;
	if (pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return err_set(e, errno, "kill process %d", s->init.pid);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, DEATH_TIMEOUT_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return err_say(e, ETIMEDOUT, "process %d does not end: it hangs in the kernel", s->init.pid);
	return 0;
}

static int clear_mounts(const struct state *s, struct err *e)
{
	return s->root_mount.set ? rootfs_clear(s->rootfs, s->root_mount.v, e) : 0;
}

int container_remove_all(int root, int dir, const struct state *s, struct err *e)
{
	static int (*const removals[])(const struct state *s, struct err *e) = {
		kill_init, container_cgroup_remove, clear_mounts, rdt_remove,
	};
	struct err later;
	int first = 0;

	(void)dir; /* its lock is why nobody else is at this */
	for (size_t i = 0; i < ARRAY_SIZE(removals); i++) {
		int r = removals[i](s, first < 0 ? &later : e);

		if (first >= 0)
			first = r;
	}
	if (first < 0) /* what is left must stay on record */
		return first;
	return state_remove(root, s->id, e);
}

int container_delete(int root, const char *id, bool force, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_spec struct spec later = { 0 };
	auto_fd int dir = state_open(root, id, e);
	struct err unread;

	if (dir < 0)
		return dir;
	int r = state_lock(dir, e);

	if (r >= 0)
		r = state_read(dir, &s, e);
	if (r < 0)
		return r;
	if (s.status == STATUS_CREATING) /* we hold the lock: whoever was at it has died */
		s.status = STATUS_STOPPED;
	if (s.status != STATUS_STOPPED && !force)
		return err_say(e, EBUSY, "cannot delete container %s that is not stopped: it is %s", id,
			       status_names[s.status]);
	int read = hooks_load(dir, &s, &later, &unread);

	r = container_remove_all(root, dir, &s, e);
	if (r < 0)
		return r;
	if (read < 0) {
		*e = unread;
		return 1;
	}
	s.status = STATUS_STOPPED;
	return hooks_run_later(&later, HOOK_POSTSTOP, &s, e) < 0 ? 1 : 0;
}

bool container_clear_crashed(int root, const char *id)
{
	struct err ignored;
	auto_state struct state s = { 0 };
	auto_fd int dir = state_open(root, id, &ignored);

	if (dir < 0 || state_try_lock(dir, &ignored) < 0 || state_read(dir, &s, &ignored) < 0)
		return false;
	if (s.init.pid > 0)
		return false;
	return container_remove_all(root, dir, &s, &ignored) == 0;
}
