// SPDX-License-Identifier: Apache-2.0
/* What needs no cgroup: texts of the kernel, units, the list of writes, the device program in an interpreter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cgroups/controllers.h"
#include "cgroups/convert.h"
#include "cgroups/device_program.h"
#include "cgroups/find.h"
#include "cgroups/limits.h"
#include "cgroups/stats.h"
#include "cgroups/text.h"

static const char hybrid_mounts[] =
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	"40 31 0:38 /lower /a/bind rw,relatime shared:1 master:2 - cgroup2 cgroup2 rw\n"
	"41 31 0:38 / /mnt/a\\040folder\\134 rw,relatime shared:1 master:2 - cgroup2 cgroup2 rw\n"
	"42 31 0:38 / /second rw,relatime - cgroup2 cgroup2 rw\n";

static const char hybrid_proc[] = "5:cpuset:/\n4:memory:/some/where\n3:blkio:/\n2:cpu,cpuacct:/\n"
				  "1:name=systemd:/pids\n0::/a/b:c\n";

static void test_find(void **state)
{
	char path[PATH_MAX];

	(void)state;
	assert_true(cgroup_find_mount(hybrid_mounts, path));
	assert_string_equal(path, "/mnt/a folder\\");
	assert_false(cgroup_find_mount("", path));
	assert_false(cgroup_find_mount("1 2 3:4 / /x rw cgroup2 - proc proc rw\n", path));
	assert_false(cgroup_find_mount("1 2 3:4 / /x rw -", path));
	assert_false(cgroup_find_mount("41 31 0:38 / \n- cgroup2", path));

	assert_true(cgroup_find_path(hybrid_proc, path));
	assert_string_equal(path, "/a/b:c");
	assert_false(cgroup_find_path("1:cpu:/\n", path));

	assert_true(cgroup_find_v1(hybrid_proc, "memory"));
	assert_true(cgroup_find_v1(hybrid_proc, "io"));
	assert_true(cgroup_find_v1(hybrid_proc, "cpu"));
	assert_false(cgroup_find_v1(hybrid_proc, "pids"));
	assert_false(cgroup_find_v1(hybrid_proc, "hugetlb"));
	assert_false(cgroup_find_v1("0::/memory\n", "memory"));
}

static void test_check_path(void **state)
{
	static const char *const good[] = { "/a", "/paene/web1", "/a.slice/b:c", "/.hidden/..x" };
	static const char *const bad[] = {
		"", "a", "/", "//", "/a/", "/a//b", "/..", "/a/../b", "/a/..", "/./a", "/a\nb", "/a\177",
	};
	char part[NAME_MAX + 3] = "/";
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(cgroup_check_path(good[i], &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cgroup_check_path(bad[i], &e), -EINVAL);
	memset(part + 1, 'x', NAME_MAX);
	assert_int_equal(cgroup_check_path(part, &e), 0);
	part[NAME_MAX + 1] = 'x';
	assert_int_equal(cgroup_check_path(part, &e), -EINVAL);
}

static void test_controllers(void **state)
{
	(void)state;
	assert_int_equal(cgroup_controllers_parse("cpuset cpu io memory hugetlb pids rdma misc dmem\n"),
			 CGROUP_ALL_CONTROLLERS);
	assert_int_equal(cgroup_controllers_parse("cpu perf_event cpusets\n"), BIT(CGROUP_CPU));
	assert_int_equal(cgroup_controllers_parse("\n"), 0);
	assert_int_equal(cgroup_controllers_parse(""), 0);
	assert_int_equal(cgroup_controller_of_file("memory.swap.max"), CGROUP_MEMORY);
	assert_int_equal(cgroup_controller_of_file("cpuset.cpus"), CGROUP_CPUSET);
	assert_int_equal(cgroup_controller_of_file("cgroup.max.depth"), CGROUP_CONTROLLER_COUNT);
}

static void test_weights(void **state)
{
	static const struct {
		uint64_t shares;
		uint32_t weight;
	} cases[] = {
		{ 0, 1 },	{ 1, 1 },	{ 2, 1 },	  { 3, 2 },	   { 10, 4 },	      { 102, 17 },
		{ 256, 35 },	{ 512, 59 },	{ 1000, 99 },	  { 1024, 100 },   { 1025, 101 },     { 2048, 174 },
		{ 4096, 303 },	{ 10240, 639 }, { 100000, 4340 }, { 167942, 6788 }, { 262143, 10000 }, { 262144, 10000 },
		{ UINT64_MAX, 10000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(cgroup_weight_from_shares(cases[i].shares), cases[i].weight);
	assert_int_equal(cgroup_weight_from_blkio(10), 1);
	assert_int_equal(cgroup_weight_from_blkio(100), 910);
	assert_int_equal(cgroup_weight_from_blkio(1000), 10000);
}

static void test_swap(void **state)
{
	static const struct {
		struct opt_i64 total, memory;
		int result;
		int64_t swap;
	} cases[] = {
		{ { 0 }, { 0 }, 0, 0 },
		{ { 0 }, { true, 100 }, 0, 0 },
		{ { true, 0 }, { true, 100 }, 0, 0 },
		{ { true, -1 }, { 0 }, 1, -1 },
		{ { true, -1 }, { true, 100 }, 1, -1 },
		{ { 0 }, { true, -1 }, 1, -1 },
		{ { true, 100 }, { true, 100 }, 1, 0 },
		{ { true, 300 }, { true, 100 }, 1, 200 },
		{ { true, 99 }, { true, 100 }, -EINVAL, 0 },
		{ { true, 100 }, { 0 }, -EINVAL, 0 },
		{ { true, 100 }, { true, -1 }, -EINVAL, 0 },
		{ { true, -2 }, { true, 100 }, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct spec_memory m = { .limit_bytes = cases[i].memory, .swap_bytes = cases[i].total };
		struct err e;
		int64_t swap = 0;

		assert_int_equal(cgroup_swap_from_total(&m, &swap, &e), cases[i].result);
		assert_int_equal(swap, cases[i].swap);
	}
}

static int compare_plan(const struct spec_resources *r, const char *expected, unsigned controllers)
{
	struct arena arena = { 0 };
	struct limit_list list = { 0 };
	char text[2048] = "";
	struct err e;
	int rc = limits_plan(r, &arena, &list, &e);

	if (rc < 0)
		print_message("%s\n", e.text);
	for (size_t i = 0; i < list.n; i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s=%s%s\n", list.v[i].file, list.v[i].value,
			 list.v[i].flags & LIMIT_OPTIONAL ? "?" : "");
	}
	if (rc == 0) {
		assert_string_equal(text, expected);
		assert_int_equal(limits_controllers(&list), controllers);
	}
	arena_free(&arena);
	return rc;
}

static void test_plan(void **state)
{
	struct spec_pair unified[] = { { (char *)"memory.high", (char *)"5" }, { (char *)"misc.max", (char *)"a 1\nb 2" } };
	struct spec_hugepage_limit huge[] = { { (char *)"2MB", 4096 } };
	struct spec_rdma rdma[] = { { (char *)"mlx5_0", { true, 3 }, { true, 10 } }, { (char *)"mlx5_1", { 0 }, { 0 } } };
	struct spec_throttle_device read[] = { { 8, 0, 1000 } }, write[] = { { 8, 16, 0 } };
	struct spec_weight_device weights[] = { { .major = 8, .minor = 1, .weight = { true, 10 } } };
	const struct spec_resources r = {
		.memory = { .limit_bytes = { true, 1000 }, .swap_bytes = { true, 1500 }, .reservation_bytes = { true, 10 } },
		.cpu = { .shares = { true, 1024 }, .quota_us = { true, 5000 }, .period_us = { true, 10000 },
			 .burst_us = { true, 7 }, .idle = { true, 0 }, .cpus = (char *)"0-1", .mems = (char *)"" },
		.pids_limit = { true, 7 },
		.block_io = { .weight = { true, 1000 }, .weight_devices = weights, .n_weight_devices = 1,
			      .throttle = { [THROTTLE_READ_BPS] = { read, 1 }, [THROTTLE_WRITE_IOPS] = { write, 1 } } },
		.hugepage_limits = { huge, 1 },
		.rdma = { rdma, 2 },
		.unified = { unified, 2 },
	};

	(void)state;
	assert_int_equal(compare_plan(&r,
				      "cpu.idle=0?\ncpu.weight=100\ncpu.max.burst=7\ncpu.max=5000 10000\ncpu.max.burst=7\n"
				      "cpuset.cpus=0-1\nmemory.swap.max=500\nmemory.max=1000\nmemory.low=10\npids.max=7\n"
				      "io.bfq.weight=default 1000\nio.bfq.weight=8:1 10\nio.max=8:0 rbps=1000\n"
				      "io.max=8:16 wiops=max?\nhugetlb.2MB.max=4096\nhugetlb.2MB.rsvd.max=4096?\n"
				      "rdma.max=mlx5_0 hca_handle=3 hca_object=10\nmemory.high=5\nmisc.max=a 1\nb 2\n",
				      CGROUP_ALL_CONTROLLERS & ~BIT(CGROUP_DMEM)), 0);

	/* what asks for nothing needs no controller */
	const struct spec_resources none = {
		.memory = { .limit_bytes = { true, -1 }, .reservation_bytes = { true, 0 }, .swappiness = { true, 60 },
			    .disable_oom_killer = { true, false }, .kernel_bytes = { true, 4096 },
				    .kernel_tcp_bytes = { true, -1 } },
		.cpu = { .shares = { true, 0 }, .quota_us = { true, -1 }, .period_us = { true, 100000 },
			 .burst_us = { true, 0 }, .realtime_period_us = { true, 0 } },
		.pids_limit = { true, -1 },
	};

	assert_int_equal(compare_plan(&none,
				      "cpu.max.burst=0?\ncpu.max=max 100000?\ncpu.max.burst=0?\nmemory.swap.max=max?\n"
				      "memory.max=max?\npids.max=max?\n", 0), 0);

	const struct spec_resources quota = { .cpu = { .quota_us = { true, 9 } } };
	const struct spec_resources period = { .cpu = { .period_us = { true, 9 } } };
	const struct spec_resources idle = { .cpu = { .idle = { true, 1 }, .shares = { true, 5 } } };

	assert_int_equal(compare_plan(&quota, "cpu.max=9\n", BIT(CGROUP_CPU)), 0);
	assert_int_equal(compare_plan(&period, "cpu.max= 9?\n", 0), 0);
	assert_int_equal(compare_plan(&idle, "cpu.idle=1\n", BIT(CGROUP_CPU)), 0);
}

