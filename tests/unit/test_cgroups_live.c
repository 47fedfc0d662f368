// SPDX-License-Identifier: Apache-2.0
/* Real cgroups: made, frozen, signalled, killed, removed, counted; device nodes. */
#include "tests/unit/cgroup_fixture.h"

#include <inttypes.h>
#include <linux/bpf.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>

static void test_root(void **state)
{
	char path[PATH_MAX], own[PATH_MAX];
	struct err e;
	int fd = OK(cgroup_open_root(path, &e));

	(void)state;
	print_message("cgroup2 is at %s, controllers 0x%x\n", path, available);
	assert_int_equal(faccessat(fd, "cgroup.controllers", R_OK, 0), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	OK(cgroup_own_path(own, &e));
	assert_int_equal(own[0], '/');
}

static void test_create(void **state)
{
	struct err e;

	(void)state;
	int fd = make("a/b/c");

	assert_true(exists(below("a/b/c")));
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	/* one that is there, empty and not frozen, is taken */
	fd = OK(cgroup_open(root, below("a/b/c"), &e));
	OK(cgroup_freeze(fd, true, &e));
	FAILS(cgroup_create(root, below("a/b/c"), NULL, &e), EBUSY);
	OK(cgroup_freeze(fd, false, &e));
	close(fd);
	fd = make("a/b/c");
	assert_int_equal(cgroup_is_frozen(fd, &e), 0);
	/* one that is in use is not */
	pid_t pid = sleep_in(fd);

	FAILS(cgroup_create(root, below("a/b/c"), NULL, &e), EEXIST);
	assert_true(exists(below("a/b/c")));
	OK(cgroup_remove(root, below("a/b/c"), &e));
	assert_int_equal(reap(pid), 128 + SIGKILL);
	assert_false(exists(below("a/b/c")));
	assert_true(exists(below("a/b"))); /* shared */
	OK(cgroup_remove(root, below("a/b/c"), &e));
	OK(cgroup_remove(root, below("no/such/one"), &e));
	close(fd);
	FAILS(cgroup_open(root, below("a/b/c"), &e), ENOENT);
	FAILS(cgroup_create(root, "/a/../../b", NULL, &e), EINVAL);
	FAILS(cgroup_remove(root, "/..", &e), EINVAL);
	FAILS(cgroup_open(root, "/", &e), EINVAL);
	FAILS(cgroup_create(root, below("a/cgroup.procs/x"), NULL, &e), ENOTDIR);
}

static void test_missing_controller(void **state)
{
	const struct spec_resources memory = { .memory = { .limit_bytes = { true, 1 << 20 } } };
	struct spec_pair odd = { (char *)"nosuch.max", (char *)"1" };
	const struct spec_resources unified = { .unified = { &odd, 1 } };
	const struct spec_resources unlimited = { .memory = { .limit_bytes = { true, -1 } }, .pids_limit = { true, -1 } };
	struct err e;
	int fd = make("missing");

	(void)state;
	FAILS(cgroup_set(fd, &unified, &e), ENOENT);
	OK(cgroup_set(fd, &unlimited, &e));
	assert_int_equal(cgroup_set_default(fd, "nosuch.max", "1", &e), 1);
	close(fd);
	if (available & BIT(CGROUP_MEMORY)) {
		print_message("skipped: this machine has the memory controller\n");
		skip();
	}
	FAILS(cgroup_create(root, below("new/parent/x"), &memory, &e), ENOENT);
	assert_non_null(strstr(e.text, "memory"));
	assert_false(exists(below("new"))); /* what it made is gone again */
	fd = OK(cgroup_open(root, below("missing"), &e));
	FAILS(cgroup_set(fd, &memory, &e), ENOENT);
	assert_int_equal(cgroup_set_default(fd, "memory.max", "1", &e), 1);
	close(fd);
}

/* A cgroup with processes of its own cannot hand domain controllers down. */
static void test_internal_process(void **state)
{
	struct spec_hugepage_limit huge = { (char *)"2MB", 4 << 20 };
	const struct spec_resources want = { .hugepage_limits = { &huge, 1 } };
	struct err e;

	(void)state;
	need(CGROUP_HUGETLB);
	int fd = make("internal");
	pid_t pid = sleep_in(fd);

	FAILS(cgroup_create(root, below("internal/x"), &want, &e), EBUSY);
	assert_non_null(strstr(e.text, "hugetlb"));
	assert_non_null(strstr(e.text, "processes of its own"));
	assert_false(exists(below("internal/x")));
	OK(cgroup_kill(fd, &e));
	reap(pid);
	close(fd);
	fd = OK(cgroup_create(root, below("internal/x"), &want, &e));
	OK(cgroup_set(fd, &want, &e));
	assert_file(fd, "hugetlb.2MB.max", "4194304");
	close(fd);
}

/* The threaded controllers (pids, cpu) would be handed down, and make the cgroup below one that nobody can enter. */
static void test_internal_process_threaded(void **state)
{
	const struct spec_resources want = { .pids_limit = { true, 10 } };
	struct err e;

	(void)state;
	need(CGROUP_PIDS);
	int fd = make("threaded");
	pid_t pid = sleep_in(fd);

	FAILS(cgroup_create(root, below("threaded/x"), &want, &e), EBUSY);
	assert_file(fd, "cgroup.type", "domain");
	int inner = make("threaded/y/z");

	assert_file(inner, "cgroup.type", "domain");
	OK(cgroup_remove(root, below("threaded"), &e));
	reap(pid);
	close(inner);
	close(fd);
}

static void test_remove_tree(void **state)
{
	struct err e;
	int fd = make("tree");
	pid_t pids[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pids) / 2; i++)
		pids[i] = sleep_in(fd);
	/* a cgroup in use cannot hand controllers down, which nobody asked for here: it is made all the same */
	int inner = make("tree/.hidden/..x/y");

	for (size_t i = ARRAY_SIZE(pids) / 2; i < ARRAY_SIZE(pids); i++)
		pids[i] = sleep_in(inner);
	OK(cgroup_remove(root, below("tree"), &e));
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		assert_int_equal(reap(pids[i]), 128 + SIGKILL);
	assert_false(exists(below("tree")));
	close(fd);
	close(inner);
}

