// SPDX-License-Identifier: Apache-2.0
#include "cgroups/limits.h"

#include <errno.h>
#include <inttypes.h>

#include "cgroups/controllers.h"
#include "cgroups/convert.h"

#define SWAPPINESS_DEFAULT 60
#define RT_PERIOD_DEFAULT  1000000

int limits_add(struct limit_plan *p, unsigned flags, const char *file, const char *value, struct err *e)
{
	struct limit_list *l = &p->list;

	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 16;
		struct limit *v = arena_array(p->arena, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->room = room;
	}
	if (!file || !value)
		return err_nomem(e);
	l->v[l->n++] = (struct limit){ .file = file, .value = value, .flags = flags };
	return 0;
}

/* A size or number of which -1 means no limit; 0 asks for nothing. */
static int add_limit(struct limit_plan *p, const char *file, const char *what, struct opt_i64 limit, struct err *e)
{
	if (!limit.set || limit.v == 0)
		return 0;
	if (limit.v < -1)
		return err_say(e, EINVAL, "%s: %" PRId64 " is no limit", what, limit.v);
	if (limit.v == -1)
		return limits_add(p, LIMIT_OPTIONAL, file, "max", e);
	return limits_add(p, 0, file, arena_printf(p->arena, "%" PRId64, limit.v), e);
}

static int plan_memory(struct limit_plan *p, struct err *e)
{
	const struct spec_memory *m = &p->r->memory;
	int64_t swap = 0;
	int r = cgroup_swap_from_total(m, &swap, e);

	/* no swap at all where there is no accounting of it is what the machine does anyway, as far as it can */
	if (r > 0 && swap <= 0)
		r = limits_add(p, LIMIT_OPTIONAL, "memory.swap.max", swap < 0 ? "max" : "0", e);
	else if (r > 0)
		r = limits_add(p, 0, "memory.swap.max", arena_printf(p->arena, "%" PRId64, swap), e);
	if (r == 0)
		r = add_limit(p, "memory.max", "memory.limit", m->limit_bytes, e);
	if (r == 0)
		r = add_limit(p, "memory.low", "memory.reservation", m->reservation_bytes, e);
	return r;
}

/* The kernel wants burst <= quota at each moment: which of the two goes first depends on the way both move. */
static int plan_cpu_max(struct limit_plan *p, struct err *e)
{
	const struct spec_cpu *c = &p->r->cpu;
	bool quota = c->quota_us.set && c->quota_us.v != 0, period = c->period_us.set && c->period_us.v != 0;
	unsigned flags = quota && c->quota_us.v > 0 ? 0 : LIMIT_OPTIONAL; /* a period alone limits nothing */
	const char *max = flags ? "max" : arena_printf(p->arena, "%" PRId64, c->quota_us.v);
	const char *burst = c->burst_us.set ? arena_printf(p->arena, "%" PRIu64, c->burst_us.v) : "";
	unsigned burst_flags = c->burst_us.v == 0 ? LIMIT_OPTIONAL : 0;
	int r = 0;

	if (!burst || !max)
		return err_nomem(e);
	if (*burst)
		r = limits_add(p, burst_flags | (quota || period ? LIMIT_TRY : 0), "cpu.max.burst", burst, e);
	if (r == 0 && period)
		r = limits_add(p, quota ? flags : flags | LIMIT_KEEP_QUOTA, "cpu.max",
			       arena_printf(p->arena, "%s %" PRIu64, quota ? max : "", c->period_us.v), e);
	else if (r == 0 && quota) /* one number alone: the period stays */
		r = limits_add(p, flags, "cpu.max", max, e);
	if (r == 0 && *burst && (quota || period))
		r = limits_add(p, burst_flags, "cpu.max.burst", burst, e);
	return r;
}

static int plan_cpu(struct limit_plan *p, struct err *e)
{
	const struct spec_cpu *c = &p->r->cpu;
	bool idle = c->idle.set && c->idle.v != 0;
	int r = 0;

	if (c->idle.set && c->idle.v != 0 && c->idle.v != 1)
		return err_say(e, EINVAL, "cpu.idle: %" PRId64 " is neither 0 nor 1", c->idle.v);
	/* before the weight, which an idle cgroup cannot have: the kernel refuses to set one */
	if (c->idle.set)
		r = limits_add(p, idle ? 0 : LIMIT_OPTIONAL, "cpu.idle", idle ? "1" : "0", e);
	if (r == 0 && c->shares.set && c->shares.v != 0 && !idle)
		r = limits_add(p, 0, "cpu.weight",
			       arena_printf(p->arena, "%" PRIu32, cgroup_weight_from_shares(c->shares.v)), e);
	return r == 0 ? plan_cpu_max(p, e) : r;
}

