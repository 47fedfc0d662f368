// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroups/cgroups.h"
#include "cgroups/events.h"
#include "cgroups/text.h"

enum watched {
	MEMORY_EVENTS,
	CGROUP_EVENTS,
	WATCHED_COUNT,
};

static const struct {
	const char *file, *key;
} watched[] = {
	[MEMORY_EVENTS] = { "memory.events", "oom_kill" },
	[CGROUP_EVENTS] = { "cgroup.events", "populated" },
};
static_assert(ARRAY_SIZE(watched) == WATCHED_COUNT, "a file for each");

struct watch {
	struct pollfd fds[WATCHED_COUNT];
	uint64_t oom_kills;
};

static void watch_guard(struct watch *w)
{
	for (size_t i = 0; i < WATCHED_COUNT; i++)
		fd_guard(&w->fds[i].fd);
}
#define auto_watch __attribute__((cleanup(watch_guard)))

/* The number now; reading it makes the file wait for its next change. 0 where the cgroup is gone. */
static uint64_t value_now(const struct watch *w, enum watched which)
{
	char text[CGROUP_SMALL_FILE];
	ssize_t n = w->fds[which].fd < 0 ? -1 : pread(w->fds[which].fd, text, sizeof(text) - 1, 0);
	uint64_t v;

	text[MAX(n, 0)] = '\0';
	return cgroup_text_value(text, watched[which].key, &v) ? v : 0;
}

static int open_files(int cgroup, struct watch *w, struct err *e)
{
	for (size_t i = 0; i < WATCHED_COUNT; i++) {
		int fd = openat(cgroup, watched[i].file, O_RDONLY | O_CLOEXEC);

		/* poll() skips what is below 0 */
		if (fd < 0 && (errno != ENOENT || i == CGROUP_EVENTS))
			return err_set(e, errno, "open %s", watched[i].file);
		w->fds[i] = (struct pollfd){ .fd = fd, .events = POLLPRI };
	}
	w->oom_kills = value_now(w, MEMORY_EVENTS);
	return 0;
}

/* Return: 1 where there was a new one, else 0 */
static int oom_happened(struct watch *w)
{
	uint64_t now = value_now(w, MEMORY_EVENTS);
	bool more = now > w->oom_kills;

	w->oom_kills = now;
	return more;
}

int cgroup_watch(int cgroup, int64_t interval_ms, int (*f)(enum cgroup_notice what, void *arg, struct err *e), void *arg,
		 struct err *e)
{
	auto_watch struct watch w = { .fds = { { .fd = -1 }, { .fd = -1 } } };
	int64_t next = cgroup_clock_ms() + interval_ms;
	int r = open_files(cgroup, &w, e);

	while (r >= 0) {
		int64_t left = next - cgroup_clock_ms();
		bool empty = value_now(&w, CGROUP_EVENTS) == 0; /* asked first: what was killed as the last is told, too */

		if (oom_happened(&w))
			r = f(CGROUP_OOM, arg, e);
		if (r < 0 || empty)
			break;
		if (left <= 0) {
			next = cgroup_clock_ms() + interval_ms;
			r = f(CGROUP_TICK, arg, e);
		} else if (poll(w.fds, WATCHED_COUNT, (int)MIN(left, INT32_MAX)) < 0 && errno != EINTR) {
			r = err_set(e, errno, "wait for the cgroup's events");
		}
	}
	return r < 0 ? r : 0;
}