/* A container may nest deeper than a process can hold fds. */
static void test_remove_deep(void **state)
{
	enum { DEPTH = 1200 };
	struct err e;
	pid_t *pids;
	size_t n;
	int fd = make("deep"), top = dup(fd), depth = 0;

	(void)state;
	for (; depth < DEPTH && mkdirat(fd, "d", 0755) == 0; depth++) {
		int next = openat(fd, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);

		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	print_message("%d levels\n", depth);
	assert_true(depth > 100);
	pid_t pid = sleep_in(fd);

	OK(cgroup_pids(top, &pids, &n, &e));
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], pid);
	free(pids);
	OK(cgroup_remove(root, below("deep"), &e));
	assert_int_equal(reap(pid), 128 + SIGKILL);
	assert_false(exists(below("deep")));
	close(fd);
	close(top);
}

static void test_freeze(void **state)
{
	volatile uint64_t *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct timespec pause_20ms = { .tv_nsec = 20000000 };
	struct err e;
	int fd = make("freeze");
	pid_t pid = spawn_in(fd);

	(void)state;
	if (pid == 0)
		for (;;)
			++*count;
	assert_int_equal(cgroup_is_frozen(fd, &e), 0);
	OK(cgroup_freeze(fd, true, &e));
	assert_int_equal(cgroup_is_frozen(fd, &e), 1);
	uint64_t frozen_at = *count;

	nanosleep(&pause_20ms, NULL);
	assert_true(*count == frozen_at);
	OK(cgroup_freeze(fd, false, &e));
	for (int i = 0; i < 6000 && *count == frozen_at; i++) /* two minutes */
		nanosleep(&pause_20ms, NULL);
	assert_true(*count > frozen_at);
	OK(cgroup_freeze(fd, true, &e)); /* killed while frozen */
	OK(cgroup_remove(root, below("freeze"), &e));
	assert_int_equal(reap(pid), 128 + SIGKILL);
	close(fd);
	munmap((void *)(uintptr_t)count, 4096);
}

