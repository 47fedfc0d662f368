// SPDX-License-Identifier: Apache-2.0
/* Processes that the kernel kills for lack of memory are counted, and told of. */
#include <poll.h>

#include "cgroup_fixture.h"

#define LIMIT  "16777216"
#define DEMAND (64 << 20)

/* A cgroup that has little memory, and no swap beside it. */
static int make_small(const char *rest)
{
	struct err e;
	int fd = make(rest);

	OK(file_write(fd, "memory.max", LIMIT, &e));
	(void)file_write(fd, "memory.swap.max", "0", &e); /* a kernel without swap does not have it */
	return fd;
}

/* Wants more than there is once it is told to go on. */
static pid_t hog_in(int cgroup)
{
	pid_t pid = spawn_in(cgroup);
	int status;

	if (pid == 0) {
		raise(SIGSTOP);
		(void)mmap(NULL, DEMAND, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		use_memory(); /* that is killed at the latest when it comes back from the kernel */
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static uint64_t kills_of(int events)
{
	uint64_t n = 12345;

	assert_int_equal(cgroup_oom_kills(events, &n), 0);
	return n;
}

/* poll() says so once for each change that was not read. */
static bool has_changed(int events, int timeout_ms)
{
	struct pollfd p = { .fd = events, .events = POLLPRI };

	return poll(&p, 1, timeout_ms) > 0;
}

static void without_the_controller(void **state)
{
	struct err e;
	int fd = make("none"), events = cgroup_oom_open(fd);

	(void)state;
	if (available & BIT(CGROUP_MEMORY)) {
		assert_int_equal(kills_of(events), 0);
		close(events);
	} else {
		assert_int_equal(events, -ENOENT);
	}
	close(fd);
	OK(cgroup_remove(root, below("none"), &e));
}

static void each_is_counted(void **state)
{
	struct err e;

	(void)state;
	need(CGROUP_MEMORY);
	int fd = make_small("oom"), events = cgroup_oom_open(fd), inner = make("oom/below");

	assert_true(events >= 0);
	assert_int_equal(kills_of(events), 0);
	assert_false(has_changed(events, 0));
	for (uint64_t n = 1; n <= 3; n++) {
		pid_t pid = hog_in(n == 3 ? inner : fd); /* below it counts, too */

		kill(pid, SIGCONT);
		assert_int_equal(reap(pid), 128 + SIGKILL);
		assert_true(has_changed(events, -1)); /* at once, or some milliseconds later */
		assert_int_equal(kills_of(events), n);
	}
	pid_t pid = sleep_in(fd); /* killed by a user: that is another matter */

	kill(pid, SIGKILL);
	assert_int_equal(reap(pid), 128 + SIGKILL);
	assert_int_equal(kills_of(events), 3);
	close(inner);
	close(fd);
	OK(cgroup_remove(root, below("oom"), &e));
	uint64_t none;

	assert_int_equal(cgroup_oom_kills(events, &none), -ENODEV);
	close(events);
}

struct seen {
	pid_t hog; /* goes on at the first tick: the watch has begun then */
	int oom;
};

static int see(enum cgroup_notice what, void *arg, struct err *e)
{
	struct seen *seen = arg;

	(void)e;
	if (what == CGROUP_OOM)
		seen->oom++;
	else
		kill(seen->hog, SIGCONT);
	return 0;
}

/* With its last process the cgroup is empty, and the watch at its end: not before that was told. */
static void the_last_one_is_told(void **state)
{
	struct err e;

	(void)state;
	need(CGROUP_MEMORY);
	for (int i = 0; i < 10; i++) {
		int fd = make_small("watched");
		struct seen seen = { .hog = hog_in(fd) };

		OK(cgroup_watch(fd, 10, see, &seen, &e));
		assert_int_equal(seen.oom, 1);
		assert_int_equal(reap(seen.hog), 128 + SIGKILL);
		close(fd);
		OK(cgroup_remove(root, below("watched"), &e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_controller),
		cmocka_unit_test(each_is_counted),
		cmocka_unit_test(the_last_one_is_told),
	};

	if (geteuid() != 0) {
		printf("skipped: cgroups are made as root here\n");
		return 0;
	}
	return cmocka_run_group_tests_name("cgroups: out of memory", tests, setup, teardown);
}
