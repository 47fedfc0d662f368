// SPDX-License-Identifier: Apache-2.0
/* Containers as units of systemd: names, places, properties. systemd itself is in tests/vm/oci_systemd.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "cgroups/unit.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena = (struct arena){ 0 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void test_slices(void **state)
{
	static const struct {
		const char *slice, *path;
	} good[] = {
		{ "a.slice", "/a.slice" },
		{ "-.slice", "" },
		{ "a-b.slice", "/a.slice/a-b.slice" },
		{ "kubepods-besteffort-pod1_2.slice",
		  "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice" },
	};
	static const char *const bad[] = { "", "a", ".slice", "a/b.slice", "-a.slice", "a-.slice", "a--b.slice", "a.slice.scope" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_string_equal(unit_slice_path(good[i].slice, &arena), good[i].path);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(unit_slice_path(bad[i], &arena));
}

static void place(const char *path, const char *id, bool user, const char *slice, const char *name, const char *where)
{
	struct cgroup_unit u;
	struct err e;

	if (unit_place(path, id, user, &arena, &u, &e) < 0)
		fail_msg("%s: %s", path ? path : "", e.text);
	assert_string_equal(u.slice, slice);
	assert_string_equal(u.name, name);
	assert_string_equal(u.path, where);
	assert_int_equal(u.user, user);
}

static void test_place(void **state)
{
	static const char *const bad[] = {
		"/a/path", "a:b", "a.slice:b:c:d", "a.slice:b", "a:b:c", "a.slice:b:c.slice", "a.slice:b:c/d", "a b.slice:c:d",
		"a.slice:b:c\n", "../a.slice:b:c",
	};
	struct cgroup_unit u;
	struct err e;
	char long_id[400];

	(void)state;
	place(NULL, "web1", false, "system.slice", "paene-web1.scope", "/system.slice/paene-web1.scope");
	place("", "a+b", true, "user.slice", "paene-a\\x2bb.scope", "/user.slice/paene-a\\x2bb.scope");
	place("machine.slice:libpod:1234", "x", false, "machine.slice", "libpod-1234.scope", "/machine.slice/libpod-1234.scope");
	place("kubepods-pod1.slice:cri-containerd:c", "x", false, "kubepods-pod1.slice", "cri-containerd-c.scope",
	      "/kubepods.slice/kubepods-pod1.slice/cri-containerd-c.scope");
	place(":docker:c", "x", false, "system.slice", "docker-c.scope", "/system.slice/docker-c.scope");
	place("-.slice:a:b", "x", false, "-.slice", "a-b.scope", "/a-b.scope");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(unit_place(bad[i], "x", false, &arena, &u, &e), -EINVAL);
	memset(long_id, 'a', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = '\0';
	assert_int_equal(unit_place(NULL, long_id, false, &arena, &u, &e), -EINVAL);
	/* a name that is short enough, of a slice whose folders are longer than a path may be */
	for (size_t i = 0; i < 240; i++)
		long_id[i] = i % 2 ? '-' : 'a';
	snprintf(long_id + 239, sizeof(long_id) - 239, ".slice:b:c");
	assert_int_equal(unit_place(long_id, "x", false, &arena, &u, &e), -EINVAL);
}

/* All properties, a blank between. */
static const char *limits(const struct spec_resources *r)
{
	static char text[4096];
	struct strv list = { 0 };
	struct err e;

	*text = '\0';
	if (unit_limits(r, &arena, &list, &e) < 0)
		return "error";
	for (size_t i = 0; i < list.n; i++) {
		strcat(text, i ? " " : "");
		strcat(text, list.v[i]);
	}
	return text;
}