static void test_signal(void **state)
{
	struct err e;
	int fd = make("signal"), inner = make("signal/inner");
	struct rlimit all, few = { .rlim_cur = 40 };
	pid_t sleepers[300], *listed;
	size_t n;

	(void)state;
	assert_int_equal(cgroup_signal(fd, SIGTERM, &e), 0);
	OK(cgroup_pids(fd, &listed, &n, &e));
	assert_int_equal(n, 0);
	free(listed);
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++)
		sleepers[i] = sleep_in(i % 3 ? inner : fd);
	OK(cgroup_pids(fd, &listed, &n, &e));
	assert_int_equal(n, ARRAY_SIZE(sleepers));
	free(listed);
	/* a signal that nobody dies of: each gets it once, and the loop ends; with few fds too */
	assert_int_equal(cgroup_signal(fd, SIGCONT, &e), ARRAY_SIZE(sleepers));
	getrlimit(RLIMIT_NOFILE, &all);
	few.rlim_max = all.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	assert_int_equal(cgroup_signal(fd, SIGTERM, &e), ARRAY_SIZE(sleepers));
	setrlimit(RLIMIT_NOFILE, &all);
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++)
		assert_int_equal(reap(sleepers[i]), 128 + SIGTERM);
	OK(cgroup_remove(root, below("signal"), &e));
	close(fd);
	close(inner);
}

/* In a threaded cgroup there is neither cgroup.kill nor cgroup.procs to read. */
static void test_threaded(void **state)
{
	struct err e;
	int fd = make("domain"), inner = make("domain/threads");
	pid_t pid = sleep_in(fd), *listed;
	size_t n;

	(void)state;
	OK(file_write(inner, "cgroup.type", "threaded", &e));
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	OK(file_write(inner, "cgroup.threads", text, &e));
	OK(cgroup_pids(fd, &listed, &n, &e));
	assert_int_equal(n, 1);
	free(listed);
	OK(cgroup_kill(fd, &e));
	assert_int_equal(reap(pid), 128 + SIGKILL);
	OK(cgroup_remove(root, below("domain"), &e));
	close(fd);
	close(inner);
}

struct device_use {
	mode_t type;
	unsigned major, minor;
	int flags; /* of open(2) */
};

/* Make a node where nodes work, then use it. Return: 0, errno of open(2), or 200 where it cannot be made */
static int use_device(void *arg)
{
	const struct device_use *u = arg;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0)
		return 201;
	if (mknod("/tmp/node", u->type | 0600, makedev(u->major, u->minor)) < 0)
		return 200;
	return open("/tmp/node", u->flags | O_NONBLOCK | O_CLOEXEC) < 0 ? errno : 0;
}

static uint32_t attached_programs(int cgroup)
{
	union bpf_attr attr = { .query.target_fd = (uint32_t)cgroup, .query.attach_type = BPF_CGROUP_DEVICE };

	return syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0 ? UINT32_MAX : attr.query.prog_cnt;
}

static void test_devices(void **state)
{
	static struct device_use null = { S_IFCHR, 1, 3, O_RDWR }, kmsg = { S_IFCHR, 1, 11, O_RDONLY },
				 kmsg_write = { S_IFCHR, 1, 11, O_WRONLY }, disk = { S_IFBLK, 254, 0, O_RDONLY };
	struct spec_device_rule all = { .allow = true, .type = 'a', .read = true, .write = true, .mknod = true };
	struct spec_device_rule read_kmsg[] = {
		all,
		{ .allow = false, .type = 'c', .major = { true, 1 }, .minor = { true, 11 }, .write = true },
	};
	const struct spec_device_rules everything = { &all, 1 }, no_write = { read_kmsg, 2 };
	struct err e;

	(void)state;
	int fd = make("devices");
	int r = cgroup_set_devices(fd, NULL, false, &e);

	if (r == -EPERM) {
		print_message("skipped: %s\n", e.text);
		skip();
	}
	OK(r);
	assert_int_equal(attached_programs(fd), 1);
	assert_int_equal(run_in(fd, use_device, &null), 0);
	assert_int_equal(run_in(fd, use_device, &kmsg), EPERM);
	assert_int_equal(run_in(fd, use_device, &disk), EPERM);

	OK(cgroup_set_devices(fd, &everything, false, &e));
	assert_int_equal(attached_programs(fd), 1);
	assert_int_equal(run_in(fd, use_device, &kmsg), 0);

	OK(cgroup_set_devices(fd, &no_write, false, &e));
	assert_int_equal(attached_programs(fd), 1);
	assert_int_equal(run_in(fd, use_device, &kmsg), 0);
	assert_int_equal(run_in(fd, use_device, &kmsg_write), EPERM);

	const struct spec_device_rules none = { NULL, 0 };

	OK(cgroup_set_devices(fd, &none, false, &e));
	assert_int_equal(run_in(fd, use_device, &null), 200); /* not even made */
	OK(cgroup_set_devices(fd, &none, true, &e));
	assert_int_equal(run_in(fd, use_device, &null), 0);
	assert_int_equal(run_in(fd, use_device, &kmsg), EPERM);
	close(fd);
}

