// SPDX-License-Identifier: Apache-2.0
/* What a file names that is not in it: other files, and paths beside it. */
#include "cli/quadlet/quadlet.h"

/* Below the folder that the file is in, where it begins with a dot. */
static char *absolute(const struct service *s, const char *path, size_t n)
{
	const char *slash = strrchr(s->u->path, '/');

	if (*path != '.' || !slash)
		return arena_strndup(s->q->a, path, n);
	return arena_printf(s->q->a, "%.*s/%.*s", (int)(slash - s->u->path), s->u->path, (int)n, path);
}

static bool has_our_suffix(const char *text, size_t n)
{
	bool ours = false;

	for (size_t i = 0; i < QUADLET_TYPES; i++) {
		size_t m = strlen(key_tables[i].suffix);

		ours |= n > m + 1 && text[n - m - 1] == '.' && memcmp(text + n - m, key_tables[i].suffix, m) == 0;
	}
	return ours && !memchr(text, '/', n);
}

int quadlet_need(struct service *s, const char *service, struct err *e)
{
	for (size_t i = 0; i < s->needs.n; i++)
		if (streq(s->needs.v[i], service))
			return 0;
	return strv_add(s->q->a, &s->needs, service) < 0 ? err_nomem(e) : 0;
}

const char *quadlet_refer(struct service *s, const struct unit_line *l, const char *text, size_t n, struct err *e)
{
	struct quadlet *q = s->q;

	if (!has_our_suffix(text, n)) {
		char *same = absolute(s, text, n);

		if (!same)
			err_nomem(e);
		return same;
	}
	for (size_t i = 0; i < q->n; i++) {
		const struct quadlet_unit *u = &q->v[i];

		if (strlen(u->file) != n || memcmp(u->file, text, n) != 0 || !u->resource)
			continue;
		return quadlet_need(s, u->service, e) < 0 ? NULL : u->resource;
	}
	quadlet_wrong(l, e, "%s: there is no file %.*s", l->key, (int)n, text);
	return NULL;
}

/* "SOURCE:TARGET:OPTIONS", "TARGET" */
static int add_volume(struct service *s, const struct unit_line *l, struct err *e)
{
	size_t n = strcspn(l->value, ":");
	const char *source = l->value[n] ? quadlet_refer(s, l, l->value, n, e) : "";
	char *text = source ? arena_printf(s->q->a, "%s%s", source, l->value[n] ? l->value + n : l->value) : NULL;

	if (!source)
		return -e->code;
	return text ? quadlet_option(s, "volume", text, e) : err_nomem(e);
}

/* "NAME:OPTIONS"; a container's network is joined. */
static int add_network(struct service *s, const struct unit_line *l, struct err *e)
{
	static const char suffix[] = ".container";
	size_t n = strcspn(l->value, ":"), m = strlen(suffix);
	bool joins = n > m && memcmp(l->value + n - m, suffix, m) == 0;
	const char *name = quadlet_refer(s, l, l->value, n, e);
	char *text = name ? arena_printf(s->q->a, "%s%s%s", joins ? "container:" : "", name, l->value + n) : NULL;

	if (!name)
		return -e->code;
	return text ? quadlet_option(s, "network", text, e) : err_nomem(e);
}

/* "type=volume,source=data.volume,…" */
static int add_mount(struct service *s, const struct unit_line *l, struct err *e)
{
	char *all = arena_strdup(s->q->a, "");

	for (const char *p = l->value; all && *p; p += strcspn(p, ","), p += *p == ',') {
		const char *source = str_after(p, "source="), *value = source ? source : str_after(p, "src=");
		size_t n = strcspn(p, ",");
		const char *text = value ? quadlet_refer(s, l, value, n - (size_t)(value - p), e) : arena_strndup(s->q->a, p, n);

		if (value && !text)
			return -e->code;
		all = text ? arena_printf(s->q->a, "%s%s%s%s", all, *all ? "," : "", value ? "source=" : "", text) : NULL;
	}
	return all ? quadlet_option(s, "mount", all, e) : err_nomem(e);
}

int quadlet_references(struct service *s, struct err *e)
{
	static const struct {
		const char *key;
		int (*add)(struct service *s, const struct unit_line *l, struct err *e);
	} kinds[] = { { "Network", add_network }, { "Volume", add_volume }, { "Mount", add_mount } };
	const struct unit_file *t = &s->u->text;
	int r = 0;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t i = 0; r >= 0 && (i = unit_next(t, s->table->section, kinds[k].key, i)) < t->n; i++)
			r = kinds[k].add(s, &t->v[i], e);
	return r;
}
