// SPDX-License-Identifier: Apache-2.0
#include "cli/volume_view.h"

#include <errno.h>

#include "cli/pairs.h"
#include "cli/when.h"

#define NS_PER_S 1000000000

const struct field volume_view_fields[VOLUME_VIEW_FIELDS] = {
	FIELD_STRING(struct volume_view, name, "Name", REQUIRED),
	FIELD_STRING(struct volume_view, driver, "Driver", REQUIRED),
	FIELD_STRING(struct volume_view, mountpoint, "Mountpoint", REQUIRED),
	FIELD_STRING(struct volume_view, created, "CreatedAt", REQUIRED),
	{ FIELD_OF(struct volume_view, labels, "Labels", map, true) },
	FIELD_STRING(struct volume_view, scope, "Scope", REQUIRED),
	{ FIELD_OF(struct volume_view, options, "Options", map, true) },
	FIELD_BOOL(struct volume_view, anonymous, "Anonymous", REQUIRED),
	FIELD_U32(struct volume_view, users, "MountCount", REQUIRED),
	FIELD_BOOL(struct volume_view, fresh, "NeedsCopyUp", REQUIRED),
};

int volume_view_fill(const struct engine *g, const struct volume *v, const struct strv *uses, struct arena *a,
		     struct volume_view *ret, struct err *e)
{
	char path[PATH_MAX];

	volume_path(g, v->name, path);
	*ret = (struct volume_view){
		.name = arena_strdup(a, v->name),
		.driver = (char *)VOLUME_DRIVER,
		.mountpoint = arena_strdup(a, path),
		.created = arena_strdup(a, v->created),
		.scope = (char *)"local",
		.labels = v->labels,
		.options = v->options,
		.anonymous = v->anonymous,
		.fresh = volume_is_fresh(g, v->name),
	};
	if (!ret->name || !ret->mountpoint || !ret->created)
		return err_nomem(e);
	for (size_t i = 0; i < uses->n; i++)
		ret->users += streq(uses->v[i], v->name);
	return 0;
}

/* ---- filters ---- */

static bool by_name(const struct volume_filter *f, const struct volume_view *v)
{
	return strstr(v->name, f->value) != NULL;
}

static bool by_driver(const struct volume_filter *f, const struct volume_view *v)
{
	return streq(v->driver, f->value);
}

static bool by_scope(const struct volume_filter *f, const struct volume_view *v)
{
	return streq(v->scope, f->value);
}

static bool by_label(const struct volume_filter *f, const struct volume_view *v)
{
	return pairs_fit(&v->labels, f->value);
}

static bool without_label(const struct volume_filter *f, const struct volume_view *v)
{
	return !by_label(f, v);
}

static bool by_option(const struct volume_filter *f, const struct volume_view *v)
{
	return pairs_fit(&v->options, f->value);
}

static bool by_use(const struct volume_filter *f, const struct volume_view *v)
{
	return (v->users == 0) == streq(f->value, "true");
}

static bool by_anonymity(const struct volume_filter *f, const struct volume_view *v)
{
	return v->anonymous == streq(f->value, "true");
}

static bool by_until(const struct volume_filter *f, const struct volume_view *v)
{
	int64_t created_s;

	return timestamp_parse(v->created, &created_s) == 0 && (uint64_t)created_s * NS_PER_S <= f->until_ns;
}

static bool by_since(const struct volume_filter *f, const struct volume_view *v)
{
	return strcmp(v->created, f->created) > 0; /* all are written alike */
}

enum value_kind { ANY, BOOLEAN, MOMENT, VOLUME };

static const struct {
	const char *key;
	bool (*fits)(const struct volume_filter *f, const struct volume_view *v);
	bool all; /* of several values each must fit, else one of them */
	enum value_kind value;
} kinds[] = {
	{ "name", by_name, false, ANY },	   { "driver", by_driver, false, ANY },
	{ "label", by_label, true, ANY },	   { "label!", without_label, true, ANY },
	{ "opt", by_option, true, ANY },	   { "scope", by_scope, false, ANY },
	{ "dangling", by_use, true, BOOLEAN },	   { "anonymous", by_anonymity, true, BOOLEAN },
	{ "until", by_until, true, MOMENT },	   { "since", by_since, true, VOLUME },
	{ "after", by_since, true, VOLUME },
};

static int read_value(const struct engine *g, const char *word, struct volume_filter *f, struct err *e)
{
	auto_volume struct volume v = { 0 };
	bool boolean = streq(f->value, "true") || streq(f->value, "false");
	int r = 0;

	switch (kinds[f->kind].value) {
	case ANY:
		break;
	case BOOLEAN:
		return boolean ? 0 : err_say(e, EINVAL, "--filter %s: it is true or false", word);
	case MOMENT:
		return when_parse("--filter until", f->value, false, &f->until_ns, e);
	case VOLUME:
		r = volume_load(g, f->value, &v, e);
		snprintf(f->created, sizeof(f->created), "%s", r < 0 ? "" : v.created);
		break;
	}
	return r < 0 ? err_wrap(e, "--filter %s", word) : 0;
}

static int read_one(const struct engine *g, const char *word, struct volume_filter *ret, struct err *e)
{
	const char *eq = strchr(word, '=');
	size_t n = eq ? (size_t)(eq - word) : 0;

	for (size_t k = 0; eq && k < ARRAY_SIZE(kinds); k++) {
		if (strlen(kinds[k].key) != n || memcmp(kinds[k].key, word, n) != 0)
			continue;
		*ret = (struct volume_filter){ .kind = k, .value = eq + 1 };
		return read_value(g, word, ret, e);
	}
	return err_say(e, EINVAL, "--filter %s: KEY=VALUE, please, with " VOLUME_FILTERS_HELP, word);
}

int volume_filters_read(const struct engine *g, const struct strv *words, struct arena *a, struct volume_filters *ret,
			struct err *e)
{
	struct volume_filters f = { .v = arena_array(a, words->n + 1, sizeof(*f.v)) };
	int r = f.v ? 0 : err_nomem(e);

	for (; f.n < words->n && r >= 0; f.n++)
		r = read_one(g, words->v[f.n], &f.v[f.n], e);
	if (r >= 0)
		*ret = f;
	return r;
}

bool volume_filters_fit(const struct volume_filters *f, const struct volume_view *v)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		size_t asked = 0, fit = 0;

		for (size_t i = 0; i < f->n; i++) {
			asked += f->v[i].kind == k;
			fit += f->v[i].kind == k && kinds[k].fits(&f->v[i], v);
		}
		if (kinds[k].all ? fit < asked : asked && !fit)
			return false;
	}
	return true;
}
