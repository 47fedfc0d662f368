// SPDX-License-Identifier: Apache-2.0
#include "cgroups/events.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/timestamp.h"
#include "cgroups/cgroups.h"
#include "cgroups/text.h"

#define POLL_FIRST_MS 1
#define POLL_LAST_MS  100

/* Return: the state, or -errno with @e filled */
static int read_state(int fd, const char *key, struct err *e)
{
	char text[CGROUP_SMALL_FILE];
	uint64_t v;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return err_set(e, errno, "read cgroup.events");
	text[n] = '\0';
	if (!cgroup_text_value(text, key, &v))
		return err_say(e, ENOENT, "cgroup.events does not say \"%s\"", key);
	return v != 0;
}

static int open_events(int cgroup, struct err *e)
{
	int fd = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open cgroup.events") : fd;
}

int cgroup_event(int cgroup, const char *key, struct err *e)
{
	auto_fd int fd = open_events(cgroup, e);

	return fd < 0 ? fd : read_state(fd, key, e);
}

int cgroup_look(int root, const char *path, bool *ret_frozen, struct err *e)
{
	char name[PATH_MAX], text[CGROUP_SMALL_FILE];
	uint64_t populated, frozen;
	int r = cgroup_check_path(path, e);

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "%s/cgroup.events", path + 1);
	auto_fd int fd = path_open_beneath(root, name, O_RDONLY, 0, e);
	ssize_t n = fd < 0 ? fd : pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return fd < 0 ? fd : err_set(e, errno, "read cgroup.events");
	text[n] = '\0';
	if (!cgroup_text_value(text, "populated", &populated) || !cgroup_text_value(text, "frozen", &frozen))
		return err_say(e, ENOENT, "cgroup.events does not say all");
	*ret_frozen = frozen != 0;
	return populated != 0;
}

int64_t cgroup_clock_ms(void)
{
	return clock_us() / 1000;
}

/*
 * The file becomes readable (POLLPRI) at each change after the last read, but the kernel lets 10 ms pass between two
 * such notices: so the first waits are shorter than that, and look by themselves.
 */
int cgroup_wait_event(int cgroup, const char *key, bool wanted, int timeout_ms, struct err *e)
{
	auto_fd int fd = open_events(cgroup, e);
	int64_t end = cgroup_clock_ms() + timeout_ms;

	if (fd < 0)
		return fd;
	for (int wait_ms = POLL_FIRST_MS;; wait_ms = MIN(wait_ms * 2, POLL_LAST_MS)) {
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		int state = read_state(fd, key, e);

		if (state < 0 || (state == 1) == wanted)
			return state < 0 ? state : 0;
		if (cgroup_clock_ms() >= end)
			return err_say(e, ETIMEDOUT, "\"%s\" of the cgroup was still %d after %d ms", key, state, timeout_ms);
		if (poll(&p, 1, wait_ms) < 0 && errno != EINTR)
			return err_set(e, errno, "wait for cgroup.events");
	}
}