static void test_limits(void **state)
{
	struct spec_weight_device weight = { 8, 0, .weight = { true, 100 } };
	struct spec_throttle_device read = { 8, 16, 1000 }, lifted = { 8, 16, 0 };
	const struct {
		struct spec_resources r;
		const char *properties;
	} cases[] = {
		{ { .given = true }, "" },
		{ { .memory = { .limit_bytes = { true, 1000 }, .swap_bytes = { true, 1500 }, .reservation_bytes = { true, 5 } } },
		  "MemoryMax=t:1000 MemoryLow=t:5 MemorySwapMax=t:500" },
		{ { .memory = { .limit_bytes = { true, -1 } } },
		  "MemoryMax=t:18446744073709551615 MemorySwapMax=t:18446744073709551615" },
		{ { .memory = { .limit_bytes = { true, 1000 }, .swap_bytes = { true, 1000 } } },
		  "MemoryMax=t:1000 MemorySwapMax=t:0" },
		{ { .memory = { .swap_bytes = { true, 1000 } } }, "error" },
		{ { .cpu = { .shares = { true, 1024 } } }, "CPUWeight=t:100" },
		{ { .cpu = { .shares = { true, 1024 }, .idle = { true, 1 } } }, "CPUWeight=t:0" },
		{ { .cpu = { .quota_us = { true, 50000 }, .period_us = { true, 100000 } } },
		  "CPUQuotaPeriodUSec=t:100000 CPUQuotaPerSecUSec=t:500000" },
		{ { .cpu = { .quota_us = { true, 12345 }, .period_us = { true, 100000 } } },
		  "CPUQuotaPeriodUSec=t:100000 CPUQuotaPerSecUSec=t:130000" },
		{ { .cpu = { .quota_us = { true, -1 } } }, "CPUQuotaPerSecUSec=t:18446744073709551615" },
		{ { .cpu = { .period_us = { true, 50000 } } },
		  "CPUQuotaPeriodUSec=t:50000 CPUQuotaPerSecUSec=t:18446744073709551615" },
		{ { .cpu = { .cpus = (char *)"0-2,9", .mems = (char *)"0" } }, "AllowedCPUs=ay:7\n2 AllowedMemoryNodes=ay:1" },
		{ { .cpu = { .cpus = (char *)"3-1" } }, "error" },
		{ { .cpu = { .cpus = (char *)"a" } }, "error" },
		{ { .cpu = { .cpus = (char *)"99999" } }, "error" },
		{ { .pids_limit = { true, 10 } }, "TasksMax=t:10" },
		{ { .pids_limit = { true, 0 } }, "TasksMax=t:1" },
		{ { .pids_limit = { true, -1 } }, "TasksMax=t:18446744073709551615" },
		{ { .block_io = { .weight = { true, 1000 }, .weight_devices = &weight, .n_weight_devices = 1,
				  .throttle = { [THROTTLE_READ_BPS] = { &read, 1 }, [THROTTLE_WRITE_IOPS] = { &lifted, 1 } } } },
		  "IOWeight=t:10000 IODeviceWeight=a(st):/dev/block/8:0 910 "
		  "IOReadBandwidthMax=a(st):/dev/block/8:16 1000 IOWriteIOPSMax=a(st):/dev/block/8:16 18446744073709551615" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(limits(&cases[i].r), cases[i].properties);
}

static void test_unified(void **state)
{
	static const struct {
		const char *file, *value, *properties;
	} cases[] = {
		{ "memory.max", "max", "MemoryMax=t:18446744073709551615" },
		{ "memory.high", "5", "MemoryHigh=t:5" },
		{ "memory.zswap.max", "5", "MemoryZSwapMax?=t:5" },
		{ "memory.max", "x", "error" },
		{ "cpu.max", "5000 50000", "CPUQuotaPeriodUSec=t:50000 CPUQuotaPerSecUSec=t:100000" },
		{ "cpu.max", "max", "CPUQuotaPeriodUSec=t:100000 CPUQuotaPerSecUSec=t:18446744073709551615" },
		{ "cpu.max", "1 x", "error" },
		{ "cpu.weight", "42", "CPUWeight=t:42" },
		{ "cpu.idle", "0", "" },
		{ "cpu.idle", "1", "CPUWeight=t:0" },
		{ "cpuset.cpus", "8", "AllowedCPUs=ay:0\n1" },
		{ "pids.max", "7", "TasksMax=t:7" },
		{ "hugetlb.2MB.max", "0", "" },
	};
	struct spec_pair both[] = { { (char *)"cpu.idle", (char *)"1" }, { (char *)"cpu.weight", (char *)"8" } };
	const struct spec_resources idle = { .unified = { both, 2 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_pair pair = { (char *)cases[i].file, (char *)cases[i].value };
		const struct spec_resources r = { .unified = { &pair, 1 } };

		assert_string_equal(limits(&r), cases[i].properties);
	}
	assert_string_equal(limits(&idle), "CPUWeight=t:8 CPUWeight=t:0"); /* the last one counts */
}

static void test_round_quota(void **state)
{
	static const struct {
		int64_t quota;
		uint64_t period;
		int64_t rounded;
	} cases[] = { { 50000, 100000, 50000 }, { 12345, 100000, 13000 }, { 5000, 0, 5000 }, { 5001, 0, 6000 }, { -1, 5000, -1 },
		      { 600000, 900000, 603000 }, { INT64_MAX, 1000, INT64_MAX } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_cpu c = { .quota_us = { true, cases[i].quota }, .period_us = { cases[i].period, cases[i].period } };

		unit_round_quota(&c);
		assert_int_equal(c.quota_us.v, cases[i].rounded);
	}
}

static void test_annotations(void **state)
{
	static const struct {
		const char *name, *value, *property; /* NULL: refused */
	} cases[] = {
		{ "CollectMode", "'inactive-or-failed'", "CollectMode=s:inactive-or-failed" },
		{ "Description", "\"a 'b' \\\"c\\\"\"", "Description=s:a 'b' \"c\"" },
		{ "TimeoutStopUSec", "uint64 123456789", "TimeoutStopUSec=t:123456789" },
		{ "TimeoutStopSec", "uint64 5", "TimeoutStopUSec=t:5000000" },
		{ "TimeoutStopSec", "1.5", "TimeoutStopUSec=t:1500000" },
		{ "TimeoutStopSec", "'5'", NULL },
		{ "TimeoutStopSec", "-1", NULL },
		{ "CPUWeight", " uint64  20 ", "CPUWeight=t:20" },
		{ "TasksMax", "-5", "TasksMax=i:-5" },
		{ "MemoryHigh", "int64 -5", "MemoryHigh=x:-5" },
		{ "TasksMax", "5 6", NULL },
		{ "TasksMax", "uint64", NULL },
		{ "TasksMax", "uint64 x", NULL },
		{ "SendSIGHUP", "true", "SendSIGHUP=b:1" },
		{ "SendSIGHUP", "false", "SendSIGHUP=b:0" },
		{ "SendSIGHUP", "truely", NULL },
		{ "After", "['a.service', \"b.service\"]", "After=as:a.service\nb.service" },
		{ "After", "@as []", "After=as:" },
		{ "After", "['a'", NULL },
		{ "After", "['a' 'b']", NULL },
		{ "After", "['a\nb']", NULL },
		{ "Description", "'open", NULL },
		{ "Description", "", NULL },
		{ "", "true", NULL },
		{ "No", "true", NULL },
		{ "With-Dash", "true", NULL },
		/* S28: what a unit executes cannot be said at all */
		{ "ExecStartPre", "[('/bin/sh', ['sh', '-c', 'id'], false)]", NULL },
		{ "ExecStart", "[('/bin/sh', ['sh'], uint64 0)]", NULL },
		{ "Description", "'x'\nExecStart=/bin/sh", NULL },
		{ "Description", "'x\ny'", NULL },
		/* nor what touches other units or reads files */
		{ "OnFailure", "['rescue.target']", NULL },
		{ "Requires", "['a.service']", NULL },
		{ "User", "'root'", NULL },
		{ "Slice", "'other.slice'", NULL },
		{ "IPIngressFilterPath", "['/sys/fs/bpf/x']", NULL },
		{ "NoSuchThing", "true", NULL },
		{ "CPU-Weight", "uint64 20", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char key[128];
		struct spec_pair pairs[] = { { (char *)"org.example", (char *)"x" }, { key, (char *)cases[i].value } };
		const struct spec_map map = { pairs, 2 };
		struct strv list = { 0 };
		struct err e;

		snprintf(key, sizeof(key), "org.systemd.property.%s", cases[i].name);
		int r = unit_annotations(&map, &arena, &list, &e);

		if (!cases[i].property) {
			assert_int_equal(r, -EINVAL);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(list.n, 1);
		assert_string_equal(list.v[0], cases[i].property);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slices),	     cmocka_unit_test(test_place),   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_unified),	     cmocka_unit_test(test_round_quota), cmocka_unit_test(test_annotations),
	};

	return cmocka_run_group_tests_name("cgroups: units", tests, setup, teardown);
}
