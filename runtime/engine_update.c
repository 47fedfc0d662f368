// SPDX-License-Identifier: Apache-2.0
/*
 * Theory of operation. What runs is changed first, then what is on disk: so nothing is kept that the kernel does not take. A
 * start may be under way meanwhile, or the container may have ended and been started again: such a run has read its limits
 * before they were kept, or after; so once they are kept, a run that has not got them yet gets them. Updates have the lock of
 * the container's folder, which nobody else holds for long.
 */
#include "runtime/engine_update.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroups/cgroups.h"
#include "runtime/class.h"
#include "runtime/compose_parts.h"
#include "runtime/journal.h"
#include "runtime/limits.h"
#include "runtime/networks.h"
#include "runtime/update.h"

#define START_TRIES    2400 /* × 5 ms: longer than any pause before a restart */
#define START_PAUSE_NS 5000000L

struct update {
	const struct engine *g;
	const char *id;
	const struct engine_change *want;
	int dir;
	struct container c;
	struct spec spec;
	struct limit_change change;
	struct spec_map wishes; /* lifted limits, and what the class would like */
	bool has_limits;	/* not the restart policy alone */
};

static void update_free(struct update *u)
{
	container_free(&u->c);
	spec_free(&u->spec);
}

static int lock(int dir, struct err *e)
{
	int r = fd_lock(dir, LOCK_EX);

	return r < 0 ? err_set(e, -r, "lock the container's folder") : 0;
}

static int set_rate(const struct engine *g, const char *id, const char *rate, struct err *e)
{
	struct spec_pair pair = { (char *)"rate", (char *)rate };
	const struct network_shaping want = { .values = { .v = &pair, .n = 1 } };
	int r = engine_network_shape(g, id, &want, e);

	return r < 0 ? err_wrap(e, "--net-rate") : 0;
}

int engine_change_check(const struct engine_change *want, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct limit_change change;
	struct settings s = { 0 };
	int r = want->restart ? compose_restart(want->restart, &s, e) : 0;

	for (size_t i = 0; r >= 0 && i < want->device_rules.n; i++)
		r = compose_device_rule(want->device_rules.v[i], &(struct spec_device_rule){ 0 }, e);
	return r < 0 ? r : limits_read(&want->limits, &a, &change, e);
}

/* Behind those that it has. */
static int add_device_rules(struct update *u, struct err *e)
{
	struct spec_device_rules *all = &u->spec.linux_.resources.devices;
	const struct strv *words = &u->want->device_rules;
	struct spec_device_rule *v = arena_array(&u->spec.arena, all->n + words->n + 1, sizeof(*v));
	int r = 0;

	if (!v)
		return err_nomem(e);
	if (all->n)
		memcpy(v, all->v, all->n * sizeof(*v));
	all->v = v;
	for (size_t i = 0; r >= 0 && i < words->n; i++)
		r = compose_device_rule(words->v[i], &all->v[all->n++], e);
	return r;
}

static int merge(struct update *u, struct err *e)
{
	static const struct limit_options none;
	struct spec_resources *all = &u->spec.linux_.resources;
	struct arena *a = &u->spec.arena;
	struct settings *s = &u->c.settings;
	int r = 0;

	u->has_limits = u->want->device_rules.n || memcmp(&u->want->limits, &none, sizeof(none)) != 0;
	if (u->want->restart)
		r = compose_restart(u->want->restart, s, e);
	if (r >= 0 && s->remove && s->restart != RESTART_NO)
		return err_say(e, EINVAL, "container %s is removed at its end (--rm): --restart does not go with that", s->name);
	if (r < 0 || !u->has_limits)
		return r;
	if (s->cgroup_manager == CGROUP_MANAGER_DISABLED)
		return err_say(e, EINVAL, "container %s has no cgroup (--cgroups disabled), and so no limits", s->name);
	r = limits_read(&u->want->limits, a, &u->change, e);
	if (r >= 0)
		r = limits_merge(&u->change, a, all, s, e);
	u->wishes = u->change.lifted;
	if (r >= 0)
		r = class_apply(s->class, all, a, &u->change.set, &u->wishes, e);
	if (r >= 0)
		r = add_device_rules(u, e);
	return r < 0 ? r : limits_available(s, all, e);
}

static bool runs(const struct container *c)
{
	return c->phase == PHASE_RUNNING || c->phase == PHASE_PAUSED;
}

