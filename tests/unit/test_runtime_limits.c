// SPDX-License-Identifier: Apache-2.0
/* Limits: from the words of options to what config.json keeps, and to what is written; changes merged into what is there. */
#include <inttypes.h>
#include <stdarg.h>
#include <sys/sysmacros.h>

#include "runtime_world.h"

#include "runtime/block_device.h"
#include "runtime/class.h"
#include "runtime/limits.h"
#include "spec/decode.h"
#include "spec/tables.h"

/* A container's limits, and the options of one command after the other. */
struct table {
	struct arena a;
	struct limit_options o;
	struct limit_change change;
	struct spec_resources all;
	struct settings s;
};

static void table_free(struct table *t)
{
	arena_free(&t->a);
}
#define auto_table __attribute__((cleanup(table_free)))

static int change(struct table *t, struct err *e)
{
	int r = limits_read(&t->o, &t->a, &t->change, e);

	return r < 0 ? r : limits_merge(&t->change, &t->a, &t->all, &t->s, e);
}

/* linux.resources as JSON on one line: every member that is there. */
static void assert_resources(const struct spec_resources *r, const char *want)
{
	auto_free char *text = NULL;
	struct err e;

	OK(encode_text(TABLE(spec_resources_fields), r, &text, &e));
	assert_string_equal(text, want);
}

static void assert_map(const struct spec_map *m, const char *want)
{
	char text[512] = "";

	for (size_t i = 0; i < m->n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s=%s", i ? ";" : "", m->v[i].key, m->v[i].value);
	assert_string_equal(text, want);
}

/* The members of struct limit_options that are one word. */
#define WORD(name, member) { name, offsetof(struct limit_options, member) }
static const struct {
	const char *name;
	size_t offset;
} words[] = {
	WORD("class", class),
	WORD("memory", memory),
	WORD("memory-swap", memory_swap),
	WORD("memory-reservation", memory_reservation),
	WORD("memory-low", memory_low),
	WORD("memory-min", memory_min),
	WORD("memory-high", memory_high),
	WORD("memory-zswap", memory_zswap),
	WORD("cpus", cpus),
	WORD("cpu-shares", cpu_shares),
	WORD("cpu-quota", cpu_quota),
	WORD("cpu-period", cpu_period),
	WORD("cpu-burst", cpu_burst),
	WORD("cpuset-cpus", cpuset_cpus),
	WORD("cpuset-mems", cpuset_mems),
	WORD("pids-limit", pids_limit),
	WORD("blkio-weight", blkio_weight),
	WORD("memory-swappiness", memory_swappiness),
	WORD("kernel-memory", kernel_memory),
	WORD("cpu-rt-period", rt_period),
	WORD("cpu-rt-runtime", rt_runtime),
};

/* "memory=64m cpus=2 conf:FILE=VALUE" to options; the strings live in @t. */
static void set_options(struct table *t, const char *text)
{
	char *save = NULL, *copy = arena_strdup(&t->a, text);

	t->o = (struct limit_options){ 0 };
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		size_t n = strcspn(word, "="), i = 0;

		if (str_after(word, "conf:")) {
			assert_int_equal(strv_add(&t->a, &t->o.cgroup_conf, word + 5), 0);
			continue;
		}
		while (i < ARRAY_SIZE(words) && (strlen(words[i].name) != n || memcmp(words[i].name, word, n) != 0))
			i++;
		assert_true(i < ARRAY_SIZE(words));
		*(const char **)((char *)&t->o + words[i].offset) = word + n + 1;
	}
}

