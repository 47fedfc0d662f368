// SPDX-License-Identifier: Apache-2.0
/* What is asked for now, and what was asked for before: together they must make sense, and what is lifted is forgotten. */
#include <errno.h>
#include <inttypes.h>

#include "cgroups/cgroups.h"
#include "runtime/class.h"
#include "runtime/limits.h"

#define CPU_PERIOD_US 100000 /* the kernel's own */

void limits_drop(struct spec_map *m, const char *key)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++)
		if (!streq(m->v[i].key, key))
			m->v[kept++] = m->v[i];
	m->n = kept;
}

int limits_put(struct arena *a, struct spec_map *m, const char *key, const char *value, struct err *e)
{
	const struct spec_pair pair = { .key = arena_strdup(a, key), .value = arena_strdup(a, value) };
	struct spec_pair *v = arena_array(a, m->n + 1, sizeof(*v));

	if (!pair.key || !pair.value || !v)
		return err_nomem(e);
	if (m->n)
		memcpy(v, m->v, m->n * sizeof(*v));
	m->v = v;
	limits_drop(m, key);
	m->v[m->n++] = pair;
	return 0;
}

/* The kernel limits swap alone, options speak of the sum: so whoever changes one of them writes both. */
static int merge_memory(struct spec_memory *all, struct spec_memory *set, struct err *e)
{
	bool no_swap = !all->swap_bytes.set || (all->limit_bytes.set && all->swap_bytes.v == all->limit_bytes.v);
	const struct opt_i64 none = { true, -1 };

	if (set->reservation_bytes.set)
		all->reservation_bytes = (struct opt_i64){ set->reservation_bytes.v > 0, set->reservation_bytes.v };
	if (!set->limit_bytes.set && !set->swap_bytes.set)
		return 0;
	if (set->limit_bytes.set)
		all->limit_bytes = (struct opt_i64){ set->limit_bytes.v > 0, set->limit_bytes.v };
	if (!all->limit_bytes.set && set->swap_bytes.set && set->swap_bytes.v > 0)
		return err_say(e, EINVAL, "--memory-swap needs --memory: it is the sum of both");
	if (set->swap_bytes.set && set->swap_bytes.v != 0)
		all->swap_bytes = set->swap_bytes;
	else if (no_swap || set->swap_bytes.set) /* a limit that swap lets one step around is none */
		all->swap_bytes = all->limit_bytes;
	if (!all->limit_bytes.set)
		all->swap_bytes.set = false;
	if (all->swap_bytes.set && all->swap_bytes.v >= 0 && all->swap_bytes.v < all->limit_bytes.v) {
		err_say(e, EINVAL, "--memory-swap (%" PRId64 " bytes) is below --memory (%" PRId64 " bytes)", all->swap_bytes.v,
			all->limit_bytes.v);
		return err_hint(e, "it is memory and swap together: give both, or --memory-swap 0 for no swap");
	}
	set->limit_bytes = all->limit_bytes.set ? all->limit_bytes : none;
	set->swap_bytes = all->swap_bytes.set ? all->swap_bytes : none;
	return 0;
}

static void merge_quota(struct spec_cpu *all, struct spec_cpu *set)
{
	if (set->period_us.set) {
		all->period_us = (struct opt_u64){ set->period_us.v > 0, set->period_us.v };
		if (set->period_us.v == 0)
			set->period_us.v = CPU_PERIOD_US;
	}
	if (!set->quota_us.set)
		return;
	all->quota_us = (struct opt_i64){ set->quota_us.v > 0, set->quota_us.v };
	if (set->quota_us.v <= 0) {
		set->quota_us.v = -1;
		all->period_us.set = false; /* of nothing */
	}
}

/* @set: "" lifts, and what else is to be written for that is among the change's lifted ones */
static void merge_list(char **all, char **set)
{
	if (!*set)
		return;
	if (!**set)
		*set = NULL;
	*all = *set;
}

static int merge_cpu(struct spec_cpu *all, struct spec_cpu *set, struct err *e)
{
	if (set->shares.set) {
		all->shares = (struct opt_u64){ set->shares.v > 0, set->shares.v };
		set->idle = (struct opt_i64){ true, 0 }; /* of an idle class: the kernel takes no weight then */
	}
	if (set->burst_us.set)
		all->burst_us = (struct opt_u64){ set->burst_us.v > 0, set->burst_us.v };
	merge_quota(all, set);
	merge_list(&all->cpus, &set->cpus);
	merge_list(&all->mems, &set->mems);
	if (all->burst_us.set && all->quota_us.set && all->burst_us.v > (uint64_t)all->quota_us.v) {
		err_say(e, EINVAL, "--cpu-burst (%" PRIu64 " us) is above the quota (%" PRId64 " us of each period)",
			all->burst_us.v, all->quota_us.v);
		return err_hint(e, "what is saved up can be one period's quota at most");
	}
	return 0;
}

/*
 * Put @set behind @old; of two for one device the later one counts. Each begins with the device's numbers, two int64_t.
 * @ret: has room for all. Return: how many there are
 */
