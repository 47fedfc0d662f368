// SPDX-License-Identifier: Apache-2.0
/* From the words of options to limits: each is checked by itself here, and together with the others by limits_merge.c. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>

#include "base/fd.h"
#include "base/file.h"
#include "cgroups/cgroups.h"
#include "runtime/block_device.h"
#include "runtime/class.h"
#include "runtime/limits.h"

#define CPU_PERIOD_US  100000
#define CPU_SECOND_US  1000000
#define CPU_MAX_US     ((INT64_C(1) << 44) - 1) /* of the kernel: a quota, with the burst */
#define MEMORY_MIN     (6 << 20) /* less cannot even start a process, and would only say so as an OOM kill */
#define PIDS_MAX       4194304	 /* of the kernel */
#define CPUS_MAX       8192
#define CPU_WEIGHT     "100" /* the kernel's own values */
#define IO_WEIGHT      "default 100"
#define RATE_WANTED    "PATH:BYTES, such as /dev/sda:10m, please"
#define IOPS_WANTED    "PATH:NUMBER, such as /dev/sda:500, please"

enum number_type { I64, U64, U32 };

/* An option with one number. 0, and where @lowest is -1, that too, says that there is no limit. */
static const struct number {
	const char *option;
	size_t text, value; /* offsets in struct limit_options and in struct spec_resources */
	enum number_type type;
	bool bytes;
	int64_t lowest, min, max;
	const char *wanted;
} numbers[] = {
#define NUMBER(option, member, resource, ...) \
	{ option, offsetof(struct limit_options, member), offsetof(struct spec_resources, resource), __VA_ARGS__ }
	NUMBER("--memory", memory, memory.limit_bytes, I64, true, -1, MEMORY_MIN, INT64_MAX,
	       "a size from 6m, such as 512m or 2g, or -1 for no limit"),
	NUMBER("--memory-swap", memory_swap, memory.swap_bytes, I64, true, -1, 1, INT64_MAX,
	       "a size such as 512m or 2g, or -1 for no limit"),
	NUMBER("--memory-reservation", memory_reservation, memory.reservation_bytes, I64, true, 0, 1, INT64_MAX,
	       "a size such as 512m or 2g"),
	NUMBER("--memory-low", memory_low, memory.reservation_bytes, I64, true, 0, 1, INT64_MAX,
	       "a size such as 512m or 2g"),
	NUMBER("--cpu-shares", cpu_shares, cpu.shares, U64, false, 0, 2, 262144, "2 to 262144"),
	NUMBER("--cpu-quota", cpu_quota, cpu.quota_us, I64, false, -1, 1000, CPU_MAX_US,
	       "microseconds from 1000, or -1 for no limit"),
	NUMBER("--cpu-period", cpu_period, cpu.period_us, U64, false, 0, 1000, CPU_SECOND_US, "1000 to 1000000 microseconds"),
	NUMBER("--cpu-burst", cpu_burst, cpu.burst_us, U64, false, 0, 1, CPU_MAX_US, "a number of microseconds"),
	NUMBER("--pids-limit", pids_limit, pids_limit, I64, false, -1, 1, PIDS_MAX, "1 to 4194304, or -1 for no limit"),
	NUMBER("--blkio-weight", blkio_weight, block_io.weight, U32, false, 0, 10, 1000, "10 to 1000"),
#undef NUMBER
};

static int parse_number(const struct number *n, const char *text, int64_t *ret)
{
	uint64_t bytes = 0;
	int64_t v = 0;
	bool size = n->bytes && *text != '-';
	int r = size ? str_to_bytes(text, &bytes) : str_to_i64(text, -1, INT64_MAX, &v);

	if (r < 0)
		return r;
	if (size)
		v = (int64_t)bytes;
	if (v > 0 ? v < n->min || v > n->max : v < n->lowest)
		return -ERANGE;
	*ret = v;
	return 0;
}

static void store_number(const struct number *n, int64_t v, struct spec_resources *r)
{
	void *value = (char *)r + n->value;

	if (n->type == I64)
		*(struct opt_i64 *)value = (struct opt_i64){ true, v };
	else if (n->type == U64)
		*(struct opt_u64 *)value = (struct opt_u64){ true, (uint64_t)v };
	else
		*(struct opt_u32 *)value = (struct opt_u32){ true, (uint32_t)v };
}

struct reading {
	const struct limit_options *o;
	struct arena *a;
	struct limit_change *c;
};

