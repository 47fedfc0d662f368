// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/resource.h>

#include "runtime/compose_parts.h"
#include "runtime/defaults.h"
#include "runtime/limits.h"
#include "spec/names.h"

/* Of a container that is new, merged into nothing. */
static int take_resources(struct composition *c, struct err *e)
{
	struct arena *a = &c->spec->arena;
	struct limit_change change;
	int r = limits_read(&c->o->limits, a, &change, e);

	c->s->pids_default = true;
	return r < 0 ? r : limits_merge(&change, a, &c->spec->linux_.resources, c->s, e);
}

static int take_oom_score(struct composition *c, struct err *e)
{
	const char *text = c->o->oom_score_adj;
	int64_t v;

	if (!text)
		return 0;
	if (str_to_i64(text, -1000, 1000, &v) < 0)
		return err_say(e, EINVAL, "--oom-score-adj %s: -1000 to 1000, please", text);
	c->spec->process.oom_score_adj = (struct opt_i64){ true, v };
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
	static int (*const parts[])(struct composition *c, struct err *e) = {
		take_resources, take_oom_score, take_ulimits, take_sysctls,
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(parts); i++)
		r = parts[i](c, e);
	return r < 0 ? r : 0;
}
