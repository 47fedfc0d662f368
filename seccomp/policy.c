// SPDX-License-Identifier: Apache-2.0
#include "seccomp/policy.h"

#include <linux/seccomp.h>
#include <stdlib.h>

#include "seccomp/cache.h"
#include "seccomp/compile.h"

void policy_free(struct policy *p)
{
	arena_free(&p->arena);
}

void seccomp_plan_free(struct seccomp_plan *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(p->filters); i++)
		free(p->filters[i].code);
	memset(p, 0, sizeof(*p));
}

/* The order of SECCOMP_RET_* as signed numbers: KILL_PROCESS is the smallest. */
bool action_stricter(uint32_t a, uint32_t b)
{
	return (int32_t)(a & SECCOMP_RET_ACTION_FULL) < (int32_t)(b & SECCOMP_RET_ACTION_FULL);
}

int policy_add(struct policy *p, struct program *g, const struct rule *r, struct err *e)
{
	if (g->n == g->room) {
		size_t room = g->room ? g->room * 2 : 16;
		struct rule *rules = arena_array(&p->arena, room, sizeof(*rules));

		if (!rules)
			return err_nomem(e);
		if (g->n)
			memcpy(rules, g->rules, g->n * sizeof(*rules));
		g->rules = rules;
		g->room = room;
	}
	g->rules[g->n++] = *r;
	return 0;
}

static int compile_all(const struct policy *p, struct seccomp_plan *plan, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		int r = compile_program(p, &p->programs[i], &plan->filters[i], e);

		if (r < 0)
			return err_wrap(e, "compile a filter");
		plan->n = i + 1;
	}
	return 0;
}

int policy_plan(const struct policy *p, int cache, struct seccomp_plan *ret, struct err *e)
{
	auto_seccomp_plan struct seccomp_plan plan = { 0 };
	auto_cache_key struct cache_key key = { 0 };
	bool found = false;

	if (cache >= 0) {
		int r = cache_key_of(p, &key, e);

		if (r < 0)
			return r;
		found = cache_load(cache, &key, &plan);
	}
	if (!found) {
		int r = compile_all(p, &plan, e);

		if (r < 0)
			return r;
		if (cache >= 0)
			cache_store(cache, &key, &plan);
	}
	for (size_t i = 0; i < plan.n; i++) {
		plan.filters[i].flags = p->programs[i].flags;
		plan.notify |= plan.filters[i].flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
	}
	*ret = plan;
	memset(&plan, 0, sizeof(plan));
	return 0;
}
