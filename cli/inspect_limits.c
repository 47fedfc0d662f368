// SPDX-License-Identifier: Apache-2.0
/* What a container may use, for HostConfig: docker's keys, and podman's where docker has none. */
#include <stdlib.h>

#include "cli/inspect.h"
#include "runtime/block_device.h"
#include "runtime/class.h"
#include "runtime/defaults.h"
#include "spec/decode.h"

struct device_view {
	char *path;
	uint64_t value;
};
static const struct field weight_fields[] = {
	FIELD_STRING(struct device_view, path, "Path", REQUIRED),
	FIELD_U64(struct device_view, value, "Weight", REQUIRED),
};
static const struct field rate_fields[] = {
	FIELD_STRING(struct device_view, path, "Path", REQUIRED),
	FIELD_U64(struct device_view, value, "Rate", REQUIRED),
};

struct device_views {
	struct device_view *v;
	size_t n;
};

struct limits_view {
	char *class, *cpus, *mems;
	int64_t memory_bytes, reservation_bytes, swap_bytes, pids, cpu_quota_us, oom_score_adj;
	uint64_t nano_cpus, cpu_period_us, cpu_shares, cpu_burst_us, shm_bytes;
	uint32_t weight;
	struct device_views weights, throttles[THROTTLE_COUNT];
	struct spec_map files;
};

#define RATES(kind, name) \
	FIELD_LIST(struct limits_view, throttles[kind], name, REQUIRED, rate_fields, struct device_view)
static const struct field fields[] = {
	FIELD_STRING(struct limits_view, class, "Class", REQUIRED),
	FIELD_I64(struct limits_view, memory_bytes, "Memory", REQUIRED),
	FIELD_I64(struct limits_view, reservation_bytes, "MemoryReservation", REQUIRED),
	FIELD_I64(struct limits_view, swap_bytes, "MemorySwap", REQUIRED),
	FIELD_U64(struct limits_view, nano_cpus, "NanoCpus", REQUIRED),
	FIELD_U64(struct limits_view, cpu_shares, "CpuShares", REQUIRED),
	FIELD_I64(struct limits_view, cpu_quota_us, "CpuQuota", REQUIRED),
	FIELD_U64(struct limits_view, cpu_period_us, "CpuPeriod", REQUIRED),
	FIELD_U64(struct limits_view, cpu_burst_us, "CpuBurst", REQUIRED),
	FIELD_STRING(struct limits_view, cpus, "CpusetCpus", REQUIRED),
	FIELD_STRING(struct limits_view, mems, "CpusetMems", REQUIRED),
	FIELD_I64(struct limits_view, pids, "PidsLimit", REQUIRED),
	FIELD_U32(struct limits_view, weight, "BlkioWeight", REQUIRED),
	FIELD_LIST(struct limits_view, weights, "BlkioWeightDevice", REQUIRED, weight_fields, struct device_view),
	RATES(THROTTLE_READ_BPS, "BlkioDeviceReadBps"),
	RATES(THROTTLE_WRITE_BPS, "BlkioDeviceWriteBps"),
	RATES(THROTTLE_READ_IOPS, "BlkioDeviceReadIOps"),
	RATES(THROTTLE_WRITE_IOPS, "BlkioDeviceWriteIOps"),
	{ FIELD_OF(struct limits_view, files, "CgroupConf", map, REQUIRED) },
	FIELD_I64(struct limits_view, oom_score_adj, "OomScoreAdj", REQUIRED),
	FIELD_U64(struct limits_view, shm_bytes, "ShmSize", REQUIRED),
};

/* The default holds unless this machine could not set it. */
static int64_t pids_limit(const struct container *c, const struct spec_resources *r)
{
	int64_t usual = 0;

	if (!c->settings.pids_default)
		return r->pids_limit.v;
	for (size_t i = 0; i < c->run.missing.n; i++)
		if (streq(c->run.missing.v[i], "pids.max"))
			return 0;
	(void)str_to_i64(DEFAULT_PIDS_LIMIT, 0, INT64_MAX, &usual); /* it is a number */
	return usual;
}

static uint64_t nano_cpus(const struct spec_cpu *c)
{
	const uint64_t period = c->period_us.set && c->period_us.v ? c->period_us.v : 100000; /* the kernel's own */

	return c->quota_us.set && c->quota_us.v > 0 ? (uint64_t)((double)c->quota_us.v / (double)period * 1e9 + 0.5) : 0;
}

static uint64_t shm_bytes(const struct spec *s)
{
	for (size_t i = 0; i < s->mounts.n; i++)
		for (size_t j = 0; streq(s->mounts.v[i].destination, "/dev/shm") && j < s->mounts.v[i].options.n; j++) {
			const char *size = str_after(s->mounts.v[i].options.v[j], "size=");
			uint64_t bytes;

			if (size && str_to_bytes(size, &bytes) == 0)
				return bytes;
		}
	return 0; /* a mount of the user's own */
}

static int add_device(struct device_views *to, int64_t major, int64_t minor, uint64_t value, struct arena *a, struct err *e)
{
	struct device_view *v = &to->v[to->n];

	*v = (struct device_view){ block_device_path(major, minor, a), value };
	to->n += v->path != NULL;
	return v->path ? 0 : err_nomem(e);
}

static int add_devices(const struct spec_block_io *b, struct arena *a, struct limits_view *v, struct err *e)
{
	int r = 0;

	v->weights.v = arena_array(a, b->n_weight_devices + 1, sizeof(*v->weights.v));
	if (!v->weights.v)
		return err_nomem(e);
	for (size_t i = 0; r >= 0 && i < b->n_weight_devices; i++)
		r = add_device(&v->weights, b->weight_devices[i].major, b->weight_devices[i].minor,
			       b->weight_devices[i].weight.v, a, e);
	for (size_t kind = 0; r >= 0 && kind < THROTTLE_COUNT; kind++) {
		const struct spec_throttle_list *l = &b->throttle[kind];

		v->throttles[kind].v = arena_array(a, l->n + 1, sizeof(*v->throttles[kind].v));
		if (!v->throttles[kind].v)
			return err_nomem(e);
		for (size_t i = 0; r >= 0 && i < l->n; i++)
			r = add_device(&v->throttles[kind], l->v[i].major, l->v[i].minor, l->v[i].rate, a, e);
	}
	return r;
}

int inspect_limits(const struct container *c, const struct spec *s, json_t **ret, struct err *e)
{
	const struct spec_resources *r = &s->linux_.resources;
	auto_arena struct arena a = { 0 };
	struct limits_view v = {
		.class = (char *)class_names[c->settings.class],
		.cpus = r->cpu.cpus ? r->cpu.cpus : (char *)"",
		.mems = r->cpu.mems ? r->cpu.mems : (char *)"",
		.memory_bytes = r->memory.limit_bytes.v,
		.reservation_bytes = r->memory.reservation_bytes.v,
		.swap_bytes = r->memory.swap_bytes.v,
		.pids = pids_limit(c, r),
		.nano_cpus = nano_cpus(&r->cpu),
		.cpu_shares = r->cpu.shares.v,
		.cpu_quota_us = r->cpu.quota_us.v,
		.cpu_period_us = r->cpu.period_us.v,
		.cpu_burst_us = r->cpu.burst_us.v,
		.weight = r->block_io.weight.v,
		.files = r->unified,
		.oom_score_adj = s->process.oom_score_adj.v,
		.shm_bytes = shm_bytes(s),
	};
	int err = add_devices(&r->block_io, &a, &v, e);

	return err < 0 ? err : encode_object(fields, ARRAY_SIZE(fields), &v, ret, e);
}
