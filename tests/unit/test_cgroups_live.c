// SPDX-License-Identifier: Apache-2.0
/*
 * Real cgroups of this machine, below one folder of our own. What the machine lacks (root, a controller) is skipped
 * with the reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "cgroups/cgroups.h"
#include "cgroups/controllers.h"

#define OK(call) assert_ok((call), &e, #call)
#define FAILS(call, errnum) assert_fails((call), (errnum), &e, #call)

static int root = -1;
static char base[64];	  /* "/paene-test-PID": all cgroups of the test are below it */
static unsigned available; /* controllers of the root */

static int assert_ok(int r, const struct err *e, const char *what)
{
	if (r < 0)
		fail_msg("%s: %s", what, e->text);
	return r;
}

static void assert_fails(int r, int errnum, const struct err *e, const char *what)
{
	if (r != -errnum)
		fail_msg("%s: %d, not %d: %s", what, r, -errnum, r < 0 ? e->text : "");
	print_message("%s\n", e->text);
}

/* A path below the test's own cgroup; good until the next call but three. */
static const char *below(const char *rest)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(path, PATH_MAX, "%s/%s", base, rest);
	return path;
}

static bool exists(const char *path)
{
	return faccessat(root, path + 1, F_OK, 0) == 0;
}

static void need(enum cgroup_controller c)
{
	if (available & BIT(c))
		return;
	print_message("skipped: this machine has no controller %s in cgroup v2\n", cgroup_controller_names[c]);
	skip();
}

static void need_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: needs root\n");
	skip();
}

static void assert_file(int cgroup, const char *file, const char *expected)
{
	char *text;
	struct err e;

	OK(file_read(cgroup, file, 1 << 20, &text, NULL, &e));
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, expected);
	free(text);
}

/* A child that is born in the cgroup. Return: as fork() */
static pid_t spawn_in(int cgroup, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP | (ret_pidfd ? CLONE_PIDFD : 0),
		.pidfd = (uintptr_t)ret_pidfd,
		.cgroup = (uint64_t)cgroup,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = sys_clone3(&args);

	assert_true(pid >= 0);
	return pid;
}

/* A child that sleeps until a signal ends it. */
static pid_t sleep_in(int cgroup)
{
	pid_t pid = spawn_in(cgroup, NULL);

	if (pid != 0)
		return pid;
	for (;;)
		pause();
}

