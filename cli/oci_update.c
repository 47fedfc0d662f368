// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "cli/oci.h"
#include "runtime/update.h"

struct update_options {
	const char *resources;
	const char *blkio_weight, *cpu_burst, *cpu_idle, *cpu_period, *cpu_quota, *cpu_rt_period, *cpu_rt_runtime, *cpu_share;
	const char *cpuset_cpus, *cpuset_mems;
	const char *memory, *memory_reservation, *memory_swap, *kernel_memory, *kernel_memory_tcp;
	const char *pids_limit;
	const char *l3_cache_schema, *mem_bw_schema;
};

#define STRING(member, name, value, help) OPT_STRING(struct update_options, member, name, 0, value, help)
static const struct option rows[] = {
	OPT_STRING(struct update_options, resources, "resources", 'r', "FILE",
		   "limits as linux.resources of config.json has them, instead of those below; -: standard input"),
	OPT_GROUP("Processors"),
	STRING(cpu_share, "cpu-share", "SHARES", "weight against others: 2 to 262144, usually 1024"),
	STRING(cpu_quota, "cpu-quota", "MICROSECONDS", "of each period; -1: no limit"),
	STRING(cpu_period, "cpu-period", "MICROSECONDS", "length of a period"),
	STRING(cpu_burst, "cpu-burst", "MICROSECONDS", "what may be saved up of the quota"),
	STRING(cpu_idle, "cpu-idle", "0|1", "1: only what nobody else wants"),
	STRING(cpu_rt_period, "cpu-rt-period", "MICROSECONDS", "realtime; of cgroup version 1"),
	STRING(cpu_rt_runtime, "cpu-rt-runtime", "MICROSECONDS", "realtime; of cgroup version 1"),
	STRING(cpuset_cpus, "cpuset-cpus", "LIST", "processors to use, such as 0-3,7"),
	STRING(cpuset_mems, "cpuset-mems", "LIST", "memory nodes to use"),
	OPT_GROUP("Memory"),
	STRING(memory, "memory", "BYTES", "limit; units as 512m and 1.5g; -1: none"),
	STRING(memory_reservation, "memory-reservation", "BYTES", "what is left to it as long as possible"),
	STRING(memory_swap, "memory-swap", "BYTES", "limit of memory and swap together; -1: none"),
	STRING(kernel_memory, "kernel-memory", "BYTES", NULL), /* of the past, and ignored */
	STRING(kernel_memory_tcp, "kernel-memory-tcp", "BYTES", NULL),
	OPT_GROUP("Other"),
	STRING(pids_limit, "pids-limit", "NUMBER", "processes; -1: no limit"),
	STRING(blkio_weight, "blkio-weight", "WEIGHT", "share of the disks: 10 to 1000"),
	STRING(l3_cache_schema, "l3-cache-schema", "SCHEMA", "of its resctrl group"),
	STRING(mem_bw_schema, "mem-bw-schema", "SCHEMA", "of its resctrl group"),
};

/* From the text of an option to a member of struct spec_resources. */
struct number {
	const char *name;
	size_t text;  /* offset in struct update_options */
	size_t value; /* offset in struct spec_resources */
	int (*read)(const char *text, void *value);
};

static int read_i64(const char *text, void *value)
{
	struct opt_i64 *v = value;

	v->set = true;
	return str_to_i64(text, INT64_MIN, INT64_MAX, &v->v);
}

static int read_u64(const char *text, void *value)
{
	struct opt_u64 *v = value;

	v->set = true;
	return str_to_u64(text, UINT64_MAX, &v->v);
}

static int read_weight(const char *text, void *value)
{
	struct opt_u32 *v = value;
	uint64_t weight;
	int r = str_to_u64(text, UINT16_MAX, &weight);

	if (r >= 0)
		*v = (struct opt_u32){ true, (uint32_t)weight };
	return r;
}

/* A size, or -1 */
static int read_bytes(const char *text, void *value)
{
	struct opt_i64 *v = value;
	uint64_t bytes;

	v->set = true;
	v->v = -1;
	if (streq(text, "-1"))
		return 0;
	int r = str_to_bytes(text, &bytes);

	if (r >= 0)
		v->v = (int64_t)bytes;
	return r;
}

#define NUMBER(name, member, resource, kind) \
	{ name, offsetof(struct update_options, member), offsetof(struct spec_resources, resource), read_##kind }
static const struct number numbers[] = {
	NUMBER("cpu-share", cpu_share, cpu.shares, u64),
	NUMBER("cpu-quota", cpu_quota, cpu.quota_us, i64),
	NUMBER("cpu-period", cpu_period, cpu.period_us, u64),
	NUMBER("cpu-burst", cpu_burst, cpu.burst_us, u64),
	NUMBER("cpu-idle", cpu_idle, cpu.idle, i64),
	NUMBER("cpu-rt-period", cpu_rt_period, cpu.realtime_period_us, u64),
	NUMBER("cpu-rt-runtime", cpu_rt_runtime, cpu.realtime_runtime_us, i64),
	NUMBER("memory", memory, memory.limit_bytes, bytes),
	NUMBER("memory-reservation", memory_reservation, memory.reservation_bytes, bytes),
	NUMBER("memory-swap", memory_swap, memory.swap_bytes, bytes),
	NUMBER("kernel-memory", kernel_memory, memory.kernel_bytes, bytes),
	NUMBER("kernel-memory-tcp", kernel_memory_tcp, memory.kernel_tcp_bytes, bytes),
	NUMBER("pids-limit", pids_limit, pids_limit, i64),
	NUMBER("blkio-weight", blkio_weight, block_io.weight, weight),
};

static int take_options(const struct update_options *o, struct spec_resources *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const char *text = *(const char *const *)((const char *)o + numbers[i].text);

		if (text && *text && numbers[i].read(text, (char *)ret + numbers[i].value) < 0)
			return err_say(e, EINVAL, "invalid value for --%s: \"%.80s\"", numbers[i].name, text);
	}
	ret->cpu.cpus = (char *)o->cpuset_cpus;
	ret->cpu.mems = (char *)o->cpuset_mems;
	return 0;
}

static int read_resources(const struct call *c, const char *path, struct spec_resources *ret, struct err *e)
{
	bool standard = streq(path, "-");
	const char *what = standard ? "standard input" : path;
	auto_fd int file = standard ? -1 : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	auto_free char *text = NULL;
	size_t len;

	if (!standard && file < 0)
		return err_set(e, errno, "open %s", path);
	int r = file_read_fd(standard ? STDIN_FILENO : file, what, SPEC_MAX_BYTES, &text, &len, e);

	if (r >= 0)
		r = spec_decode_resources(text, len, c->arena, ret, e);
	return r < 0 ? err_wrap(e, "--resources %s", what) : 0;
}

static int run(const struct call *c, struct err *e)
{
	const struct update_options *o = c->options;
	struct update_request q = { .l3_cache_schema = o->l3_cache_schema, .mem_bw_schema = o->mem_bw_schema };
	int r = o->resources && *o->resources ? read_resources(c, o->resources, &q.resources, e)
					       : take_options(o, &q.resources, e);
	auto_fd int root = r < 0 ? r : oci_open_root(c, e);

	return root < 0 ? root : container_update(root, c->args[0], &q, e);
}

const struct verb oci_update = {
	.name = "update",
	.group = "Life of a container",
	.arguments = "ID",
	.help = "change its limits",
	.about = "Change limits of a container. What is not named stays as it is; device rules cannot be changed.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct update_options),
	.run = run,
};