static int read_numbers(struct reading *r, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct number *n = &numbers[i];
		const char *text = *(const char *const *)((const char *)r->o + n->text);
		int64_t v;

		if (!text)
			continue;
		if (parse_number(n, text, &v) < 0)
			return err_say(e, EINVAL, "%s %s: %s, please", n->option, text, n->wanted);
		store_number(n, v, &r->c->set);
	}
	r->c->pids = r->o->pids_limit != NULL;
	if (r->o->memory_low && r->o->memory_reservation)
		return err_say(e, EINVAL, "--memory-low and --memory-reservation are the same: give one of them");
	return 0;
}

/* Files of version 2 that config.json has no name for. */
static int read_files(struct reading *r, struct err *e)
{
	const struct {
		const char *option, *text, *file, *none;
		bool zero; /* is a limit like any other */
	} files[] = {
		{ "--memory-min", r->o->memory_min, "memory.min", "0", false },
		{ "--memory-high", r->o->memory_high, "memory.high", "max", false },
		{ "--memory-zswap", r->o->memory_zswap, "memory.zswap.max", "max", true },
	};
	const struct {
		enum switch_state state;
		const char *file;
	} switches[] = {
		{ r->o->oom_group, "memory.oom.group" },
		{ r->o->zswap_writeback, "memory.zswap.writeback" },
	};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		bool no_limit = files[i].text && streq(files[i].text, "-1");
		char value[24];
		uint64_t bytes = 0;

		if (!files[i].text)
			continue;
		if (!no_limit && str_to_bytes(files[i].text, &bytes) < 0)
			return err_say(e, EINVAL, "%s %s: a size such as 512m or 2g, please", files[i].option, files[i].text);
		snprintf(value, sizeof(value), "%" PRIu64, bytes);
		rc = bytes || (files[i].zero && !no_limit)
			     ? limits_put(r->a, &r->c->set.unified, files[i].file, value, e)
			     : limits_put(r->a, &r->c->lifted, files[i].file, files[i].none, e);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < ARRAY_SIZE(switches) && rc >= 0; i++)
		if (switches[i].state != SWITCH_NOT_GIVEN)
			rc = limits_put(r->a, &r->c->set.unified, switches[i].file,
					switches[i].state == SWITCH_ON ? "1" : "0", e);
	return rc;
}

static int read_cpus(struct reading *r, struct err *e)
{
	struct spec_cpu *cpu = &r->c->set.cpu;
	uint64_t milli;

	if (!r->o->cpus)
		return 0;
	if (r->o->cpu_quota || r->o->cpu_period)
		return err_say(e, EINVAL, "--cpus says what --cpu-quota and --cpu-period say: give the one or the others");
	if (str_to_milli(r->o->cpus, &milli) < 0 || (milli > 0 && milli < 10) || milli > 1000000000)
		return err_say(e, EINVAL, "--cpus %s: a number of processors from 0.01, please", r->o->cpus);
	cpu->period_us = (struct opt_u64){ true, CPU_PERIOD_US };
	cpu->quota_us = (struct opt_i64){ true, (int64_t)(milli * (CPU_PERIOD_US / 1000)) };
	return 0;
}

/* @list: what this machine has */
static int check_set(const char *option, const char *text, const char *list, struct err *e)
{
	unsigned long asked[CPUS_MAX / (8 * sizeof(long))], have[ARRAY_SIZE(asked)];

	if (str_to_set(text, CPUS_MAX, asked) < 0)
		return err_say(e, EINVAL, "%s %s: a list such as 0-2,5, please", option, text);
	if (str_to_set(list, CPUS_MAX, have) < 0)
		return 0; /* the kernel has its say */
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		if (asked[i] & ~have[i])
			return err_say(e, EINVAL, "%s %s: this machine has %s", option, text, list);
	return 0;
}