/* Run @f in a child in the cgroup. Return: its exit status */
static int run_in(int cgroup, int (*f)(void *), void *arg)
{
	pid_t pid = spawn_in(cgroup, NULL);
	int status;

	if (pid == 0)
		_exit(f(arg));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Wait for a child, whatever ended it. */
static int reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int make(const char *rest)
{
	struct err e;

	return OK(cgroup_create(root, below(rest), NULL, &e));
}

static int setup(void **state)
{
	struct err e;

	(void)state;
	snprintf(base, sizeof(base), "/paene-test-%d", getpid());
	root = cgroup_open_root(NULL, &e);
	if (root < 0) {
		print_message("%s\n", e.text);
		return -1;
	}
	return cgroup_controllers_read(root, "cgroup.controllers", &available, &e);
}

static int teardown(void **state)
{
	struct err e;

	(void)state;
	if (cgroup_remove(root, base, &e) < 0)
		print_message("%s\n", e.text);
	return exists(base) ? -1 : 0;
}

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
	/* one that is there and empty is taken, and thawed */
	fd = OK(cgroup_open(root, below("a/b/c"), &e));
	OK(cgroup_freeze(fd, true, &e));
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
	pid_t pid = spawn_in(fd, NULL);

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
	for (int i = 0; i < 500 && *count == frozen_at; i++)
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

/* Make a node in a folder of its own, then use it. Return: 0, errno of open(2), or 200 where it cannot be made */
static int use_device(void *arg)
{
	const struct device_use *u = arg;
	char dir[] = "/tmp/paene-node-XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 201;
	int r = mknod("node", u->type | 0600, makedev(u->major, u->minor)) < 0 ? 200 : 0;
	int fd = r ? -1 : open("node", u->flags | O_NONBLOCK | O_CLOEXEC);

	if (!r && fd < 0)
		r = errno;
	(void)unlink("node");
	(void)rmdir(dir);
	return r;
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
	need_root();
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
	need_root();
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

/* What a limit reads back as, after cgroup_set(). */
static void check_limits(enum cgroup_controller c, const struct spec_resources *r, const char *file,
			 const char *expected)
{
	struct err e;
	int fd = OK(cgroup_create(root, below("parent/limits"), r, &e));

	OK(cgroup_set(fd, r, &e));
	print_message("%s: %s = %s\n", cgroup_controller_names[c], file, expected);
	assert_file(fd, file, expected);
	close(fd);
	OK(cgroup_remove(root, below("parent/limits"), &e));
}

static void test_memory(void **state)
{
	struct spec_resources r = {
		.memory = { .limit_bytes = { true, 64 << 20 }, .swap_bytes = { true, 96 << 20 },
			    .reservation_bytes = { true, 16 << 20 } },
	};
	struct err e;

	(void)state;
	need(CGROUP_MEMORY);
	check_limits(CGROUP_MEMORY, &r, "memory.max", "67108864");
	check_limits(CGROUP_MEMORY, &r, "memory.swap.max", "33554432");
	check_limits(CGROUP_MEMORY, &r, "memory.low", "16777216");
	r.memory.swap_bytes.v = 64 << 20;
	check_limits(CGROUP_MEMORY, &r, "memory.swap.max", "0");
	r.memory.swap_bytes.v = -1;
	check_limits(CGROUP_MEMORY, &r, "memory.swap.max", "max");

	int fd = OK(cgroup_create(root, below("parent/memory"), &r, &e));
	struct spec_resources small = {
		.memory = { .limit_bytes = { true, 1 }, .check_before_update = { true, true } },
	};
	pid_t pid = sleep_in(fd);

	OK(cgroup_set(fd, &r, &e));
	FAILS(cgroup_set(fd, &small, &e), EBUSY);
	assert_file(fd, "memory.max", "67108864");
	assert_int_equal(cgroup_set_default(fd, "memory.oom.group", "1", &e), 0);
	assert_file(fd, "memory.oom.group", "1");
	OK(cgroup_remove(root, below("parent/memory"), &e));
	reap(pid);
	close(fd);
}

static void test_cpu(void **state)
{
	struct spec_resources r = {
		.cpu = { .shares = { true, 512 }, .quota_us = { true, 20000 }, .period_us = { true, 50000 } },
	};
	const struct spec_resources quota = { .cpu = { .quota_us = { true, 30000 } } };
	const struct spec_resources period = { .cpu = { .period_us = { true, 60000 } } };
	const struct spec_resources unlimited = { .cpu = { .quota_us = { true, -1 } } };
	const struct spec_resources more = { .cpu = { .quota_us = { true, 50000 }, .burst_us = { true, 40000 } } };
	const struct spec_resources less = { .cpu = { .quota_us = { true, 9000 }, .burst_us = { true, 8000 } } };
	const struct spec_resources too_much = { .cpu = { .burst_us = { true, 9001 } } };
	const struct spec_resources idle = { .cpu = { .idle = { true, 1 }, .shares = { true, 1024 } } };
	const struct spec_resources busy = { .cpu = { .idle = { true, 0 }, .shares = { true, 1024 } } };
	struct err e;

	(void)state;
	need(CGROUP_CPU);
	check_limits(CGROUP_CPU, &r, "cpu.weight", "59");
	check_limits(CGROUP_CPU, &r, "cpu.max", "20000 50000");
	int fd = OK(cgroup_create(root, below("parent/cpu"), &r, &e));

	OK(cgroup_set(fd, &r, &e));
	OK(cgroup_set(fd, &quota, &e));
	assert_file(fd, "cpu.max", "30000 50000");
	OK(cgroup_set(fd, &period, &e));
	assert_file(fd, "cpu.max", "30000 60000");
	OK(cgroup_set(fd, &unlimited, &e));
	assert_file(fd, "cpu.max", "max 60000");
	OK(cgroup_set(fd, &less, &e));
	OK(cgroup_set(fd, &more, &e));
	assert_file(fd, "cpu.max.burst", "40000");
	OK(cgroup_set(fd, &less, &e));
	assert_file(fd, "cpu.max.burst", "8000");
	FAILS(cgroup_set(fd, &too_much, &e), EINVAL);
	OK(cgroup_set(fd, &idle, &e));
	assert_file(fd, "cpu.idle", "1");
	OK(cgroup_set(fd, &idle, &e));
	OK(cgroup_set(fd, &busy, &e));
	assert_file(fd, "cpu.weight", "100");
	OK(cgroup_remove(root, below("parent/cpu"), &e));
	close(fd);
}

static void test_pids_and_cpuset(void **state)
{
	const struct spec_resources r = { .pids_limit = { true, 17 } };
	const struct spec_resources zero = { .pids_limit = { true, 0 } };
	const struct spec_resources cpus = { .cpu = { .cpus = (char *)"0", .mems = (char *)"0" } };

	(void)state;
	need(CGROUP_PIDS);
	check_limits(CGROUP_PIDS, &r, "pids.max", "17");
	check_limits(CGROUP_PIDS, &zero, "pids.max", "max");
	need(CGROUP_CPUSET);
	check_limits(CGROUP_CPUSET, &cpus, "cpuset.cpus", "0");
	check_limits(CGROUP_CPUSET, &cpus, "cpuset.mems", "0");
}

/* The number of some whole disk of this machine. Return: whether there is one */
static bool some_disk(unsigned *major, unsigned *minor)
{
	static const char *const names[] = { "vda", "sda", "nvme0n1", "loop0" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64];
		FILE *f;

		snprintf(path, sizeof(path), "/sys/block/%s/dev", names[i]);
		f = fopen(path, "re");
		if (!f)
			continue;
		int n = fscanf(f, "%u:%u", major, minor);

		fclose(f);
		if (n == 2)
			return true;
	}
	return false;
}

static void test_io(void **state)
{
	unsigned major, minor;
	char expected[80];

	(void)state;
	need(CGROUP_IO);
	if (!some_disk(&major, &minor)) {
		print_message("skipped: no disk\n");
		skip();
	}
	struct spec_throttle_device rate = { major, minor, 1 << 20 }, nowhere = { 4095, 1, 1 };
	const struct spec_resources r = { .block_io = { .throttle = { [THROTTLE_WRITE_BPS] = { &rate, 1 } } } };
	const struct spec_resources bad = { .block_io = { .throttle = { [THROTTLE_READ_IOPS] = { &nowhere, 1 } } } };
	const struct spec_resources weight = { .block_io = { .weight = { true, 100 } } };
	struct err e;

	snprintf(expected, sizeof(expected), "%u:%u rbps=max wbps=1048576 riops=max wiops=max", major, minor);
	check_limits(CGROUP_IO, &r, "io.max", expected);
	int fd = OK(cgroup_create(root, below("parent/io"), &bad, &e));

	FAILS(cgroup_set(fd, &bad, &e), ENODEV);
	int weights = cgroup_set(fd, &weight, &e);

	if (weights == 0 && faccessat(fd, "io.bfq.weight", F_OK, 0) == 0)
		assert_file(fd, "io.bfq.weight", "default 100");
	else if (weights == 0)
		assert_file(fd, "io.weight", "default 910");
	else
		print_message("%s\n", e.text);
	OK(cgroup_remove(root, below("parent/io"), &e));
	close(fd);
}

static void test_unified(void **state)
{
	struct spec_pair pair = { (char *)"cgroup.max.depth", (char *)"3" };
	const struct spec_resources r = { .unified = { &pair, 1 } };
	struct err e;
	int fd = make("unified");

	(void)state;
	OK(cgroup_set(fd, &r, &e));
	assert_file(fd, "cgroup.max.depth", "3");
	pair.value = (char *)"many";
	FAILS(cgroup_set(fd, &r, &e), EINVAL);
	pair.key = (char *)"cgroup.nosuch";
	FAILS(cgroup_set(fd, &r, &e), ENOENT);
	FAILS(cgroup_create(root, below("unified/a/b/c/d/e"), NULL, &e), EAGAIN);
	assert_false(exists(below("unified/a")));
	close(fd);
}

static int burn(void *arg)
{
	(void)arg;
	for (struct timespec t = { 0 }; t.tv_sec == 0 && t.tv_nsec < 50000000;)
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 0;
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
		assert_true(s.memory_peak_bytes > 0);
	}
	assert_int_equal(s.has_pids, !!(available & BIT(CGROUP_PIDS)));
	OK(cgroup_remove(root, below("parent/stats"), &e));
	FAILS(cgroup_read_stats(fd, &s, &e), ENOENT);
	close(fd);
}

/* Makers and removers of the same parents at the same time: each gets its own cgroup all the same. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),		   cmocka_unit_test(test_create),
		cmocka_unit_test(test_missing_controller), cmocka_unit_test(test_internal_process),
		cmocka_unit_test(test_remove_tree),	   cmocka_unit_test(test_remove_deep),
		cmocka_unit_test(test_freeze),		   cmocka_unit_test(test_signal),
		cmocka_unit_test(test_threaded),	   cmocka_unit_test(test_devices),
		cmocka_unit_test(test_many_device_rules),  cmocka_unit_test(test_memory),
		cmocka_unit_test(test_cpu),		   cmocka_unit_test(test_pids_and_cpuset),
		cmocka_unit_test(test_io),		   cmocka_unit_test(test_unified),
		cmocka_unit_test(test_stats),		   cmocka_unit_test(test_race),
	};

	if (access("/proc/self/cgroup", R_OK) < 0 || geteuid() != 0) {
		printf("skipped: cgroups are made as root here\n");
		return 0;
	}
	return cmocka_run_group_tests_name("cgroups: live", tests, setup, teardown);
}