/* A new container: what its configuration keeps. */
static void test_translation(void **state)
{
	static const struct {
		const char *options, *want;
	} rules[] = {
		{ "", "{}" },
		{ "memory=64m", "{\"memory\":{\"limit\":67108864,\"swap\":67108864}}" },
		{ "memory=6m", "{\"memory\":{\"limit\":6291456,\"swap\":6291456}}" },
		{ "memory=64m memory-swap=128m", "{\"memory\":{\"limit\":67108864,\"swap\":134217728}}" },
		{ "memory=64m memory-swap=-1", "{\"memory\":{\"limit\":67108864,\"swap\":-1}}" },
		{ "memory=64m memory-swap=0", "{\"memory\":{\"limit\":67108864,\"swap\":67108864}}" },
		{ "memory=-1", "{}" },
		{ "memory=0 memory-swap=-1", "{}" },
		{ "memory-reservation=1g", "{\"memory\":{\"reservation\":1073741824}}" },
		{ "memory-low=1.5k", "{\"memory\":{\"reservation\":1536}}" },
		{ "memory-min=1m", "{\"unified\":{\"memory.min\":\"1048576\"}}" },
		{ "memory-high=1m memory-min=0", "{\"unified\":{\"memory.high\":\"1048576\"}}" },
		{ "memory-high=-1", "{}" },
		{ "memory-zswap=1m", "{\"unified\":{\"memory.zswap.max\":\"1048576\"}}" },
		{ "memory-zswap=0", "{\"unified\":{\"memory.zswap.max\":\"0\"}}" }, /* none is less than no limit */
		{ "memory-zswap=-1", "{}" },
		{ "cpus=1.5", "{\"cpu\":{\"quota\":150000,\"period\":100000}}" },
		{ "cpus=.5", "{\"cpu\":{\"quota\":50000,\"period\":100000}}" },
		{ "cpus=0.01", "{\"cpu\":{\"quota\":1000,\"period\":100000}}" },
		{ "cpus=0", "{}" },
		{ "cpu-quota=50000", "{\"cpu\":{\"quota\":50000}}" },
		{ "cpu-quota=50000 cpu-period=20000 cpu-burst=50000",
		  "{\"cpu\":{\"quota\":50000,\"burst\":50000,\"period\":20000}}" },
		{ "cpu-quota=-1", "{}" },
		{ "cpu-shares=512", "{\"cpu\":{\"shares\":512}}" },
		{ "cpu-shares=0", "{}" },
		{ "cpuset-cpus=0 cpuset-mems=0", "{\"cpu\":{\"cpus\":\"0\",\"mems\":\"0\"}}" },
		{ "cpuset-cpus=", "{}" },
		{ "pids-limit=100", "{\"pids\":{\"limit\":100}}" },
		{ "pids-limit=-1", "{}" },
		{ "pids-limit=0", "{}" },
		{ "blkio-weight=10", "{\"blockIO\":{\"weight\":10}}" },
		{ "blkio-weight=0", "{}" },
		{ "conf:memory.high=5 conf:pids.max=7", "{\"unified\":{\"memory.high\":\"5\",\"pids.max\":\"7\"}}" },
		{ "memory-high=1m conf:memory.high=5 conf:memory.high=6", "{\"unified\":{\"memory.high\":\"6\"}}" },
		{ "conf:cgroup.max.depth=3", "{\"unified\":{\"cgroup.max.depth\":\"3\"}}" },
		{ "class=idle memory-swappiness=-1", "{}" },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		auto_table struct table t = { 0 };

		set_options(&t, rules[i].options);
		OK(change(&t, &e));
		assert_resources(&t.all, rules[i].want);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *options;
		int errnum;
		const char *says;
	} rules[] = {
		{ "memory=5m", EINVAL, "--memory 5m: a size from 6m" },
		{ "memory=", EINVAL, "--memory" },
		{ "memory=64x", EINVAL, "--memory 64x" },
		{ "memory=-2", EINVAL, "--memory -2" },
		{ "memory=99999999999t", EINVAL, "--memory" },
		{ "memory=64m memory-swap=63m", EINVAL, "--memory-swap (66060288 bytes) is below --memory (67108864 bytes)" },
		{ "memory-swap=64m", EINVAL, "--memory-swap needs --memory" },
		{ "memory-reservation=-1", EINVAL, "--memory-reservation -1" },
		{ "memory-low=1m memory-reservation=1m", EINVAL, "are the same" },
		{ "memory-min=x", EINVAL, "--memory-min x" },
		{ "memory-high=-2", EINVAL, "--memory-high -2" },
		{ "memory-zswap=x", EINVAL, "--memory-zswap x" },
		{ "cpus=0.001", EINVAL, "--cpus 0.001" },
		{ "cpus=.", EINVAL, "--cpus ." },
		{ "cpus=-1", EINVAL, "--cpus -1" },
		{ "cpus=1.5x", EINVAL, "--cpus" },
		{ "cpus=", EINVAL, "--cpus" },
		{ "cpus=1e3", EINVAL, "--cpus" },
		{ "cpus=1 cpu-quota=1000", EINVAL, "--cpus says what --cpu-quota" },
		{ "cpus=1 cpu-period=1000", EINVAL, "--cpus says what --cpu-quota" },
		{ "cpu-shares=1", EINVAL, "--cpu-shares 1: 2 to 262144" },
		{ "cpu-shares=262145", EINVAL, "2 to 262144" },
		{ "cpu-quota=999", EINVAL, "--cpu-quota 999" },
		{ "cpu-quota=17592186044416", EINVAL, "--cpu-quota" },
		{ "cpu-period=999", EINVAL, "1000 to 1000000" },
		{ "cpu-period=1000001", EINVAL, "1000 to 1000000" },
		{ "cpu-quota=10000 cpu-burst=10001", EINVAL, "--cpu-burst (10001 us) is above the quota (10000 us" },
		{ "cpuset-cpus=0-", EINVAL, "--cpuset-cpus 0-: a list such as" },
		{ "cpuset-cpus=8000", EINVAL, "this machine has" },
		{ "cpuset-mems=8191", EINVAL, "this machine has" },
		{ "pids-limit=many", EINVAL, "--pids-limit many" },
		{ "pids-limit=-2", EINVAL, "--pids-limit -2" },
		{ "pids-limit=4194305", EINVAL, "1 to 4194304" },
		{ "blkio-weight=9", EINVAL, "10 to 1000" },
		{ "blkio-weight=1001", EINVAL, "10 to 1000" },
		{ "class=realtime", EINVAL, "latency, normal, batch or idle" },
		{ "conf:memory.high", EINVAL, "FILE=VALUE" },
		{ "conf:=1", EINVAL, "FILE=VALUE" },
		{ "conf:memory=1", EINVAL, "FILE=VALUE" },
		{ "conf:memory.=1", EINVAL, "FILE=VALUE" },
		{ "conf:../memory.high=1", EINVAL, "FILE=VALUE" },
		{ "conf:cgroup.freeze=1", EINVAL, "no file of a controller" },
		{ "conf:net.max=1", EINVAL, "no file of a controller" },
		{ "memory-swappiness=60", EOPNOTSUPP, "cgroup v1 only" },
		{ "kernel-memory=60m", EOPNOTSUPP, "cgroup v1 only" },
		{ "cpu-rt-runtime=1", EOPNOTSUPP, "cgroup v1 only" },
		{ "cpu-rt-period=1", EOPNOTSUPP, "cgroup v1 only" },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		auto_table struct table t = { 0 };

		set_options(&t, rules[i].options);
		FAILS(change(&t, &e), rules[i].errnum);
		if (!strstr(e.text, rules[i].says))
			fail_msg("%s: %s", rules[i].options, e.text);
	}
}