static int plan_cpuset(struct limit_plan *p, struct err *e)
{
	const struct spec_cpu *c = &p->r->cpu;
	int r = 0;

	if (c->cpus && *c->cpus)
		r = limits_add(p, 0, "cpuset.cpus", c->cpus, e);
	if (r == 0 && c->mems && *c->mems)
		r = limits_add(p, 0, "cpuset.mems", c->mems, e);
	return r;
}

static int plan_pids(struct limit_plan *p, struct err *e)
{
	const struct opt_i64 *limit = &p->r->pids_limit;

	if (!limit->set)
		return 0;
	if (limit->v < 0)
		return limits_add(p, LIMIT_OPTIONAL, "pids.max", "max", e);
	if (limit->v == 0) /* as runc has it: systemd knows no 0, and the first process counts */
		return limits_add(p, LIMIT_OPTIONAL, "pids.max", "1", e);
	return limits_add(p, 0, "pids.max", arena_printf(p->arena, "%" PRId64, limit->v), e);
}

/* Any file of the cgroup, but of this cgroup: "CONTROLLER.WHAT", and no path. */
static int plan_unified(struct limit_plan *p, struct err *e)
{
	for (size_t i = 0; i < p->r->unified.n; i++) {
		const struct spec_pair *pair = &p->r->unified.v[i];
		const char *dot = strchr(pair->key, '.');

		if (!dot || dot == pair->key || !dot[1] || strchr(pair->key, '/'))
			return err_say(e, EINVAL, "unified: \"%.80s\" is not the name of a cgroup file", pair->key);
		int r = limits_add(p, 0, pair->key, pair->value, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool leaf_weights(const struct spec_block_io *b)
{
	for (size_t i = 0; i < b->n_weight_devices; i++)
		if (b->weight_devices[i].leaf_weight.set && b->weight_devices[i].leaf_weight.v != 0)
			return true;
	return b->leaf_weight.set && b->leaf_weight.v != 0;
}

/*
 * What only version 1 can do. Zeros and defaults ask for nothing: engines send them in every configuration. memory.kernel and
 * memory.kernelTCP are of the past, and ignored by everybody.
 */
static int refuse_v1(struct limit_plan *p, struct err *e)
{
	const struct spec_memory *m = &p->r->memory;
	const struct spec_cpu *c = &p->r->cpu;
	const struct {
		const char *name;
		bool asked;
	} properties[] = {
		{ "cpu.realtimeRuntime", c->realtime_runtime_us.set && c->realtime_runtime_us.v != 0 },
		{ "cpu.realtimePeriod", c->realtime_period_us.set && c->realtime_period_us.v != 0 &&
						c->realtime_period_us.v != RT_PERIOD_DEFAULT },
		{ "memory.swappiness", m->swappiness.set && m->swappiness.v != 0 &&
					       m->swappiness.v != SWAPPINESS_DEFAULT },
		{ "memory.disableOOMKiller", m->disable_oom_killer.set && m->disable_oom_killer.v },
		{ "blockIO.leafWeight", leaf_weights(&p->r->block_io) },
		{ "network.classID", p->r->network.class_id.set && p->r->network.class_id.v != 0 },
		{ "network.priorities", p->r->network.n_priorities > 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
		if (properties[i].asked)
			return err_say(e, EOPNOTSUPP, "%s exists in cgroup v1 only: leave it out", properties[i].name);
	return 0;
}

int limits_plan(const struct spec_resources *r, struct arena *a, struct limit_list *ret, struct err *e)
{
	/* unified last: who writes to a file directly means it */
	static int (*const parts[])(struct limit_plan *p, struct err *e) = {
		refuse_v1, plan_cpu, plan_cpuset, plan_memory, plan_pids, limits_plan_io, limits_plan_hugetlb, limits_plan_rdma,
		plan_unified,
	};
	struct limit_plan plan = { .r = r, .arena = a };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int rc = parts[i](&plan, e);

		if (rc < 0)
			return err_wrap(e, "linux.resources");
	}
	*ret = plan.list;
	return 0;
}

unsigned limits_controllers(const struct limit_list *list)
{
	unsigned set = 0;

	for (size_t i = 0; i < list->n; i++)
		if (!(list->v[i].flags & LIMIT_OPTIONAL))
			set |= BIT(cgroup_controller_of_file(list->v[i].file));
	return set & CGROUP_ALL_CONTROLLERS;
}
