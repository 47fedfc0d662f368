// SPDX-License-Identifier: Apache-2.0
/*
 * Limits as properties of a unit. cgroup_set() writes them, too; but systemd writes what it knows again whenever it has
 * reason to (daemon-reload, another property), so it must know the same.
 *
 * Not here: devices. Our program is attached to the cgroup beside anything of systemd's, which leaves it alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "cgroups/convert.h"
#include "cgroups/text.h"
#include "cgroups/unit.h"

#define PERIOD_DEFAULT_US 100000
#define SECOND_US	  1000000
#define PERCENT_US	  10000 /* of a second: what systemd counts quotas in */
#define CPUS_MAX	  8192

int unit_add(struct arena *a, struct strv *ret, struct err *e, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_nomem(e);
	int r = strv_add(a, ret, text);

	free(text);
	return r < 0 ? err_nomem(e) : 0;
}

struct unit_plan {
	const struct spec_resources *r;
	struct arena *arena;
	struct strv *list;
};

/* A number, -1 being none: "infinity" of systemd's is the largest one. */
static int add_number(struct unit_plan *p, const char *name, int64_t v, struct err *e)
{
	return unit_add(p->arena, p->list, e, "%s=t:%" PRIu64, name, v < 0 ? UINT64_MAX : (uint64_t)v);
}

static int add_limit(struct unit_plan *p, const char *name, struct opt_i64 limit, struct err *e)
{
	return limit.set && limit.v != 0 ? add_number(p, name, limit.v, e) : 0;
}

static int add_memory(struct unit_plan *p, struct err *e)
{
	const struct spec_memory *m = &p->r->memory;
	int64_t swap = 0;
	int limited = cgroup_swap_from_total(m, &swap, e);
	int r = limited < 0 ? limited : add_limit(p, "MemoryMax", m->limit_bytes, e);

	if (r >= 0)
		r = add_limit(p, "MemoryLow", m->reservation_bytes, e);
	return r >= 0 && limited > 0 ? add_number(p, "MemorySwapMax", swap, e) : r;
}

void unit_round_quota(struct spec_cpu *c)
{
	uint64_t period = c->period_us.set && c->period_us.v ? c->period_us.v : PERIOD_DEFAULT_US;
	uint64_t share, rounded;

	if (!c->quota_us.set || c->quota_us.v <= 0 || __builtin_mul_overflow((uint64_t)c->quota_us.v, SECOND_US, &share))
		return;
	share = (share / period + PERCENT_US - 1) / PERCENT_US * PERCENT_US;
	if (!__builtin_mul_overflow(share, period, &rounded) && rounded / SECOND_US <= INT64_MAX)
		c->quota_us.v = MAX(c->quota_us.v, (int64_t)(rounded / SECOND_US));
}

/* @quota_us: below 0: none; @period_us: 0: not named */
static int add_quota(struct unit_plan *p, int64_t quota_us, uint64_t period_us, struct err *e)
{
	uint64_t period = period_us ? period_us : PERIOD_DEFAULT_US, share;
	int r = period_us ? add_number(p, "CPUQuotaPeriodUSec", (int64_t)period_us, e) : 0;

	if (r < 0 || quota_us < 0 || __builtin_mul_overflow((uint64_t)quota_us, SECOND_US, &share))
		return r < 0 ? r : add_number(p, "CPUQuotaPerSecUSec", -1, e);
	share = (share / period + PERCENT_US - 1) / PERCENT_US * PERCENT_US;
	return add_number(p, "CPUQuotaPerSecUSec", (int64_t)share, e);
}

static unsigned set_byte(const unsigned long *bits, size_t i)
{
	return bits[i / sizeof(*bits)] >> (8 * (i % sizeof(*bits))) & 0xff;
}

/* "0-2,5" as bytes of bits, the lowest first. */
static int add_set(struct unit_plan *p, const char *name, const char *set, struct err *e)
{
	unsigned long bits[CPUS_MAX / (8 * sizeof(unsigned long))];
	size_t n = CPUS_MAX / 8;

	if (str_to_set(set, CPUS_MAX, bits) < 0)
		return err_say(e, EINVAL, "%s: \"%.80s\" is no list such as 0-3,7", name, set);
	while (n > 0 && !set_byte(bits, n - 1))
		n--;
	char *text = arena_strdup(p->arena, "");

	for (size_t i = 0; text && i < n; i++)
		text = arena_printf(p->arena, "%s%s%u", text, i ? "\n" : "", set_byte(bits, i));
	return text ? unit_add(p->arena, p->list, e, "%s=ay:%s", name, text) : err_nomem(e);
}

static int add_cpu(struct unit_plan *p, struct err *e)
{
	const struct spec_cpu *c = &p->r->cpu;
	bool quota = c->quota_us.set && c->quota_us.v != 0, period = c->period_us.set && c->period_us.v != 0;
	int r = 0;

	if (c->idle.set && c->idle.v == 1)
		r = add_number(p, "CPUWeight", 0, e); /* how systemd writes "idle" */
	else if (c->shares.set && c->shares.v != 0)
		r = add_number(p, "CPUWeight", cgroup_weight_from_shares(c->shares.v), e);
	if (r >= 0 && (quota || period))
		r = add_quota(p, quota ? c->quota_us.v : -1, period ? c->period_us.v : 0, e);
	if (r >= 0 && c->cpus && *c->cpus)
		r = add_set(p, "AllowedCPUs", c->cpus, e);
	if (r >= 0 && c->mems && *c->mems)
		r = add_set(p, "AllowedMemoryNodes", c->mems, e);
	return r;
}