static void test_switches(void **state)
{
	auto_table struct table t = { .o = { .oom_group = SWITCH_OFF, .oom_kill_disable = SWITCH_OFF } };
	struct err e;

	(void)state;
	OK(change(&t, &e));
	assert_resources(&t.all, "{\"unified\":{\"memory.oom.group\":\"0\"}}");
	t.o.zswap_writeback = SWITCH_OFF;
	t.o.oom_group = SWITCH_NOT_GIVEN;
	OK(change(&t, &e));
	assert_resources(&t.all, "{\"unified\":{\"memory.oom.group\":\"0\",\"memory.zswap.writeback\":\"0\"}}");
	t.o.zswap_writeback = SWITCH_NOT_GIVEN;
	limits_drop(&t.all.unified, "memory.zswap.writeback");
	t.o.oom_group = SWITCH_ON;
	OK(change(&t, &e));
	assert_resources(&t.all, "{\"unified\":{\"memory.oom.group\":\"1\"}}");
	t.o.oom_kill_disable = SWITCH_ON;
	FAILS(change(&t, &e), EOPNOTSUPP);
}

/* What a second command changes: what the configuration keeps then, what is written, and what is lifted. */
static void test_changes(void **state)
{
	static const struct {
		const char *before, *options, *all, *set, *lifted;
	} rules[] = {
		{ "memory=64m", "memory=32m", "{\"memory\":{\"limit\":33554432,\"swap\":33554432}}",
		  "{\"memory\":{\"limit\":33554432,\"swap\":33554432}}", "" },
		{ "memory=64m memory-swap=128m", "memory=96m", "{\"memory\":{\"limit\":100663296,\"swap\":134217728}}",
		  "{\"memory\":{\"limit\":100663296,\"swap\":134217728}}", "" },
		{ "memory=64m memory-swap=128m", "memory-swap=0", "{\"memory\":{\"limit\":67108864,\"swap\":67108864}}",
		  "{\"memory\":{\"limit\":67108864,\"swap\":67108864}}", "" },
		{ "memory=64m", "memory=-1", "{}", "{\"memory\":{\"limit\":-1,\"swap\":-1}}", "" },
		{ "memory=64m memory-swap=-1", "memory=32m", "{\"memory\":{\"limit\":33554432,\"swap\":-1}}",
		  "{\"memory\":{\"limit\":33554432,\"swap\":-1}}", "" },
		{ "memory=64m", "memory-swap=128m", "{\"memory\":{\"limit\":67108864,\"swap\":134217728}}",
		  "{\"memory\":{\"limit\":67108864,\"swap\":134217728}}", "" },
		{ "memory=64m", "cpus=1", "{\"memory\":{\"limit\":67108864,\"swap\":67108864},\"cpu\":{\"quota\":100000,"
		  "\"period\":100000}}", "{\"cpu\":{\"quota\":100000,\"period\":100000}}", "" },
		{ "memory-low=1m", "memory-reservation=0", "{}", "{\"memory\":{\"reservation\":0}}", "memory.low=0" },
		{ "memory-min=1m memory-high=2m", "memory-min=0 memory-high=-1", "{}", "{}", "memory.min=0;memory.high=max" },
		{ "memory-zswap=0", "memory-zswap=-1", "{}", "{}", "memory.zswap.max=max" },
		{ "cpus=1", "cpus=0", "{}", "{\"cpu\":{\"quota\":-1,\"period\":100000}}", "" },
		{ "cpus=1", "cpu-quota=-1", "{}", "{\"cpu\":{\"quota\":-1}}", "" },
		{ "cpus=1", "cpu-quota=20000", "{\"cpu\":{\"quota\":20000,\"period\":100000}}", "{\"cpu\":{\"quota\":20000}}", "" },
		{ "cpu-quota=20000 cpu-period=10000", "cpu-period=0", "{\"cpu\":{\"quota\":20000}}",
		  "{\"cpu\":{\"period\":100000}}", "" },
		{ "cpu-burst=1000", "cpu-burst=0", "{}", "{\"cpu\":{\"burst\":0}}", "" },
		{ "cpu-shares=512", "cpu-shares=2", "{\"cpu\":{\"shares\":2}}", "{\"cpu\":{\"shares\":2,\"idle\":0}}", "" },
		{ "cpu-shares=512", "cpu-shares=0", "{}", "{\"cpu\":{\"shares\":0,\"idle\":0}}", "cpu.weight=100" },
		{ "pids-limit=10", "pids-limit=0", "{}", "{\"pids\":{\"limit\":-1}}", "" },
		{ "blkio-weight=500", "blkio-weight=0", "{}", "{\"blockIO\":{\"weight\":0}}",
		  "io.weight=default 100;io.bfq.weight=default 100" },
		{ "conf:memory.high=5 conf:pids.max=7", "conf:memory.high=8",
		  "{\"unified\":{\"pids.max\":\"7\",\"memory.high\":\"8\"}}", "{\"unified\":{\"memory.high\":\"8\"}}", "" },
		/* a class goes over weights of before, not over those beside it */
		{ "cpu-shares=512 memory=64m conf:cpu.weight=3", "class=batch",
		  "{\"memory\":{\"limit\":67108864,\"swap\":67108864}}", "{}", "" },
		{ "cpu-shares=512", "class=batch cpu-shares=256", "{\"cpu\":{\"shares\":256}}",
		  "{\"cpu\":{\"shares\":256,\"idle\":0}}", "" },
		/* what does not go together with what was there before */
		{ "memory=64m memory-swap=128m", "memory=256m", NULL, NULL, "--memory-swap (134217728 bytes) is below" },
		{ "cpu-quota=20000 cpu-burst=20000", "cpu-quota=10000", NULL, NULL, "--cpu-burst (20000 us) is above" },
		{ "memory=64m", "memory=-1 memory-swap=64m", NULL, NULL, "--memory-swap needs --memory" },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		auto_table struct table t = { 0 };

		set_options(&t, rules[i].before);
		OK(change(&t, &e));
		set_options(&t, rules[i].options);
		if (!rules[i].all) {
			FAILS(change(&t, &e), EINVAL);
			assert_non_null(strstr(e.text, rules[i].lifted));
			continue;
		}
		OK(change(&t, &e));
		assert_resources(&t.all, rules[i].all);
		assert_resources(&t.change.set, rules[i].set);
		assert_map(&t.change.lifted, rules[i].lifted);
	}
}