/* The verifier takes long lists of rules too. */
static void test_many_device_rules(void **state)
{
	enum { MANY = 300 };
	struct spec_device_rule *v = calloc(MANY, sizeof(*v));
	const struct spec_device_rules rules = { v, MANY };
	struct err e;

	(void)state;
	int fd = make("many");

	for (int i = 0; i < MANY; i++)
		v[i] = (struct spec_device_rule){
			.allow = i % 3 != 0, .type = "cb"[i % 2], .major = { true, i % 300 }, .minor = { i % 5 != 0, i % 7 },
			.read = i % 2, .write = i % 4 > 1, .mknod = i % 8 > 3,
		};
	int r = cgroup_set_devices(fd, &rules, true, &e);

	free(v);
	close(fd);
	if (r == -EPERM) {
		print_message("skipped: %s\n", e.text);
		skip();
	}
	OK(r);
}

static int burn(void *arg)
{
	(void)arg;
	use_memory();
	for (struct timespec t = { 0 }; t.tv_sec == 0 && t.tv_nsec < 50000000;)
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 0;
}

/* A limit counts for all that is below; the cgroup's own is no part of it. */
static void test_limit_above(void **state)
{
	struct err e;
	int parent = make("parent"), fd = make("parent/low");

	(void)state;
	uint64_t before = cgroup_memory_limit_above(fd);

	if (available & BIT(CGROUP_MEMORY)) {
		OK(cgroup_set_default(fd, "memory.max", "16777216", &e));
		assert_true(cgroup_memory_limit_above(fd) == before);
		OK(cgroup_set_default(parent, "memory.max", "33554432", &e));
		assert_int_equal(cgroup_memory_limit_above(fd), MIN(before, 32 << 20));
		OK(cgroup_set_default(parent, "memory.max", "max", &e));
	} else {
		assert_true(before == CGROUP_NO_LIMIT);
	}
	OK(cgroup_remove(root, below("parent/low"), &e));
	close(fd);
	close(parent);
}

static void test_stats(void **state)
{
	struct cgroup_stats s;
	struct err e;
	int fd = make("parent/stats");

	(void)state;
	assert_int_equal(run_in(fd, burn, NULL), 0);
	OK(cgroup_read_stats(fd, &s, &e));
	print_message("cpu %" PRIu64 " us, memory %d, pids %d, io %d, pressure %d\n", s.cpu_usage_us, s.has_memory,
		      s.has_pids, s.has_io, s.cpu_pressure.known);
	assert_true(s.cpu_usage_us >= 50000);
	assert_true(s.cpu_usage_us < 50000000);
	if (available & BIT(CGROUP_MEMORY)) {
		assert_true(s.has_memory);
		assert_true(s.memory_limit_bytes == CGROUP_NO_LIMIT);
		assert_true(s.memory_peak_bytes >= 1 << 20);
	}
	assert_int_equal(s.has_pids, !!(available & BIT(CGROUP_PIDS)));
	OK(cgroup_read_some(fd, CGROUP_NOW, &s, &e));
	assert_true(s.cpu_usage_us >= 50000);
	assert_int_equal(s.has_memory, !!(available & BIT(CGROUP_MEMORY)));
	assert_int_equal(s.has_pids, !!(available & BIT(CGROUP_PIDS)));
	assert_false(s.has_memory_peak || s.has_oom || s.has_pids_peak);
	OK(cgroup_read_some(fd, CGROUP_LAST, &s, &e));
	assert_int_equal(s.has_memory_peak, !!(available & BIT(CGROUP_MEMORY)));
	assert_int_equal(s.has_oom, !!(available & BIT(CGROUP_MEMORY)));
	assert_false(s.has_memory || s.has_pids || s.cpu_pressure.known);
	OK(cgroup_remove(root, below("parent/stats"), &e));
	FAILS(cgroup_read_stats(fd, &s, &e), ENOENT);
	close(fd);
}