static int add_pids(struct unit_plan *p, struct err *e)
{
	const struct opt_i64 *limit = &p->r->pids_limit;

	return limit->set ? add_number(p, "TasksMax", limit->v == 0 ? 1 : limit->v, e) : 0;
}

static int add_device(struct unit_plan *p, const char *name, int64_t major, int64_t minor, uint64_t v, struct err *e)
{
	return unit_add(p->arena, p->list, e, "%s=a(st):/dev/block/%" PRId64 ":%" PRId64 " %" PRIu64, name, major, minor, v);
}

static int add_block_io(struct unit_plan *p, struct err *e)
{
	static const char *const names[] = {
		[THROTTLE_READ_BPS] = "IOReadBandwidthMax",
		[THROTTLE_WRITE_BPS] = "IOWriteBandwidthMax",
		[THROTTLE_READ_IOPS] = "IOReadIOPSMax",
		[THROTTLE_WRITE_IOPS] = "IOWriteIOPSMax",
	};
	static_assert(ARRAY_SIZE(names) == THROTTLE_COUNT, "a property for each kind of throttle");
	const struct spec_block_io *b = &p->r->block_io;
	int r = b->weight.set && b->weight.v ? add_number(p, "IOWeight", cgroup_weight_from_blkio(b->weight.v), e) : 0;

	for (size_t i = 0; r >= 0 && i < b->n_weight_devices; i++) {
		const struct spec_weight_device *d = &b->weight_devices[i];

		if (d->weight.set && d->weight.v)
			r = add_device(p, "IODeviceWeight", d->major, d->minor, cgroup_weight_from_blkio(d->weight.v), e);
	}
	for (size_t kind = 0; kind < THROTTLE_COUNT; kind++)
		for (size_t i = 0; r >= 0 && i < b->throttle[kind].n; i++) {
			const struct spec_throttle_device *d = &b->throttle[kind].v[i];

			r = add_device(p, names[kind], d->major, d->minor, d->rate ? d->rate : UINT64_MAX, e);
		}
	return r;
}

/* ---- unified: files of the cgroup ---- */

static int unified_failed(const char *file, const char *value, struct err *e)
{
	return err_say(e, EINVAL, "unified: %s: \"%.80s\" is not what this file takes", file, value);
}

static int unified_number(struct unit_plan *p, const char *name, const struct spec_pair *pair, struct err *e)
{
	uint64_t v;

	if (!cgroup_text_number(pair->value, &v))
		return unified_failed(pair->key, pair->value, e);
	return unit_add(p->arena, p->list, e, "%s=t:%" PRIu64, name, v);
}

static int unified_set(struct unit_plan *p, const char *name, const struct spec_pair *pair, struct err *e)
{
	return *pair->value ? add_set(p, name, pair->value, e) : 0;
}

/* "QUOTA [PERIOD]" */
static int unified_cpu_max(struct unit_plan *p, const char *name, const struct spec_pair *pair, struct err *e)
{
	const char *blank = strchr(pair->value, ' ');
	uint64_t quota, period = 0;

	(void)name;
	if (!cgroup_text_number(pair->value, &quota) || (blank && !cgroup_text_number(blank + 1, &period)))
		return unified_failed(pair->key, pair->value, e);
	return add_quota(p, quota > INT64_MAX ? -1 : (int64_t)quota, blank ? period : PERIOD_DEFAULT_US, e);
}

static int unified_idle(struct unit_plan *p, const char *name, const struct spec_pair *pair, struct err *e)
{
	return streq(pair->value, "1") ? add_number(p, name, 0, e) : 0;
}

static const struct {
	const char *file, *property;
	int (*add)(struct unit_plan *p, const char *name, const struct spec_pair *pair, struct err *e);
} unified[] = {
	{ "cpu.max", NULL, unified_cpu_max },
	{ "cpu.weight", "CPUWeight", unified_number },
	{ "cpu.idle", "CPUWeight", unified_idle }, /* after the weight, over which it goes */
	{ "cpuset.cpus", "AllowedCPUs", unified_set },
	{ "cpuset.mems", "AllowedMemoryNodes", unified_set },
	{ "memory.min", "MemoryMin", unified_number },
	{ "memory.low", "MemoryLow", unified_number },
	{ "memory.high", "MemoryHigh", unified_number },
	{ "memory.max", "MemoryMax", unified_number },
	{ "memory.swap.max", "MemorySwapMax", unified_number },
	{ "memory.zswap.max", "MemoryZSwapMax?", unified_number }, /* 253 */
	{ "pids.max", "TasksMax", unified_number },
};

/* In the order of the table: properties that come later win. Other files are not systemd's. */
static int add_unified(struct unit_plan *p, struct err *e)
{
	const struct spec_map *map = &p->r->unified;

	for (size_t i = 0; i < ARRAY_SIZE(unified); i++)
		for (size_t j = 0; j < map->n; j++) {
			int r = streq(map->v[j].key, unified[i].file) ? unified[i].add(p, unified[i].property, &map->v[j], e) : 0;

			if (r < 0)
				return r;
		}
	return 0;
}

int unit_limits(const struct spec_resources *r, struct arena *a, struct strv *ret, struct err *e)
{
	static int (*const parts[])(struct unit_plan *p, struct err *e) = {
		add_memory, add_cpu, add_pids, add_block_io, add_unified,
	};
	struct unit_plan plan = { .r = r, .arena = a, .list = ret };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int rc = parts[i](&plan, e);

		if (rc < 0)
			return err_wrap(e, "linux.resources");
	}
	return 0;
}