/* No list is a list of all: the kernel takes no empty one where processes are. */
static void test_all_processors(void **state)
{
	auto_table struct table t = { 0 };
	auto_free char *list = NULL;
	struct err e;

	(void)state;
	OK(file_read(AT_FDCWD, "/sys/devices/system/cpu/online", 4096, &list, NULL, &e));
	list[strcspn(list, "\n")] = '\0';
	set_options(&t, "cpuset-cpus=0");
	OK(change(&t, &e));
	assert_string_equal(t.change.set.cpu.cpus, "0");
	set_options(&t, "cpuset-cpus=");
	OK(change(&t, &e));
	assert_resources(&t.all, "{}");
	assert_resources(&t.change.set, "{}");
	assert_string_equal(spec_map_get(&t.change.lifted, "cpuset.cpus"), list);
}

static void test_pids_default(void **state)
{
	auto_table struct table t = { .s = { .pids_default = true } };
	struct err e;

	(void)state;
	set_options(&t, "memory=64m");
	OK(change(&t, &e));
	assert_true(t.s.pids_default);
	set_options(&t, "pids-limit=-1");
	OK(change(&t, &e));
	assert_false(t.s.pids_default);
}

/* ---- disks ---- */

/* A disk of this machine, and its numbers. Return: false where there is none */
static bool some_disk(char path[64], unsigned *ret_major, unsigned *ret_minor)
{
	FILE *f = fopen("/proc/partitions", "re");
	char line[256], name[32];
	struct stat st;
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%u %u %*u %31s", ret_major, ret_minor, name) != 3)
			continue;
		snprintf(path, 64, "/sys/class/block/%s/partition", name);
		bool part = access(path, F_OK) == 0;

		snprintf(path, 64, "/dev/%s", name);
		found = !part && stat(path, &st) == 0 && S_ISBLK(st.st_mode);
	}
	if (f)
		(void)fclose(f);
	return found;
}