/* Below what processes hold, the kernel can only kill; what it has of files comes back by reading them again. */
static int check_memory(const struct update *u, int cgroup, struct err *e)
{
	const struct spec_memory *m = &u->change.set.memory;
	int64_t limit = m->limit_bytes.set ? m->limit_bytes.v : -1;
	bool swaps = m->swap_bytes.v < 0 || m->swap_bytes.v > limit;
	char is[STR_BYTES_MAX], want[STR_BYTES_MAX];
	struct cgroup_memory now;
	struct err ignored; /* without the controller the limit itself is the error */

	if (u->want->force || limit <= 0 || swaps || cgroup_read_memory(cgroup, &now, &ignored) < 0 ||
	    now.anon_bytes <= (uint64_t)limit)
		return 0;
	err_say(e, EBUSY, "--memory %s: container %s holds %s that cannot be taken from it", str_bytes((uint64_t)limit, want),
		u->c.settings.name, str_bytes(now.anon_bytes, is));
	return err_hint(e, "the kernel would kill it; --force says that it may");
}

/* What of the class this machine does not have, for `inspect`: it is known from now on. */
static int note_missing(const struct update *u, int cgroup, struct err *e)
{
	auto_run_record struct run_record run = { 0 };
	struct strv missing = { 0 };
	int r = u->change.class != CLASS_NONE ? record_run(u->dir, &run, e) : 0;

	if (r <= 0)
		return r;
	for (size_t i = 0; r >= 0 && i < run.missing.n; i++)
		if (!spec_map_get(&u->wishes, run.missing.v[i]))
			r = strv_push(&run.arena, &missing, run.missing.v[i]);
	for (size_t i = 0; r >= 0 && i < u->wishes.n; i++)
		if (!spec_map_get(&u->change.lifted, u->wishes.v[i].key) && faccessat(cgroup, u->wishes.v[i].key, F_OK, 0) < 0)
			r = strv_add(&run.arena, &missing, u->wishes.v[i].key);
	run.missing = missing;
	return r < 0 ? err_nomem(e) : record_write_run(u->dir, &run, e);
}

static int apply(const struct update *u, struct err *e)
{
	const struct update_request q = {
		.resources = u->change.set,
		.devices = u->want->device_rules.n ? &u->spec.linux_.resources.devices : NULL,
		.wishes = u->wishes,
	};
	auto_state struct state s = { 0 };
	int r = state_load(u->g->states, u->id, &s, e);
	auto_fd int cgroup = r < 0 ? -1 : state_cgroup(&s, e);

	r = r < 0 ? r : cgroup < 0 ? cgroup : check_memory(u, cgroup, e);
	if (r >= 0)
		r = container_update(u->g->states, u->id, &q, e);
	return r < 0 ? r : note_missing(u, cgroup, e);
}

/* Where somebody is about to start it: until it runs, or he has given up. Return: whether it runs, or -errno with @e filled */
static int wait_start(const struct update *u, struct container *ret, struct err *e)
{
	const struct timespec pause = { .tv_nsec = START_PAUSE_NS };

	for (int i = 0; i < START_TRIES; i++) {
		container_free(ret);
		*ret = (struct container){ 0 };
		int r = container_load(u->g, u->id, ret, e);

		if (r < 0 || runs(ret) || !ret->watched)
			return r < 0 ? r : runs(ret);
		(void)nanosleep(&pause, NULL);
	}
	return 0; /* it is not about to start */
}

/* A run that began meanwhile. One that has ended since needs nothing any more. */
static int apply_to_next(const struct update *u, const struct container *before, struct err *e)
{
	auto_container struct container now = { 0 };
	int r = wait_start(u, &now, e);

	if (r <= 0 || (runs(before) && now.init.pid == before->init.pid && now.init.start_time == before->init.start_time))
		return r == -ENOENT ? 0 : r;
	r = apply(u, e);
	return r == -ESRCH || r == -ENOENT ? 0 : r;
}

static int update(struct update *u, struct err *e)
{
	int r = lock(u->dir, e);

	if (r >= 0)
		r = container_load(u->g, u->id, &u->c, e);
	if (r >= 0)
		r = record_spec(u->dir, &u->spec, e);
	if (r >= 0)
		r = merge(u, e);
	if (r >= 0 && u->has_limits && runs(&u->c))
		r = apply(u, e);
	if (r >= 0 && u->has_limits)
		r = record_write_spec(u->dir, &u->spec, e);
	if (r >= 0)
		r = record_change_settings(u->dir, &u->c.settings, e);
	if (r >= 0 && u->has_limits)
		r = apply_to_next(u, &u->c, e);
	return r < 0 ? r : 0;
}

int engine_update(const struct engine *g, const char *id, const struct engine_change *want, struct err *e)
{
	int r = want->net_rate ? set_rate(g, id, want->net_rate, e) : 0;

	if (r >= 0 && want->egress.n)
		r = engine_network_egress(g, id, &want->egress, e);
	auto_fd int dir = r < 0 ? -1 : record_open(g, id, e);
	struct update u = { .g = g, .id = id, .want = want, .dir = dir };

	if (r >= 0)
		r = dir < 0 ? dir : update(&u, e);

	if (r >= 0)
		journal_container(g, &u.c.settings, EVENT_UPDATE);
	update_free(&u);
	return r;
}
