// SPDX-License-Identifier: Apache-2.0
#include "cli/image_filter.h"

#include <errno.h>
#include <fnmatch.h>

#include "base/timestamp.h"
#include "cli/when.h"

#define NS_PER_S 1000000000

/* A pattern may leave out from the front of a name, up to any slash, and its tag. */
static bool fits_name(const char *pattern, const char *name)
{
	char cut[IMAGE_REF_MAX];

	for (const char *part = name; part; part = strchr(part, '/')) {
		part += *part == '/';
		snprintf(cut, sizeof(cut), "%s", part);
		char *slash = strrchr(cut, '/');

		cut[strcspn(cut, "@")] = '\0';
		if (fnmatch(pattern, part, FNM_PATHNAME) == 0 || fnmatch(pattern, cut, FNM_PATHNAME) == 0)
			return true;
		char *tag = strrchr(cut, ':');

		if (tag && tag > slash) {
			*tag = '\0';
			if (fnmatch(pattern, cut, FNM_PATHNAME) == 0)
				return true;
		}
	}
	return false;
}

static bool by_reference(const struct image_filter *f, const struct image *i)
{
	for (size_t n = 0; n < i->names.n; n++)
		if (fits_name(f->value, i->names.v[n]))
			return true;
	return false;
}

static bool by_dangling(const struct image_filter *f, const struct image *i)
{
	return (i->names.n == 0) == f->yes;
}

static bool by_readonly(const struct image_filter *f, const struct image *i)
{
	return (i->peer != NULL) == f->yes;
}

static bool by_id(const struct image_filter *f, const struct image *i)
{
	const char *digits = str_after(f->value, "sha256:");

	return str_after(i->config, digits ? digits : f->value) != NULL;
}

static bool by_label(const struct image_filter *f, const struct image *i)
{
	size_t n = strcspn(f->value, "=");

	for (size_t k = 0; k < i->defaults.labels.n; k++) {
		const struct spec_pair *l = &i->defaults.labels.v[k];

		if (strncmp(l->key, f->value, n) == 0 && !l->key[n] &&
		    (!f->value[n] || streq(l->value, f->value + n + 1)))
			return true;
	}
	return false;
}

static bool by_no_label(const struct image_filter *f, const struct image *i)
{
	return !by_label(f, i);
}

/* An image that does not say when it was made is older than all others. */
static int64_t made_s(const struct image *i)
{
	int64_t s;

	return i->created && timestamp_parse(i->created, &s) == 0 ? s : INT64_MIN;
}

static bool by_before(const struct image_filter *f, const struct image *i)
{
	return made_s(i) < f->moment_s;
}

static bool by_since(const struct image_filter *f, const struct image *i)
{
	return made_s(i) > f->moment_s;
}

static int read_bool(const struct store *s, struct image_filter *f, struct err *e)
{
	(void)s;
	f->yes = streq(f->value, "true") || streq(f->value, "1");
	if (f->yes || streq(f->value, "false") || streq(f->value, "0"))
		return 0;
	return err_say(e, EINVAL, "it is true or false");
}

static int read_image(const struct store *s, struct image_filter *f, struct err *e)
{
	auto_image struct image image = { 0 };
	int r = image_find(s, f->value, &image, e);

	f->moment_s = r < 0 ? 0 : made_s(&image);
	return r;
}

static int read_moment(const struct store *s, struct image_filter *f, struct err *e)
{
	uint64_t ns = 0;
	int r = when_parse("until", f->value, false, &ns, e);

	(void)s;
	f->moment_s = (int64_t)(ns / NS_PER_S);
	return r;
}

static const struct {
	const char *key;
	int (*read)(const struct store *s, struct image_filter *f, struct err *e); /* NULL: the text will do */
	bool (*fits)(const struct image_filter *f, const struct image *i);
	bool any; /* of several with this key one will do */
	bool needs_labels;
} kinds[] = {
	{ "dangling=", read_bool, by_dangling, false, false },
	{ "reference=", NULL, by_reference, true, false },
	{ "id=", NULL, by_id, true, false },
	{ "before=", read_image, by_before, false, false },
	{ "since=", read_image, by_since, false, false },
	{ "after=", read_image, by_since, false, false },
	{ "until=", read_moment, by_before, false, false },
	{ "label=", NULL, by_label, false, true },
	{ "label!=", NULL, by_no_label, false, true },
	{ "readonly=", read_bool, by_readonly, false, false },
};

static int read_one(const struct store *s, const char *text, struct image_filter *ret, struct err *e)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		*ret = (struct image_filter){ .kind = k, .value = str_after(text, kinds[k].key) };
		if (ret->value)
			return kinds[k].read ? kinds[k].read(s, ret, e) : 0;
	}
	return err_say(e, EINVAL, "it is " IMAGE_FILTERS_HELP);
}

int image_filters_read(const struct store *s, const struct strv *texts, struct arena *a, struct image_filters *ret,
		       struct err *e)
{
	struct image_filters filters = { .v = arena_array(a, texts->n, sizeof(*filters.v)), .n = texts->n };

	if (!filters.v)
		return err_nomem(e);
	for (size_t i = 0; i < texts->n; i++) {
		if (read_one(s, texts->v[i], &filters.v[i], e) < 0)
			return err_wrap(e, "--filter %s", texts->v[i]);
		filters.need_labels |= kinds[filters.v[i].kind].needs_labels;
	}
	*ret = filters;
	return 0;
}

/* Does one of the filters of this kind fit? */
static bool any_fits(const struct image_filters *filters, size_t kind, const struct image *image)
{
	for (size_t i = 0; i < filters->n; i++)
		if (filters->v[i].kind == kind && kinds[kind].fits(&filters->v[i], image))
			return true;
	return false;
}

bool image_filters_fit(const struct image_filters *filters, const struct image *image)
{
	for (size_t i = 0; i < filters->n; i++) {
		size_t kind = filters->v[i].kind;
		bool fits = kinds[kind].any ? any_fits(filters, kind, image) : kinds[kind].fits(&filters->v[i], image);

		if (!fits)
			return false;
	}
	return true;
}