static void test_disks(void **state)
{
	auto_table struct table t = { 0 };
	char disk[64], word[96], want[400];
	unsigned maj, min;
	struct err e;

	(void)state;
	if (!some_disk(disk, &maj, &min)) {
		print_message("no block device\n");
		skip();
	}
	snprintf(word, sizeof(word), "%s:1m", disk);
	assert_int_equal(strv_add(&t.a, &t.o.throttles[THROTTLE_READ_BPS], word), 0);
	snprintf(word, sizeof(word), "%s:50", disk);
	assert_int_equal(strv_add(&t.a, &t.o.throttles[THROTTLE_WRITE_IOPS], word), 0);
	assert_int_equal(strv_add(&t.a, &t.o.weight_devices, word), 0);
	assert_int_equal(strv_add(&t.a, &t.o.io_latency, word), 0);
	OK(change(&t, &e));
	snprintf(want, sizeof(want), "{\"blockIO\":{\"weightDevice\":[{\"major\":%u,\"minor\":%u,\"weight\":50}],"
		 "\"throttleReadBpsDevice\":[{\"major\":%u,\"minor\":%u,\"rate\":1048576}],"
		 "\"throttleWriteIOPSDevice\":[{\"major\":%u,\"minor\":%u,\"rate\":50}]},"
		 "\"unified\":{\"io.latency\":\"%u:%u target=50\"}}", maj, min, maj, min, maj, min, maj, min);
	assert_resources(&t.all, want);
	assert_string_equal(block_device_path(maj, min, &t.a), disk);
	/* 0 lifts, and the rest stays */
	t.o = (struct limit_options){ 0 };
	snprintf(word, sizeof(word), "%s:0", disk);
	assert_int_equal(strv_add(&t.a, &t.o.throttles[THROTTLE_READ_BPS], word), 0);
	assert_int_equal(strv_add(&t.a, &t.o.io_latency, word), 0);
	OK(change(&t, &e));
	snprintf(want, sizeof(want), "{\"blockIO\":{\"weightDevice\":[{\"major\":%u,\"minor\":%u,\"weight\":50}],"
		 "\"throttleWriteIOPSDevice\":[{\"major\":%u,\"minor\":%u,\"rate\":50}]}}", maj, min, maj, min);
	assert_resources(&t.all, want);
	assert_int_equal(t.change.set.block_io.throttle[THROTTLE_READ_BPS].n, 1);
}