static int read_sets(struct reading *r, struct err *e)
{
	struct spec_cpu *cpu = &r->c->set.cpu;
	const struct {
		const char *option, *text, *there, *file;
		char **value;
	} sets[] = {
		{ "--cpuset-cpus", r->o->cpuset_cpus, "/sys/devices/system/cpu/online", "cpuset.cpus", &cpu->cpus },
		{ "--cpuset-mems", r->o->cpuset_mems, "/sys/devices/system/node/online", "cpuset.mems", &cpu->mems },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		auto_free char *list = NULL;

		if (!sets[i].text)
			continue;
		int rc = file_read(AT_FDCWD, sets[i].there, CPUS_MAX * 8, &list, NULL, e);
		if (rc < 0)
			return err_wrap(e, "%s", sets[i].option);
		list[strcspn(list, "\n")] = '\0';
		if (*sets[i].text)
			rc = check_set(sets[i].option, sets[i].text, list, e);
		else /* where processes are, the kernel takes no empty list */
			rc = limits_put(r->a, &r->c->lifted, sets[i].file, list, e);
		if (rc < 0)
			return rc;
		*sets[i].value = arena_strdup(r->a, sets[i].text);
		if (!*sets[i].value)
			return err_nomem(e);
	}
	return 0;
}

/* ---- PATH:VALUE ---- */

struct device_value {
	int64_t major, minor;
	uint64_t v;
};

static int read_device(const char *option, const char *word, bool bytes, const char *wanted, struct device_value *ret,
		       struct err *e)
{
	const char *colon = strrchr(word, ':');
	char path[PATH_MAX];
	size_t n = colon ? (size_t)(colon - word) : 0;

	if (n == 0 || n >= sizeof(path) ||
	    (bytes ? str_to_bytes(colon + 1, &ret->v) : str_to_u64(colon + 1, INT64_MAX, &ret->v)) < 0)
		return err_say(e, EINVAL, "%s %s: %s", option, word, wanted);
	memcpy(path, word, n);
	path[n] = '\0';
	int r = block_device_find(path, &ret->major, &ret->minor, e);

	return r < 0 ? err_wrap(e, "%s", option) : 0;
}

static int read_weights(struct reading *r, struct err *e)
{
	static const char wanted[] = "PATH:WEIGHT, such as /dev/sda:200, with a weight of 10 to 1000, please";
	const struct strv *words = &r->o->weight_devices;
	struct spec_block_io *b = &r->c->set.block_io;

	b->weight_devices = arena_array(r->a, words->n + 1, sizeof(*b->weight_devices));
	if (!b->weight_devices)
		return err_nomem(e);
	for (size_t i = 0; i < words->n; i++) {
		struct device_value d;
		int rc = read_device("--blkio-weight-device", words->v[i], false, wanted, &d, e);

		if (rc < 0)
			return rc;
		if (d.v < 10 || d.v > 1000)
			return err_say(e, EINVAL, "--blkio-weight-device %s: %s", words->v[i], wanted);
		b->weight_devices[b->n_weight_devices++] = (struct spec_weight_device){
			.major = d.major, .minor = d.minor, .weight = { true, (uint32_t)d.v },
		};
	}
	return 0;
}

static int read_throttles(struct reading *r, struct err *e)
{
	static const struct {
		const char *option;
		bool bytes;
		const char *wanted;
	} kinds[] = {
		[THROTTLE_READ_BPS] = { "--device-read-bps", true, RATE_WANTED },
		[THROTTLE_WRITE_BPS] = { "--device-write-bps", true, RATE_WANTED },
		[THROTTLE_READ_IOPS] = { "--device-read-iops", false, IOPS_WANTED },
		[THROTTLE_WRITE_IOPS] = { "--device-write-iops", false, IOPS_WANTED },
	};
	static_assert(ARRAY_SIZE(kinds) == THROTTLE_COUNT, "an option for each kind of throttle");

	for (size_t kind = 0; kind < THROTTLE_COUNT; kind++) {
		const struct strv *words = &r->o->throttles[kind];
		struct spec_throttle_list *l = &r->c->set.block_io.throttle[kind];

		l->v = arena_array(r->a, words->n + 1, sizeof(*l->v));
		if (!l->v)
			return err_nomem(e);
		for (size_t i = 0; i < words->n; i++) {
			struct device_value d;
			int rc = read_device(kinds[kind].option, words->v[i], kinds[kind].bytes, kinds[kind].wanted, &d, e);

			if (rc < 0)
				return rc;
			l->v[l->n++] = (struct spec_throttle_device){ d.major, d.minor, d.v };
		}
	}
	return 0;
}

/* A line a device; limits_merge() knows them apart. */
static int read_latencies(struct reading *r, struct err *e)
{
	const char *lines = "";

	for (size_t i = 0; i < r->o->io_latency.n; i++) {
		struct device_value d;
		int rc = read_device("--io-latency", r->o->io_latency.v[i], false,
				     "PATH:MICROSECONDS, such as /dev/sda:5000, please", &d, e);

		if (rc < 0)
			return rc;
		lines = arena_printf(r->a, "%s%s%" PRId64 ":%" PRId64 " target=%" PRIu64, lines, i ? "\n" : "", d.major,
				     d.minor, d.v);
		if (!lines)
			return err_nomem(e);
	}
	return *lines ? limits_put(r->a, &r->c->set.unified, "io.latency", lines, e) : 0;
}

