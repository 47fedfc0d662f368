// SPDX-License-Identifier: Apache-2.0
#include "namespaces/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/netns.h"
#include "base/sys.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define PROC_NS_MAX 32 /* "/proc/4194304/ns" */

const struct ns_kind ns_kinds[NS_COUNT] = {
	[NS_USER] = { "user", CLONE_NEWUSER }, [NS_CGROUP] = { "cgroup", CLONE_NEWCGROUP },
	[NS_IPC] = { "ipc", CLONE_NEWIPC },    [NS_UTS] = { "uts", CLONE_NEWUTS },
	[NS_NET] = { "net", CLONE_NEWNET },    [NS_PID] = { "pid", CLONE_NEWPID },
	[NS_MOUNT] = { "mnt", CLONE_NEWNS },   [NS_TIME] = { "time", CLONE_NEWTIME },
};

int ns_open(enum spec_ns_kind kind, const char *path, struct err *e)
{
	/* not blocking: a FIFO of that name must not hold us up */
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	int flag = ioctl(fd, NS_GET_NSTYPE);

	if (flag < 0)
		return err_say(e, EINVAL, "%s is not a namespace", path);
	if ((uint64_t)flag != ns_kinds[kind].flag)
		return err_say(e, EINVAL, "%s is not a %s namespace", path, ns_kinds[kind].file);
	return fd_take(&fd);
}

int ns_open_pid(enum spec_ns_kind kind, pid_t pid, struct err *e)
{
	char path[PROC_NS_MAX + 16];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, ns_kinds[kind].file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open %s", path) : fd;
}

static int join_one(const int fds[NS_COUNT], int kind, struct err *e)
{
	if (setns(fds[kind], (int)ns_kinds[kind].flag) < 0)
		return err_set(e, errno, "join the %s namespace", ns_kinds[kind].file);
	return 0;
}

/*
 * Who may join depends on who asks. Root of the host has rights over every namespace until it enters a user namespace; a user
 * has rights over the namespaces of a container only after entering the user namespace that owns them. So whatever can be
 * joined now is joined first, then the user namespace, then the rest.
 */
int ns_join(const int fds[NS_COUNT], struct err *e)
{
	bool left[NS_COUNT] = { false };

	for (int kind = NS_USER + 1; kind < NS_COUNT; kind++) {
		if (fds[kind] < 0)
			continue;
		int r = join_one(fds, kind, e);

		left[kind] = r == -EPERM && fds[NS_USER] >= 0;
		if (r < 0 && !left[kind])
			return r;
	}
	if (fds[NS_USER] < 0)
		return 0;
	int r = join_one(fds, NS_USER, e);

	for (int kind = NS_USER + 1; kind < NS_COUNT && r == 0; kind++)
		if (left[kind])
			r = join_one(fds, kind, e);
	return r;
}

int ns_join_process(int pidfd, uint64_t flags, struct err *e)
{
	if (setns(pidfd, (int)flags) < 0)
		return err_set(e, errno, "join the namespaces of a process");
	return 0;
}

int ns_differences(pid_t pid, uint64_t *ret_flags, struct err *e)
{
	char path[PROC_NS_MAX];
	uint64_t flags = 0;

	snprintf(path, sizeof(path), "/proc/%d/ns", pid);
	auto_fd int own = open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int other = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (own < 0 || other < 0)
		return err_set(e, errno, "open %s", other < 0 ? path : "/proc/self/ns");
	for (int kind = 0; kind < NS_COUNT; kind++) {
		struct stat a, b;

		if (fstatat(own, ns_kinds[kind].file, &a, 0) < 0) {
			if (errno == ENOENT) /* this kernel has no such kind */
				continue;
			return err_set(e, errno, "look at /proc/self/ns/%s", ns_kinds[kind].file);
		}
		if (fstatat(other, ns_kinds[kind].file, &b, 0) < 0)
			return err_set(e, errno, "look at %s/%s", path, ns_kinds[kind].file);
		if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
			flags |= ns_kinds[kind].flag;
	}
	*ret_flags = flags;
	return 0;
}

bool ns_is_owned(const char *path, const char *user_path)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	auto_fd int owner = fd < 0 ? -1 : ioctl(fd, NS_GET_USERNS); /* close-on-exec; EPERM: above our own one */
	auto_fd int user = open(user_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat a, b;

	return owner >= 0 && user >= 0 && fstat(owner, &a) == 0 && fstat(user, &b) == 0 && a.st_ino == b.st_ino;
}

int ns_loopback_up(struct err *e)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return err_set(e, errno, "bring up lo");
	return 0;
}

static int raise_loopback(const void *arg, struct err *e)
{
	(void)arg;
	return ns_loopback_up(e);
}

int ns_loopback_up_in(int netns, struct err *e)
{
	return netns_visit(netns, raise_loopback, NULL, e);
}
