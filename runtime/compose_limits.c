// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/resource.h>

#include "runtime/compose_parts.h"
#include "runtime/defaults.h"
#include "spec/names.h"

#define CPU_PERIOD_US 100000
#define MIN_MEMORY    (6 << 20) /* less cannot even start a process, and would only say so as an OOM kill */

static int bytes(const char *option, const char *text, bool unlimited, struct opt_i64 *ret, struct err *e)
{
	uint64_t v;

	if (!text)
		return 0;
	if (unlimited && streq(text, "-1")) {
		*ret = (struct opt_i64){ true, -1 };
		return 0;
	}
	if (str_to_bytes(text, &v) < 0)
		return err_say(e, EINVAL, "%s %s: a size such as 512m or 2g, please", option, text);
	*ret = (struct opt_i64){ true, (int64_t)v };
	return 0;
}

static int take_memory(const struct limit_options *o, struct spec_memory *m, struct err *e)
{
	int r = bytes("--memory", o->memory, false, &m->limit_bytes, e);

	if (r >= 0)
		r = bytes("--memory-swap", o->memory_swap, true, &m->swap_bytes, e);
	if (r >= 0)
		r = bytes("--memory-reservation", o->memory_reservation, false, &m->reservation_bytes, e);
	if (r < 0)
		return r;
	if (m->limit_bytes.set && m->limit_bytes.v < MIN_MEMORY)
		return err_say(e, EINVAL, "--memory %s: at least 6m are needed", o->memory);
	if (m->swap_bytes.set && !m->limit_bytes.set)
		return err_say(e, EINVAL, "--memory-swap needs --memory: it is the sum of both");
	if (m->swap_bytes.set && m->swap_bytes.v >= 0 && m->swap_bytes.v < m->limit_bytes.v)
		return err_say(e, EINVAL, "--memory-swap %s: it is memory and swap together, so not below --memory",
			       o->memory_swap);
	/* a memory limit that swap lets one step around is none: no swap unless it was asked for */
	if (m->limit_bytes.set && !m->swap_bytes.set)
		m->swap_bytes = m->limit_bytes;
	return 0;
}

static int take_cpu(struct composition *c, struct spec_cpu *cpu, struct err *e)
{
	const struct limit_options *o = &c->o->limits;
	uint64_t milli, shares;

	if (o->cpus) {
		if (str_to_milli(o->cpus, &milli) < 0 || milli < 10 || milli > 1000000000)
			return err_say(e, EINVAL, "--cpus %s: a number of processors from 0.01, please", o->cpus);
		cpu->period_us = (struct opt_u64){ true, CPU_PERIOD_US };
		cpu->quota_us = (struct opt_i64){ true, (int64_t)(milli * (CPU_PERIOD_US / 1000)) };
	}
	if (o->cpu_shares) {
		if (str_to_u64(o->cpu_shares, 262144, &shares) < 0 || shares < 2)
			return err_say(e, EINVAL, "--cpu-shares %s: 2 to 262144, please", o->cpu_shares);
		cpu->shares = (struct opt_u64){ true, shares };
	}
	cpu->cpus = arena_strdup(&c->spec->arena, o->cpuset_cpus);
	cpu->mems = arena_strdup(&c->spec->arena, o->cpuset_mems);
	return 0;
}

static int take_pids(struct composition *c, struct opt_i64 *limit, struct err *e)
{
	const char *text = c->o->limits.pids_limit;
	int64_t v;

	c->s->pids_default = !text;
	if (!text)
		return 0;
	if (str_to_i64(text, -1, INT64_MAX, &v) < 0)
		return err_say(e, EINVAL, "--pids-limit %s: a number, or -1 for no limit, please", text);
	*limit = (struct opt_i64){ v > 0, v };
	return 0;
}

/* NAME=SOFT[:HARD]; -1 and "unlimited" are no limit. */
static int rlimit_value(const char *text, size_t n, uint64_t *ret)
{
	char buf[24];

	if (n == 0 || n >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (streq(buf, "-1") || streq(buf, "unlimited")) {
		*ret = RLIM_INFINITY;
		return 0;
	}
	return str_to_u64(buf, UINT64_MAX - 1, ret);
}

static int take_ulimit(const char *word, struct spec_rlimit *ret, struct err *e)
{
	char name[32];
	size_t n = strcspn(word, "=");

	if (word[n] == '=' && n < 16) {
		snprintf(name, sizeof(name), "RLIMIT_%.*s", (int)n, word);
		for (char *p = name; *p; p++)
			*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
		int resource = spec_rlimit_number(name);
		const char *soft = word + n + 1;
		size_t len = strcspn(soft, ":");
		const char *hard = soft[len] ? soft + len + 1 : soft;

		if (resource < 0)
			return err_say(e, EINVAL, "--ulimit %s: there is no limit of this name", word);
		if (rlimit_value(soft, len, &ret->soft) == 0 &&
		    rlimit_value(hard, soft[len] ? strlen(hard) : len, &ret->hard) == 0 && ret->soft <= ret->hard) {
			ret->resource = resource;
			return 0;
		}
	}
	return err_say(e, EINVAL, "--ulimit %s: NAME=SOFT[:HARD] with SOFT not above HARD, please", word);
}

static int take_ulimits(struct composition *c, struct err *e)
{
	struct spec_rlimits *l = &c->spec->process.rlimits;
	const struct strv *words = &c->o->ulimits;

	l->v = arena_array(&c->spec->arena, words->n + 1, sizeof(*l->v));
	if (!l->v)
		return err_nomem(e);
	for (; l->n < words->n; l->n++) {
		int r = take_ulimit(words->v[l->n], &l->v[l->n], e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int take_sysctls(struct composition *c, struct err *e)
{
	const struct strv *words = &c->o->sysctls;
	struct spec_map *m = &c->spec->linux_.sysctl;

	m->v = arena_array(&c->spec->arena, words->n + 4, sizeof(*m->v));
	if (!m->v)
		return err_nomem(e);
	for (const struct spec_pair *d = default_net_sysctls; c->own_net && d->key; d++)
		m->v[m->n++] = *d;
	for (size_t i = 0; i < words->n; i++) {
		size_t n = strcspn(words->v[i], "=");

		if (n == 0 || !words->v[i][n])
			return err_say(e, EINVAL, "--sysctl %s: KEY=VALUE, please", words->v[i]);
		m->v[m->n].key = arena_strndup(&c->spec->arena, words->v[i], n);
		m->v[m->n].value = arena_strdup(&c->spec->arena, words->v[i] + n + 1);
		if (!m->v[m->n].key || !m->v[m->n].value)
			return err_nomem(e);
		m->n++;
	}
	return 0;
}

int compose_limits(struct composition *c, struct err *e)
{
	struct spec_resources *r = &c->spec->linux_.resources;
	int err = take_memory(&c->o->limits, &r->memory, e);

	if (err >= 0)
		err = take_cpu(c, &r->cpu, e);
	if (err >= 0)
		err = take_pids(c, &r->pids_limit, e);
	if (err >= 0)
		err = take_ulimits(c, e);
	if (err >= 0)
		err = take_sysctls(c, e);
	r->given = true;
	return err < 0 ? err : 0;
}