static size_t merge_devices(char *ret, const void *old, size_t n_old, const void *set, size_t n_set, size_t size)
{
	const size_t numbers = 2 * sizeof(int64_t);
	size_t n = 0;

	for (size_t i = 0; i < n_old + n_set; i++) {
		const char *device = i < n_old ? (const char *)old + i * size : (const char *)set + (i - n_old) * size;
		size_t at = 0;

		while (at < n && memcmp(ret + at * size, device, numbers) != 0)
			at++;
		memcpy(ret + at * size, device, size);
		n = MAX(n, at + 1);
	}
	return n;
}

static int merge_weights(struct arena *a, struct spec_block_io *all, const struct spec_block_io *set, struct err *e)
{
	struct spec_weight_device *v = arena_array(a, all->n_weight_devices + set->n_weight_devices + 1, sizeof(*v));

	if (!v)
		return err_nomem(e);
	all->n_weight_devices = merge_devices((char *)v, all->weight_devices, all->n_weight_devices, set->weight_devices,
					      set->n_weight_devices, sizeof(*v));
	all->weight_devices = v;
	return 0;
}

/* A rate of 0 lifts the limit. */
static int merge_throttle(struct arena *a, struct spec_throttle_list *all, const struct spec_throttle_list *set,
			  struct err *e)
{
	struct spec_throttle_device *v = arena_array(a, all->n + set->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(e);
	size_t n = merge_devices((char *)v, all->v, all->n, set->v, set->n, sizeof(*v)), kept = 0;

	for (size_t i = 0; i < n; i++)
		if (v[i].rate)
			v[kept++] = v[i];
	*all = (struct spec_throttle_list){ v, kept };
	return 0;
}

static int merge_block_io(struct arena *a, struct spec_block_io *all, const struct spec_block_io *set, struct err *e)
{
	int r = 0;

	if (set->weight.set)
		all->weight = (struct opt_u32){ set->weight.v > 0, set->weight.v };
	if (set->n_weight_devices)
		r = merge_weights(a, all, set, e);
	for (size_t kind = 0; r >= 0 && kind < THROTTLE_COUNT; kind++)
		if (set->throttle[kind].n)
			r = merge_throttle(a, &all->throttle[kind], &set->throttle[kind], e);
	return r;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

/* Is there a line for this line's device ("8:0 …") in @text? */
static bool has_device(const char *text, const char *line)
{
	size_t n = strcspn(line, " ") + 1;

	for (; *text; text = next_line(text))
		if (strncmp(text, line, n) == 0)
			return true;
	return false;
}

static bool is_lifted(const char *line, size_t n)
{
	static const char none[] = " target=0";
	size_t end = sizeof(none) - 1;

	return n > end && memcmp(line + n - end, none, end) == 0;
}

/* io.latency has a line for each device: those of before that are not named again stay. */
static int merge_latency(struct arena *a, struct spec_map *all, const char *set, struct err *e)
{
	static const char file[] = "io.latency";
	const char *const texts[] = { spec_map_get(all, file), set };
	const char *lines = "";

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (const char *line = texts[i]; line && *line; line = next_line(line)) {
			size_t n = strcspn(line, "\n");

			if ((texts[i] != set && has_device(set, line)) || is_lifted(line, n))
				continue;
			lines = arena_printf(a, "%s%s%.*s", lines, *lines ? "\n" : "", (int)n, line);
			if (!lines)
				return err_nomem(e);
		}
	limits_drop(all, file);
	return *lines ? limits_put(a, all, file, lines, e) : 0;
}

static int merge_unified(struct arena *a, struct spec_map *all, const struct limit_change *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < c->lifted.n; i++)
		limits_drop(all, c->lifted.v[i].key);
	for (size_t i = 0; r >= 0 && i < c->set.unified.n; i++) {
		const struct spec_pair *p = &c->set.unified.v[i];

		r = streq(p->key, "io.latency") ? merge_latency(a, all, p->value, e)
						: limits_put(a, all, p->key, p->value, e);
	}
	return r;
}

int limits_merge(struct limit_change *c, struct arena *a, struct spec_resources *all, struct settings *s, struct err *e)
{
	if (c->class != CLASS_NONE) {
		s->class = c->class;
		class_clear(all);
	}
	if (c->pids) {
		struct opt_i64 *limit = &c->set.pids_limit;

		s->pids_default = false;
		all->pids_limit = (struct opt_i64){ limit->v > 0, limit->v };
		limit->v = limit->v > 0 ? limit->v : -1;
	}
	int r = merge_memory(&all->memory, &c->set.memory, e);

	if (r >= 0)
		r = merge_cpu(&all->cpu, &c->set.cpu, e);
	if (r >= 0)
		r = merge_block_io(a, &all->block_io, &c->set.block_io, e);
	all->given = true;
	return r < 0 ? r : merge_unified(a, &all->unified, c, e);
}

int limits_available(const struct settings *s, const struct spec_resources *all, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct spec_resources whole = *all;
	struct spec_map wishes = { 0 };
	int r = class_apply(s->class, all, &a, &whole, &wishes, e);

	return r < 0 ? r : cgroup_can_set(&whole, e);
}