static void test_plan_refuses(void **state)
{
	static char bad_keys[][24] = { "memory", "../memory.max", "a/b.c", ".x", "memory.", "" };
	static char bad_sizes[][24] = { "", "2", "MB", "2mb", "2MB/x", "12345678KB" };
	static char bad_devices[][24] = { "", "a b", "a\nb", "a=1" };
	static const struct spec_resources bad[] = {
		{ .memory = { .limit_bytes = { true, -2 } } },
		{ .cpu = { .idle = { true, 2 } } },
		{ .block_io = { .weight = { true, 9 } } },
		{ .block_io = { .weight = { true, 1001 } } },
	};
	static const struct spec_resources v1[] = {
		{ .cpu = { .realtime_runtime_us = { true, 1 } } },   { .cpu = { .realtime_period_us = { true, 1 } } },
		{ .memory = { .swappiness = { true, 10 } } },	     { .memory = { .disable_oom_killer = { true, true } } },
		{ .block_io = { .leaf_weight = { true, 100 } } },    { .network = { .class_id = { true, 1 } } },
		{ .network = { .n_priorities = 1 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(compare_plan(&bad[i], NULL, 0), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(v1); i++)
		assert_int_equal(compare_plan(&v1[i], NULL, 0), -EOPNOTSUPP);
	for (size_t i = 0; i < ARRAY_SIZE(bad_keys); i++) {
		struct spec_pair pair = { bad_keys[i], (char *)"1" };
		const struct spec_resources r = { .unified = { &pair, 1 } };

		assert_int_equal(compare_plan(&r, NULL, 0), -EINVAL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad_sizes); i++) {
		struct spec_hugepage_limit h = { bad_sizes[i], 1 };
		const struct spec_resources r = { .hugepage_limits = { &h, 1 } };

		assert_int_equal(compare_plan(&r, NULL, 0), -EINVAL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad_devices); i++) {
		struct spec_rdma d = { bad_devices[i], { true, 1 }, { 0 } };
		const struct spec_resources r = { .rdma = { &d, 1 } };

		assert_int_equal(compare_plan(&r, NULL, 0), -EINVAL);
	}
}

/* The few instructions that device_program() uses. Return: the answer, or -1 for what is no such program */
static int run_program(const struct bpf_insn *v, size_t n, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint32_t reg[BPF_REG_10 + 1] = { 0 };

	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *i = &v[pc];
		uint32_t imm = (uint32_t)i->imm;

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			memcpy(&reg[i->dst_reg], (const char *)ctx + i->off, sizeof(uint32_t));
			break;
		case BPF_ALU | BPF_X | BPF_MOV:
			reg[i->dst_reg] = reg[i->src_reg];
			break;
		case BPF_ALU | BPF_K | BPF_MOV:
			reg[i->dst_reg] = imm;
			break;
		case BPF_ALU | BPF_K | BPF_AND:
			reg[i->dst_reg] &= imm;
			break;
		case BPF_ALU | BPF_K | BPF_RSH:
			reg[i->dst_reg] >>= imm;
			break;
		case BPF_ALU | BPF_K | BPF_LSH:
			reg[i->dst_reg] <<= imm;
			break;
		case BPF_ALU | BPF_X | BPF_OR:
			reg[i->dst_reg] |= reg[i->src_reg];
			break;
		case BPF_JMP32 | BPF_K | BPF_JNE:
			pc += reg[i->dst_reg] != imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP32 | BPF_K | BPF_JSET:
			pc += reg[i->dst_reg] & imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_JA:
			pc += (size_t)i->off;
			break;
		case BPF_JMP | BPF_EXIT:
			return (int)reg[BPF_REG_0];
		default:
			return -1;
		}
	}
	return -1;
}

static bool speaks(const struct spec_device_rule *r, char type, uint32_t major, uint32_t minor, uint32_t bit)
{
	return (r->type == 'a' || r->type == type) && (!r->major.set || r->major.v == -1 || r->major.v == major) &&
	       (!r->minor.set || r->minor.v == -1 || r->minor.v == minor) &&
	       ((bit == BPF_DEVCG_ACC_READ && r->read) || (bit == BPF_DEVCG_ACC_WRITE && r->write) ||
		(bit == BPF_DEVCG_ACC_MKNOD && r->mknod));
}

/* The words of the contract, slowly: for each access, the last rule that speaks about it; none: denied. */
static int oracle(const struct spec_device_rules *rules, char type, uint32_t major, uint32_t minor, uint32_t access)
{
	for (uint32_t bit = 1; bit <= 4; bit <<= 1) {
		bool allow = false;

		if (!(access & bit))
			continue;
		for (size_t i = 0; i < rules->n; i++)
			if (speaks(&rules->v[i], type, major, minor, bit))
				allow = rules->v[i].allow;
		if (!allow)
			return 0;
	}
	return 1;
}

static struct opt_i64 random_number(void)
{
	return (struct opt_i64){ .set = rand() % 4 != 0, .v = rand() % 4 - 1 };
}

static void check_program(const struct spec_device_rules *rules)
{
	struct arena arena = { 0 };
	struct bpf_insn *insns;
	struct err e;
	size_t n;

	assert_int_equal(device_program(rules, false, &arena, &insns, &n, &e), 0);
	for (uint32_t i = 0; i < 2 * 3 * 3 * 8; i++) {
		char type = i % 2 ? 'c' : 'b';
		uint32_t major = i / 2 % 3, minor = i / 6 % 3, access = i / 18;
		const struct bpf_cgroup_dev_ctx ctx = {
			.access_type = access << 16 | (type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK),
			.major = major,
			.minor = minor,
		};

		if (access != 0)
			assert_int_equal(run_program(insns, n, &ctx), oracle(rules, type, major, minor, access));
	}
	arena_free(&arena);
}

static void test_device_program(void **state)
{
	struct spec_device_rule v[6];

	(void)state;
	srand(1);
	for (int round = 0; round < 5000; round++) {
		struct spec_device_rules rules = { v, (size_t)rand() % (ARRAY_SIZE(v) + 1) };

		for (size_t i = 0; i < rules.n; i++)
			v[i] = (struct spec_device_rule){
				.allow = rand() % 2, .type = "abc"[rand() % 3], .major = random_number(), .minor = random_number(),
				.read = rand() % 2, .write = rand() % 2, .mknod = rand() % 2,
			};
		check_program(&rules);
	}
}

static void test_device_defaults(void **state)
{
	static const struct {
		uint32_t type, major, minor, access;
		int answer;
	} cases[] = {
		{ BPF_DEVCG_DEV_CHAR, 1, 3, 6, 1 },    { BPF_DEVCG_DEV_CHAR, 1, 1, 2, 0 },
		{ BPF_DEVCG_DEV_BLOCK, 8, 0, 1, 1 },   { BPF_DEVCG_DEV_BLOCK, 8, 0, 2, 0 },
		{ BPF_DEVCG_DEV_BLOCK, 1, 3, 2, 0 },   { BPF_DEVCG_DEV_CHAR, 136, 77, 6, 1 },
		{ BPF_DEVCG_DEV_CHAR, 5, 3, 2, 0 },    { BPF_DEVCG_DEV_CHAR, 10, 229, 6, 0 },
	};
	struct arena arena = { 0 };
	struct spec_device_rule bad = { .type = 'c', .major = { true, -2 }, .read = true };
	const struct spec_device_rules bad_rules = { &bad, 1 };
	struct bpf_insn *insns;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(device_program(NULL, false, &arena, &insns, &n, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct bpf_cgroup_dev_ctx ctx = { cases[i].access << 16 | cases[i].type, cases[i].major, cases[i].minor };

		assert_int_equal(run_program(insns, n, &ctx), cases[i].answer);
	}
	assert_int_equal(device_program(&bad_rules, false, &arena, &insns, &n, &e), -EINVAL);
	bad = (struct spec_device_rule){ .type = 'c', .minor = { true, 1 << 20 }, .read = true };
	assert_int_equal(device_program(&bad_rules, false, &arena, &insns, &n, &e), -EINVAL);
	bad = (struct spec_device_rule){ .type = 'p', .read = true };
	assert_int_equal(device_program(&bad_rules, false, &arena, &insns, &n, &e), -EINVAL);
	arena_free(&arena);
}

static void test_stats(void **state)
{
	struct cgroup_stats s = { 0 };

	(void)state;
	cgroup_stats_parse("cpu.stat", "usage_usec 1234\nuser_usec 1000\nsystem_usec 234\nnr_periods 5\nnr_throttled 2\n"
				       "throttled_usec 99\n", &s);
	assert_int_equal(s.cpu_usage_us, 1234);
	assert_int_equal(s.cpu_system_us, 234);
	assert_int_equal(s.cpu_throttled_us, 99);
	assert_true(s.has_periods);
	cgroup_stats_parse("memory.current", "4096\n", &s);
	cgroup_stats_parse("memory.max", "max\n", &s);
	cgroup_stats_parse("memory.stat", "anon 1\nfile 2\ninactive_file 77\n", &s);
	cgroup_stats_parse("memory.events", "low 0\nmax 5\noom 3\noom_kill 2\noom_group_kill 9\n", &s);
	assert_true(s.has_memory);
	assert_int_equal(s.memory_bytes, 4096);
	assert_true(s.memory_limit_bytes == CGROUP_NO_LIMIT);
	assert_int_equal(s.memory_inactive_file_bytes, 77);
	assert_int_equal(s.oom_events, 3);
	assert_int_equal(s.oom_kills, 2);
	assert_true(s.has_oom);
	assert_false(s.has_pids || s.has_memory_peak || s.has_swap || s.has_swap_peak || s.has_pids_peak);
	cgroup_stats_parse("memory.peak", "8192\n", &s);
	cgroup_stats_parse("memory.swap.current", "0\n", &s);
	cgroup_stats_parse("memory.swap.peak", "12288\n", &s);
	cgroup_stats_parse("pids.peak", "7\n", &s);
	assert_true(s.has_memory_peak && s.has_swap && s.has_swap_peak && s.has_pids_peak);
	assert_int_equal(s.memory_peak_bytes, 8192);
	assert_int_equal(s.swap_peak_bytes, 12288);
	assert_int_equal(s.pids_peak, 7);
	cgroup_stats_parse("io.stat", "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n8:16 \n"
				      "7:0 rbytes=5 wios=1\n", &s);
	assert_true(s.has_io);
	assert_int_equal(s.io_read_bytes, 15);
	assert_int_equal(s.io_write_bytes, 20);
	assert_int_equal(s.io_write_ops, 3);
	cgroup_stats_parse("io.pressure", "some avg10=1.25 avg60=100.00 avg300=0.07 total=123456\n"
					  "full avg10=0.00 avg60=2.50 avg300=0.00 total=7\n", &s);
	assert_true(s.io_pressure.known);
	assert_int_equal(s.io_pressure.some_us, 123456);
	assert_int_equal(s.io_pressure.some_avg10, 125);
	assert_int_equal(s.io_pressure.some_avg60, 10000);
	assert_int_equal(s.io_pressure.some_avg300, 7);
	assert_int_equal(s.io_pressure.full_avg60, 250);
	assert_int_equal(s.io_pressure.full_us, 7);
	assert_false(s.cpu_pressure.known);

	struct cgroup_stats before = s;

	cgroup_stats_parse("memory.current", "", &s);
	cgroup_stats_parse("memory.current", "12x\n", &s);
	cgroup_stats_parse("memory.current", "99999999999999999999999\n", &s);
	cgroup_stats_parse("cpu.stat", "usage_usec\nuser_usec x\nsystem_usec  5\n", &s);
	cgroup_stats_parse("cpu.pressure", "some total=\nfull\n", &s);
	cgroup_stats_parse("no.such.file", "1\n", &s);
	assert_memory_equal(&before, &s, sizeof(s));
}

static void test_rows(void **state)
{
	auto_arena struct arena a = { 0 };
	struct cgroup_details d = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(cgroup_memory_rows("anon 5\nfile 18446744073709551615\nodd\nworse x\n 3\nlast 0", &a, &d, &e), 0);
	assert_int_equal(d.n_memory, 4);
	assert_string_equal(d.memory[0].key, "anon");
	assert_int_equal(d.memory[0].value, 5);
	assert_true(d.memory[1].value == UINT64_MAX);
	assert_string_equal(d.memory[3].key, "last");
	assert_int_equal(cgroup_memory_rows("", &a, &d, &e), 0);
	assert_int_equal(d.n_memory, 0);

	assert_int_equal(cgroup_io_rows("8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=9\n8:16 \nx rbytes=1\n259:7 wios=3\n", &a,
					&d, &e), 0);
	assert_int_equal(d.n_io, 2);
	assert_int_equal(d.io[0].write_bytes, 20);
	assert_int_equal(d.io[0].read_ops, 1);
	assert_int_equal(d.io[1].major, 259);
	assert_int_equal(d.io[1].minor, 7);
	assert_int_equal(d.io[1].write_ops, 3);
	assert_int_equal(d.io[1].read_bytes, 0);

	assert_string_equal(cgroup_huge_page_size("hugetlb.2MB.current", &a), "2MB");
	assert_null(cgroup_huge_page_size("hugetlb.2MB.rsvd.current", &a));
	assert_null(cgroup_huge_page_size("hugetlb.2MB.max", &a));
	assert_null(cgroup_huge_page_size("memory.current", &a));
	assert_null(cgroup_huge_page_size("hugetlb.", &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),	       cmocka_unit_test(test_check_path),
		cmocka_unit_test(test_controllers),    cmocka_unit_test(test_weights),
		cmocka_unit_test(test_swap),	       cmocka_unit_test(test_plan),
		cmocka_unit_test(test_plan_refuses),   cmocka_unit_test(test_device_program),
		cmocka_unit_test(test_device_defaults), cmocka_unit_test(test_stats),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests_name("cgroups: texts", tests, NULL, NULL);
}
