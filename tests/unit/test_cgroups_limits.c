// SPDX-License-Identifier: Apache-2.0
/* Limits as the kernel reads them back, and as it enforces them. */
#include "tests/unit/cgroup_fixture.h"

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
	pid_t pid = stop_in(fd);

	OK(cgroup_set(fd, &r, &e));
	FAILS(cgroup_set(fd, &small, &e), EBUSY);
	assert_file(fd, "memory.max", "67108864");
	assert_int_equal(cgroup_set_default(fd, "memory.oom.group", "1", &e), 0);
	assert_file(fd, "memory.oom.group", "1");
	OK(cgroup_remove(root, below("parent/memory"), &e));
	reap(pid);
	close(fd);
}

static int eat_memory(void *arg)
{
	(void)arg;
	for (int i = 0; i < 64; i++)
		use_memory();
	return 0;
}

static void test_memory_enforced(void **state)
{
	const struct spec_resources r = {
		.memory = { .limit_bytes = { true, 16 << 20 }, .swap_bytes = { true, 16 << 20 } },
	};
	struct cgroup_stats s;
	struct err e;

	(void)state;
	need(CGROUP_MEMORY);
	int fd = OK(cgroup_create(root, below("parent/hog"), &r, &e));

	OK(cgroup_set(fd, &r, &e));
	assert_int_equal(run_in(fd, eat_memory, NULL), 128 + SIGKILL);
	OK(cgroup_read_stats(fd, &s, &e));
	assert_int_equal(s.oom_kills, 1);
	assert_true(s.oom_events >= 1);
	assert_int_equal(s.memory_limit_bytes, 16 << 20);
	assert_true(s.memory_peak_bytes <= 16 << 20);
	OK(cgroup_remove(root, below("parent/hog"), &e));
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

static int fork_twice(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return errno;
		if (pid == 0)
			for (;;)
				pause();
	}
	return 0;
}

static void test_pids(void **state)
{
	const struct spec_resources r = { .pids_limit = { true, 17 } }, two = { .pids_limit = { true, 2 } };
	const struct spec_resources zero = { .pids_limit = { true, 0 } };
	struct cgroup_stats s;
	struct err e;

	(void)state;
	need(CGROUP_PIDS);
	check_limits(CGROUP_PIDS, &r, "pids.max", "17");
	check_limits(CGROUP_PIDS, &zero, "pids.max", "1");
	int fd = OK(cgroup_create(root, below("parent/pids"), &two, &e));

	OK(cgroup_set(fd, &two, &e));
	assert_int_equal(run_in(fd, fork_twice, NULL), EAGAIN);
	OK(cgroup_read_stats(fd, &s, &e));
	assert_int_equal(s.pids, 1);
	assert_int_equal(s.pids_limit, 2);
	assert_true(s.pids_max_events >= 1);
	OK(cgroup_remove(root, below("parent/pids"), &e));
	close(fd);
}

static void test_cpuset(void **state)
{
	const struct spec_resources cpus = { .cpu = { .cpus = (char *)"0", .mems = (char *)"0" } };
	struct spec_pair all = { (char *)"cpuset.cpus", (char *)"" };
	const struct spec_resources none = { .unified = { &all, 1 } };
	struct err e;

	(void)state;
	need(CGROUP_CPUSET);
	check_limits(CGROUP_CPUSET, &cpus, "cpuset.cpus", "0");
	check_limits(CGROUP_CPUSET, &cpus, "cpuset.mems", "0");
	int fd = OK(cgroup_create(root, below("parent/cpuset"), &cpus, &e));

	OK(cgroup_set(fd, &cpus, &e));
	OK(cgroup_set(fd, &none, &e));
	assert_file(fd, "cpuset.cpus", "");
	OK(cgroup_remove(root, below("parent/cpuset"), &e));
	close(fd);
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

/* A write that is refused undoes those before it, and nothing else. */
static void test_change(void **state)
{
	struct spec_pair pairs[] = {
		{ (char *)"cgroup.max.depth", (char *)"3" }, { (char *)"cgroup.max.descendants", (char *)"7" },
	};
	const struct spec_resources r = { .unified = { pairs, 2 } };
	struct err e;
	int fd = make("change");

	(void)state;
	OK(cgroup_change(fd, &r, &e));
	assert_file(fd, "cgroup.max.depth", "3");
	assert_file(fd, "cgroup.max.descendants", "7");
	pairs[0].value = (char *)"4";
	pairs[1].value = (char *)"many";
	FAILS(cgroup_change(fd, &r, &e), EINVAL);
	assert_file(fd, "cgroup.max.depth", "3");
	assert_file(fd, "cgroup.max.descendants", "7");
	pairs[1].key = (char *)"cgroup.nosuch";
	FAILS(cgroup_change(fd, &r, &e), ENOENT);
	assert_file(fd, "cgroup.max.depth", "3");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_enforced),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_pids),
		cmocka_unit_test(test_cpuset),
		cmocka_unit_test(test_io),
		cmocka_unit_test(test_unified),
		cmocka_unit_test(test_change),
	};

	if (geteuid() != 0) {
		printf("skipped: cgroups are made as root here\n");
		return 0;
	}
	return cmocka_run_group_tests_name("cgroups: limits", tests, setup, teardown);
}