/* Several disks: each has its own line, and those that are not named stay. */
static void test_disks_merged(void **state)
{
	struct spec_throttle_device before[] = { { 8, 0, 1 }, { 8, 16, 2 } }, now[] = { { 8, 16, 3 }, { 8, 32, 4 }, { 8, 32, 5 } };
	auto_table struct table t = { 0 };
	struct err e;

	(void)state;
	t.all.block_io.throttle[THROTTLE_READ_IOPS] = (struct spec_throttle_list){ before, 2 };
	OK(limits_put(&t.a, &t.all.unified, "io.latency", "8:0 target=10\n8:16 target=20", &e));
	t.change.set.block_io.throttle[THROTTLE_READ_IOPS] = (struct spec_throttle_list){ now, 3 };
	OK(limits_put(&t.a, &t.change.set.unified, "io.latency", "8:0 target=0\n8:1 target=30", &e));
	OK(limits_merge(&t.change, &t.a, &t.all, &t.s, &e));
	assert_resources(&t.all, "{\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":1},"
				 "{\"major\":8,\"minor\":16,\"rate\":3},{\"major\":8,\"minor\":32,\"rate\":5}]},"
				 "\"unified\":{\"io.latency\":\"8:16 target=20\\n8:1 target=30\"}}");
}

static void test_no_disks(void **state)
{
	static const char *const bad[] = { "", "/dev/null:1m", "/proc:1m", "/no/such/disk:1m", "/", "/:", ":1m", "/:1x" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_table struct table t = { 0 };

		assert_int_equal(strv_add(&t.a, &t.o.throttles[THROTTLE_READ_BPS], bad[i]), 0);
		assert_true(change(&t, &e) < 0);
		assert_non_null(strstr(e.text, "--device-read-bps"));
	}
	auto_table struct table t = { 0 };

	assert_int_equal(strv_add(&t.a, &t.o.io_latency, "/proc:50"), 0);
	FAILS(change(&t, &e), ENOTBLK);
	assert_non_null(strstr(e.text, "--io-latency: /proc lies on proc, which has no block device"));
}

/* ---- classes ---- */

