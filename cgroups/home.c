// SPDX-License-Identifier: Apache-2.0
/*
 * Where containers of `paene` have their cgroups.
 *
 * Theory of operation. Where systemd runs, the hierarchy is its own but for what it has delegated (its CGROUP_DELEGATION.md):
 * other cgroups lose their controllers when it next looks. It delegates scopes and services, no slices, and removes their
 * cgroup as soon as nobody is in it. So there is one scope for all containers, made by the first after a boot, with a process
 * in it that does nothing (paene-init alone); below it, each container's cgroup is a folder that we make, without a word to
 * systemd. That process is in a cgroup of its own: a cgroup that hands controllers down has no processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "cgroups/cgroups.h"
#include "cgroups/controllers.h"
#include "cgroups/systemd.h"
#include "cgroups/text.h"
#include "cgroups/unit.h"

#define HOME_SLICE  CGROUP_DEFAULT_SLICE
#define HOME_UNIT   "paene.scope"
#define HOME	    "/" HOME_SLICE "/" HOME_UNIT
#define ANCHOR	    "anchor"
#define LOCK_FILE   "/run/paene.lock"
#define STOP_US	    UINT64_C(10000000) /* what containers have between SIGTERM and SIGKILL when the machine goes down */

const char *cgroup_home(void)
{
	return access("/run/systemd/system", F_OK) == 0 ? HOME : NULL; /* sd_booted(3) */
}

bool cgroup_user_systemd(void)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	char path[PATH_MAX];

	return run && snprintf(path, sizeof(path), "%s/systemd/private", run) < PATH_MAX && access(path, F_OK) == 0;
}

bool cgroup_delegated(char ret[PATH_MAX])
{
	char own[PATH_MAX];
	struct err absent;
	auto_fd int root = cgroup_open_root(NULL, &absent);

	if (root < 0 || cgroup_own_path(own, &absent) < 0 || cgroup_check_path(own, &absent) < 0)
		return false;
	for (size_t len = strlen(own), tries = 0; tries < 2; tries++) {
		const char *slash = tries == 0 ? strrchr(own, '/') : own + len;

		snprintf(ret, PATH_MAX, "%.*s", (int)(slash - own), own);
		if (streq(ret, "/"))
			*ret = '\0';
		if (faccessat(root, *ret ? ret + 1 : ".", W_OK, AT_EACCESS) == 0)
			return true;
	}
	return false;
}

/* Whoever makes it does this last. Return: 1 done, 0 not, or -errno with @e filled */
static int hands_down(int home, struct err *e)
{
	unsigned on, have;
	int r = cgroup_controllers_read(home, "cgroup.subtree_control", &on, e);

	if (r < 0 || on)
		return r < 0 ? r : 1;
	r = cgroup_controllers_read(home, "cgroup.controllers", &have, e);
	return r < 0 ? r : !have;
}

/* Return: its fd, or -ENOENT where it is not there, or not whole yet, or -errno; @e filled */
static int open_whole(int root, struct err *e)
{
	auto_fd int home = cgroup_open(root, HOME, e);
	int r = home < 0 ? home : hands_down(home, e);

	if (r == 0)
		return err_say(e, ENOENT, "%s is still being made", HOME_UNIT);
	return r < 0 ? r : fd_take(&home);
}

static int start_unit(struct err *e)
{
	static const char *const words[] = { "anchor", HOME_UNIT, NULL };
	auto_arena struct arena a = { 0 };
	struct strv properties = { 0 };
	int r = unit_add(&a, &properties, e, "Description=s:containers of paene");

	if (r >= 0)
		r = unit_add(&a, &properties, e, "Slice=s:" HOME_SLICE);
	if (r >= 0)
		r = unit_add(&a, &properties, e, "Delegate=b:1");
	if (r >= 0)
		r = unit_add(&a, &properties, e, "CollectMode=s:inactive-or-failed");
	if (r >= 0)
		r = unit_add(&a, &properties, e, "TasksMax=t:%" PRIu64, UINT64_MAX);
	if (r >= 0)
		r = unit_add(&a, &properties, e, "TimeoutStopUSec=t:%" PRIu64, STOP_US);
	if (r >= 0) /* a container's lack of memory is its own affair */
		r = unit_add(&a, &properties, e, "OOMPolicy?=s:continue");
	return r < 0 ? r : systemd_ask(false, words, &properties, NULL, e);
}

static int move_anchor(int home, struct err *e)
{
	auto_free char *pids = NULL;
	int r = file_read(home, "cgroup.procs", CGROUP_TEXT_MAX, &pids, NULL, e);

	if (r >= 0 && mkdirat(home, ANCHOR, 0755) < 0 && errno != EEXIST)
		r = err_set(e, errno, "create cgroup %s/%s", HOME, ANCHOR);
	for (const char *line = pids; r >= 0 && line && *line; line = cgroup_next_line(line)) {
		char number[16];

		snprintf(number, sizeof(number), "%.*s", (int)strcspn(line, "\n"), line);
		r = file_write(home, ANCHOR "/cgroup.procs", number, e);
		if (r == -ESRCH) /* it has ended */
			r = 0;
	}
	return r;
}

/* Also what somebody began who was killed. */
static int make(int root, struct err *e)
{
	struct err absent;
	auto_fd int home = cgroup_open(root, HOME, &absent);

	if (home < 0) {
		int r = start_unit(e);

		if (r < 0)
			return r;
		home = cgroup_open(root, HOME, e);
		if (home == -ENOENT) /* systemd has hierarchies of version 1, and this one is nobody's */
			home = cgroup_create(root, HOME, NULL, e);
	}
	int r = home < 0 ? home : move_anchor(home, e);

	/* those that systemd does not know (hugetlb, rdma), it does not hand down by itself */
	if (r >= 0)
		r = cgroup_controllers_enable(root, HOME "/" ANCHOR, 0, CGROUP_ALL_CONTROLLERS, e);
	return r < 0 ? r : fd_take(&home);
}

int cgroup_home_open(int root, struct err *e)
{
	struct err absent;
	int home = open_whole(root, &absent);

	if (home >= 0)
		return home;
	/* one at a time, whatever their --runroot; what others may open, they may lock */
	auto_fd int lock = open(LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (lock < 0)
		return err_set(e, errno, "open " LOCK_FILE);
	int r = fd_lock(lock, LOCK_EX);

	if (r < 0)
		return err_set(e, -r, "lock " LOCK_FILE);
	home = open_whole(root, &absent);
	if (home >= 0)
		return home;
	r = make(root, e);
	return r < 0 ? err_wrap(e, "make " HOME_UNIT) : r;
}
