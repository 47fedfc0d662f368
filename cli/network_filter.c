// SPDX-License-Identifier: Apache-2.0
#include "cli/network_filter.h"

#include <errno.h>

#include "base/timestamp.h"
#include "cli/when.h"

#define NS_PER_S 1000000000

static bool by_name(const struct network_filter *f, const struct network_view *v, bool used)
{
	(void)used;
	return strstr(v->name, f->value) != NULL;
}

static bool by_id(const struct network_filter *f, const struct network_view *v, bool used)
{
	(void)used;
	return str_after(v->id, f->value) != NULL;
}

static bool by_driver(const struct network_filter *f, const struct network_view *v, bool used)
{
	(void)used;
	return streq(v->driver, f->value);
}

static bool by_label(const struct network_filter *f, const struct network_view *v, bool used)
{
	size_t n = strcspn(f->value, "=");

	(void)used;
	for (size_t i = 0; i < v->labels.n; i++) {
		const struct spec_pair *l = &v->labels.v[i];

		if (strlen(l->key) == n && memcmp(l->key, f->value, n) == 0)
			return !f->value[n] || streq(l->value, f->value + n + 1);
	}
	return false;
}

static bool without_label(const struct network_filter *f, const struct network_view *v, bool used)
{
	return !by_label(f, v, used);
}

static bool by_age(const struct network_filter *f, const struct network_view *v, bool used)
{
	int64_t created_s;

	(void)used;
	return timestamp_parse(v->created, &created_s) == 0 && (uint64_t)created_s * NS_PER_S <= f->until_ns;
}

static bool by_use(const struct network_filter *f, const struct network_view *v, bool used)
{
	(void)v;
	return used != streq(f->value, "true");
}

static const struct {
	const char *key;
	bool (*fits)(const struct network_filter *f, const struct network_view *v, bool used);
	bool all; /* of several values each must fit, else one of them */
} kinds[] = {
	{ "name", by_name, false },    { "id", by_id, false },		     { "driver", by_driver, false },
	{ "label", by_label, true },   { "label!", without_label, true },  { "until", by_age, true },
	{ "dangling", by_use, true },
};

static int read_one(const char *word, struct network_filter *ret, struct err *e)
{
	const char *eq = strchr(word, '=');
	size_t n = eq ? (size_t)(eq - word) : 0;

	for (size_t k = 0; eq && k < ARRAY_SIZE(kinds); k++) {
		if (strlen(kinds[k].key) != n || memcmp(kinds[k].key, word, n) != 0)
			continue;
		*ret = (struct network_filter){ .kind = k, .value = eq + 1 };
		if (kinds[k].fits == by_use && !streq(eq + 1, "true") && !streq(eq + 1, "false"))
			return err_say(e, EINVAL, "--filter %s: it is true or false", word);
		return kinds[k].fits == by_age ? when_parse("--filter until", eq + 1, false, &ret->until_ns, e) : 0;
	}
	return err_say(e, EINVAL, "--filter %s: KEY=VALUE, please, with " NETWORK_FILTERS_HELP, word);
}

int network_filters_read(const struct strv *words, struct arena *a, struct network_filters *ret, struct err *e)
{
	struct network_filters f = { .v = arena_array(a, words->n + 1, sizeof(*f.v)) };
	int r = f.v ? 0 : err_nomem(e);

	for (; f.n < words->n && r >= 0; f.n++) {
		r = read_one(words->v[f.n], &f.v[f.n], e);
		f.need_use |= r >= 0 && kinds[f.v[f.n].kind].fits == by_use;
	}
	if (r >= 0)
		*ret = f;
	return r;
}

bool network_filters_fit(const struct network_filters *f, const struct network_view *v, bool used)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		size_t asked = 0, fit = 0;

		for (size_t i = 0; i < f->n; i++) {
			asked += f->v[i].kind == k;
			fit += f->v[i].kind == k && kinds[k].fits(&f->v[i], v, used);
		}
		if (kinds[k].all ? fit < asked : asked && !fit)
			return false;
	}
	return true;
}