/* ---- files by name ---- */

static bool is_controller(const char *key, size_t n)
{
	for (size_t i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		if (strlen(cgroup_controller_names[i]) == n && memcmp(cgroup_controller_names[i], key, n) == 0)
			return true;
	return false;
}

/* "cgroup.…" is what a cgroup is made of (its processes, its state); but for its size. */
static int read_conf(struct reading *r, struct err *e)
{
	for (size_t i = 0; i < r->o->cgroup_conf.n; i++) {
		const char *word = r->o->cgroup_conf.v[i];
		size_t n = strcspn(word, "="), controller = strcspn(word, ".=");
		char key[NAME_MAX + 1];

		if (!word[n] || n >= sizeof(key) || controller == n || controller + 1 == n || memchr(word, '/', n))
			return err_say(e, EINVAL, "--cgroup-conf %s: FILE=VALUE, such as memory.high=100000000, please", word);
		memcpy(key, word, n);
		key[n] = '\0';
		if (!is_controller(key, controller) && !str_after(key, "cgroup.max."))
			return err_say(e, EINVAL, "--cgroup-conf %s: %s is no file of a controller of cgroup v2", word, key);
		int rc = limits_put(r->a, &r->c->set.unified, key, word + n + 1, e);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int refuse_v1(struct reading *r, struct err *e)
{
	const struct limit_options *o = r->o;
	const struct {
		const char *option;
		bool asked;
		const char *instead;
	} options[] = {
		{ "--memory-swappiness", o->memory_swappiness && !streq(o->memory_swappiness, "-1"),
		  "--memory-swap limits swap, and the machine's vm.swappiness holds for all" },
		{ "--oom-kill-disable", o->oom_kill_disable == SWITCH_ON,
		  "--memory-high slows down what grows, instead of killing it" },
		{ "--kernel-memory", o->kernel_memory != NULL, "--memory counts the kernel's memory, too" },
		{ "--cpu-rt-period", o->rt_period != NULL, "--class latency, or --cpu-shares, is what there is" },
		{ "--cpu-rt-runtime", o->rt_runtime != NULL, "--class latency, or --cpu-shares, is what there is" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].asked) {
			err_say(e, EOPNOTSUPP, "%s exists in cgroup v1 only", options[i].option);
			return err_hint(e, "%s", options[i].instead);
		}
	return 0;
}

/* Some limits cannot be lifted by their own name: there the kernel's own value is written. */
static int lift(struct reading *r, struct err *e)
{
	const struct spec_resources *set = &r->c->set;
	const struct {
		const char *file, *value;
		bool lifted;
	} files[] = {
		{ "memory.low", "0", set->memory.reservation_bytes.set && set->memory.reservation_bytes.v == 0 },
		{ "cpu.weight", CPU_WEIGHT, set->cpu.shares.set && set->cpu.shares.v == 0 },
		{ "io.weight", IO_WEIGHT, set->block_io.weight.set && set->block_io.weight.v == 0 },
		{ "io.bfq.weight", IO_WEIGHT, set->block_io.weight.set && set->block_io.weight.v == 0 },
	};
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < ARRAY_SIZE(files); i++)
		if (files[i].lifted)
			rc = limits_put(r->a, &r->c->lifted, files[i].file, files[i].value, e);
	return rc;
}

static int read_class(struct reading *r, struct err *e)
{
	return r->o->class ? class_parse(r->o->class, &r->c->class, e) : 0;
}

int limits_read(const struct limit_options *o, struct arena *a, struct limit_change *ret, struct err *e)
{
	/* files by name last: who names a file means it */
	static int (*const parts[])(struct reading *r, struct err *e) = {
		refuse_v1,   read_class,     read_numbers,   read_files, read_cpus, read_sets,
		read_weights, read_throttles, read_latencies, lift,	 read_conf,
	};
	struct limit_change c = { .set = { .given = true } };
	struct reading reading = { .o = o, .a = a, .c = &c };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int r = parts[i](&reading, e);

		if (r < 0)
			return r;
	}
	*ret = c;
	return 0;
}