/* Makers and removers of cgroups and of their parents at the same time: each gets its own cgroup all the same. */
static int make_and_remove(void *arg)
{
	struct spec_hugepage_limit huge = { (char *)"2MB", 4 << 20 };
	const struct spec_resources want = { .hugepage_limits = { &huge, 1 } };
	char path[PATH_MAX];
	struct err e;

	for (int i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "%s/race/%d/x%d", base, i, *(int *)arg);
		int fd = cgroup_create(root, path, available & BIT(CGROUP_HUGETLB) ? &want : NULL, &e);

		if (fd < 0 || cgroup_remove(root, path, &e) < 0) {
			print_message("%s\n", e.text);
			return 1;
		}
		close(fd);
		*strrchr(path, '/') = '\0';
		(void)unlinkat(root, path + 1, AT_REMOVEDIR); /* the parent, if nobody else is in it */
	}
	return 0;
}

static void test_race(void **state)
{
	pid_t pids[6];
	int status;

	(void)state;
	for (int i = 0; i < (int)ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(make_and_remove(&i));
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
}

struct seen {
	int ticks, oom;
	pid_t pid; /* ended at the third tick */
};

static int see(enum cgroup_notice what, void *arg, struct err *e)
{
	struct seen *seen = arg;

	(void)e;
	if (what == CGROUP_OOM)
		seen->oom++;
	else if (++seen->ticks == 3)
		kill(seen->pid, SIGKILL);
	return 0;
}

static int refuse(enum cgroup_notice what, void *arg, struct err *e)
{
	(void)what;
	(void)arg;
	return err_say(e, EPIPE, "enough");
}

static void test_watch(void **state)
{
	struct seen seen = { .ticks = 0 };
	struct err e;
	int fd = make("watch");

	(void)state;
	OK(cgroup_watch(fd, 1000000, refuse, NULL, &e)); /* nobody is in it */
	seen.pid = sleep_in(fd);
	FAILS(cgroup_watch(fd, 1, refuse, NULL, &e), EPIPE);
	OK(cgroup_watch(fd, 10, see, &seen, &e));
	assert_true(seen.ticks >= 3);
	assert_int_equal(seen.oom, 0);
	close(fd);
	OK(cgroup_remove(root, below("watch"), &e));
}

/* What is not named stays as it is, and counts. */
static void test_complete(void **state)
{
	struct spec_resources nothing = { .given = false }, swap = { .memory.swap_bytes = { true, 1 << 20 } };
	struct spec_resources period = { .cpu.period_us = { true, 50000 } };
	struct err e;
	int fd = make("complete");

	(void)state;
	OK(cgroup_complete(fd, &nothing, &e));
	assert_false(nothing.memory.limit_bytes.set);
	OK(cgroup_complete(fd, &swap, &e)); /* no limit now, or no controller */
	assert_false(swap.memory.limit_bytes.set);
	FAILS(cgroup_set(fd, &swap, &e), EINVAL);
	OK(cgroup_complete(fd, &period, &e));
	assert_true(!period.cpu.quota_us.set || period.cpu.quota_us.v == -1);
	close(fd);
	OK(cgroup_remove(root, below("complete"), &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_missing_controller),
		cmocka_unit_test(test_internal_process),
		cmocka_unit_test(test_internal_process_threaded),
		cmocka_unit_test(test_remove_tree),
		cmocka_unit_test(test_remove_deep),
		cmocka_unit_test(test_freeze),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_threaded),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_many_device_rules),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_limit_above),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_complete),
	};

	if (geteuid() != 0) {
		printf("skipped: cgroups are made as root here\n");
		return 0;
	}
	return cmocka_run_group_tests_name("cgroups: live", tests, setup, teardown);
}