static void test_classes(void **state)
{
	static const struct {
		uint32_t class;
		const char *own, *all, *wishes;
	} rules[] = {
		{ CLASS_NONE, "", "{}", "" },
		{ CLASS_LATENCY, "", "{\"cpu\":{\"idle\":0},\"unified\":{\"cpu.weight\":\"400\"}}",
		  "cpu.uclamp.min=50;cpu.uclamp.max=max;io.weight=default 400;io.bfq.weight=default 400;io.prio.class=no-change" },
		{ CLASS_NORMAL, "", "{\"cpu\":{\"idle\":0},\"unified\":{\"cpu.weight\":\"100\"}}",
		  "cpu.uclamp.min=0;cpu.uclamp.max=max;io.weight=default 100;io.bfq.weight=default 100;io.prio.class=no-change" },
		{ CLASS_BATCH, "", "{\"cpu\":{\"idle\":0},\"unified\":{\"cpu.weight\":\"25\"}}",
		  "cpu.uclamp.min=0;cpu.uclamp.max=max;io.weight=default 25;io.bfq.weight=default 25;"
		  "io.prio.class=restrict-to-be" },
		{ CLASS_IDLE, "", "{\"cpu\":{\"idle\":1}}",
		  "cpu.uclamp.min=0;cpu.uclamp.max=50;io.weight=default 1;io.bfq.weight=default 1;io.prio.class=idle" },
		/* a quota can be saved up, or not */
		{ CLASS_LATENCY, "cpus=2 cpu-shares=50 conf:cpu.uclamp.min=3 conf:io.bfq.weight=7",
		  "{\"cpu\":{\"shares\":50,\"quota\":200000,\"burst\":200000,\"period\":100000},"
		  "\"unified\":{\"cpu.uclamp.min\":\"3\",\"io.bfq.weight\":\"7\"}}",
		  "cpu.uclamp.max=max;io.prio.class=no-change" },
		{ CLASS_IDLE, "cpus=2 conf:cpu.weight=30 blkio-weight=400 conf:io.prio.class=no-change",
		  "{\"cpu\":{\"quota\":200000,\"burst\":0,\"period\":100000},\"blockIO\":{\"weight\":400},"
		  "\"unified\":{\"cpu.weight\":\"30\",\"io.prio.class\":\"no-change\"}}",
		  "cpu.uclamp.min=0;cpu.uclamp.max=50" },
		{ CLASS_LATENCY, "cpus=2 cpu-burst=5 conf:cpu.idle=0",
		  "{\"cpu\":{\"quota\":200000,\"burst\":5,\"period\":100000},\"unified\":{\"cpu.idle\":\"0\"}}",
		  "cpu.uclamp.min=50;cpu.uclamp.max=max;io.weight=default 400;io.bfq.weight=default 400;io.prio.class=no-change" },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		auto_table struct table t = { 0 };
		struct spec_map wishes = { 0 };

		set_options(&t, rules[i].own);
		OK(change(&t, &e));
		OK(class_apply(rules[i].class, &t.all, &t.a, &t.all, &wishes, &e));
		assert_resources(&t.all, rules[i].all);
		assert_map(&wishes, rules[i].wishes);
	}
}

static void test_class_manual(void **state)
{
	auto_arena struct arena a = { 0 };
	const char *text = class_manual(&a);
	char name[32];

	(void)state;
	assert_non_null(text);
	for (uint32_t i = CLASS_NONE + 1; i < CLASS_COUNT; i++) {
		snprintf(name, sizeof(name), "\n`%s`: cpu.", class_names[i]);
		assert_non_null(strstr(text, name));
	}
	assert_non_null(strstr(text, "`idle`: cpu.idle 1, cpu.max.burst 0, cpu.uclamp.min 0, cpu.uclamp.max 50, io.weight 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_translation),   cmocka_unit_test(test_refusals),	 cmocka_unit_test(test_switches),
		cmocka_unit_test(test_changes),	      cmocka_unit_test(test_pids_default), cmocka_unit_test(test_disks),
		cmocka_unit_test(test_disks_merged),  cmocka_unit_test(test_no_disks),	 cmocka_unit_test(test_classes),
		cmocka_unit_test(test_class_manual),  cmocka_unit_test(test_all_processors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
