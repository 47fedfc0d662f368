// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/timestamp.h"
#include "cli/output.h"
#include "cli/pod_view.h"

struct ps {
	bool quiet, no_trunc, latest, no_heading, namespaces, ids, names, status;
	const char *format, *sort;
	struct strv filters;
};

static const struct option rows[] = {
	OPT_LIST(struct ps, filters, "filter", 'f', "KEY=VALUE", "those with this " POD_FILTERS_HELP),
	OPT_STRING(struct ps, format, "format", 0, "FORMAT", "table, json, or a template such as {{.Name}}"),
	OPT_FLAG(struct ps, ids, "ctr-ids", 0, "the ids of their containers, too"),
	OPT_FLAG(struct ps, names, "ctr-names", 0, "their names, too"),
	OPT_FLAG(struct ps, status, "ctr-status", 0, "what they are doing, too"),
	OPT_FLAG(struct ps, namespaces, "ns", 0, "what they share, too"),
	OPT_FLAG(struct ps, latest, "latest", 'l', "the one that was made last"),
	OPT_FLAG(struct ps, no_heading, "noheading", 'n', "no titles above the columns"),
	OPT_FLAG(struct ps, no_trunc, "no-trunc", 0, "whole ids"),
	OPT_FLAG(struct ps, quiet, "quiet", 'q', "ids only"),
	OPT_STRING(struct ps, sort, "sort", 0, "KEY", "by created (default), id, name, number or status"),
};

struct member_view {
	char *id, *names, *status;
	uint64_t restarts;
};
static const struct field member_fields[] = {
	FIELD_STRING(struct member_view, id, "Id", REQUIRED),
	FIELD_STRING(struct member_view, names, "Names", REQUIRED),
	FIELD_U64(struct member_view, restarts, "RestartCount", REQUIRED),
	FIELD_STRING(struct member_view, status, "Status", REQUIRED),
};

struct entry {
	char *id, *name, *status, *created, *ago, *infra, *cgroup, *shares;
	char *ids, *names, *states; /* of its containers, with commas between */
	uint64_t number;
	struct strv networks;
	struct spec_map labels;
	struct {
		struct member_view *v;
		size_t n;
	} members;
};
static const struct field json_fields[] = {
	FIELD_STRING(struct entry, cgroup, "Cgroup", REQUIRED),
	FIELD_LIST(struct entry, members, "Containers", REQUIRED, member_fields, struct member_view),
	FIELD_STRING(struct entry, created, "Created", REQUIRED),
	FIELD_STRING(struct entry, id, "Id", REQUIRED),
	FIELD_STRING(struct entry, infra, "InfraId", REQUIRED),
	FIELD_STRING(struct entry, name, "Name", REQUIRED),
	FIELD_STRINGS(struct entry, networks, "Networks", REQUIRED),
	FIELD_STRING(struct entry, status, "Status", REQUIRED),
	{ FIELD_OF(struct entry, labels, "Labels", map, true) },
};
/* Templates have podman's words beside these. */
static const struct field template_fields[] = {
	FIELD_STRING(struct entry, id, "Id", REQUIRED),
	FIELD_STRING(struct entry, id, "ID", REQUIRED),
	FIELD_STRING(struct entry, name, "Name", REQUIRED),
	FIELD_STRING(struct entry, status, "Status", REQUIRED),
	FIELD_STRING(struct entry, ago, "Created", REQUIRED),
	FIELD_STRING(struct entry, infra, "InfraId", REQUIRED),
	FIELD_STRING(struct entry, infra, "InfraID", REQUIRED),
	FIELD_STRING(struct entry, cgroup, "Cgroup", REQUIRED),
	FIELD_STRING(struct entry, shares, "Namespace", REQUIRED),
	FIELD_U64(struct entry, number, "NumberOfContainers", REQUIRED),
	FIELD_STRING(struct entry, ids, "ContainerIds", REQUIRED),
	FIELD_STRING(struct entry, names, "ContainerNames", REQUIRED),
	FIELD_STRING(struct entry, states, "ContainerStatuses", REQUIRED),
	FIELD_STRINGS(struct entry, networks, "Networks", REQUIRED),
	{ FIELD_OF(struct entry, labels, "Labels", map, true) },
};

enum { ID, NAME, STATUS, CREATED, INFRA, NUMBER, IDS, NAMES, STATES, SHARES, COLUMNS };
static const struct column columns[COLUMNS] = {
	[ID] = { "POD ID", 0 }, [NAME] = { "NAME", 0 }, [STATUS] = { "STATUS", 0 }, [CREATED] = { "CREATED", 0 },
	[INFRA] = { "INFRA ID", 0 }, [NUMBER] = { "# OF CONTAINERS", 0 }, [IDS] = { "IDS", 0 }, [NAMES] = { "NAMES", 0 },
	[STATES] = { "STATUS", 0 }, [SHARES] = { "NAMESPACES", 0 },
};

static int add_row(struct table *t, const void *arg, struct err *e)
{
	const struct entry *entry = arg;
	const char *const more[] = { entry->ids, entry->names, entry->states, entry->shares };
	int r = table_add_id(t, entry->id, e);

	if (r >= 0)
		r = table_add(t, e, "%s", entry->name);
	if (r >= 0)
		r = table_add(t, e, "%s", entry->status);
	if (r >= 0)
		r = table_add(t, e, "%s", entry->ago);
	if (r >= 0)
		r = table_add_id(t, entry->infra, e);
	if (r >= 0)
		r = table_add(t, e, "%llu", (unsigned long long)entry->number);
	for (size_t i = 0; i < ARRAY_SIZE(more) && r >= 0; i++)
		r = table_add(t, e, "%s", more[i]);
	return r;
}

struct walk {
	const struct engine *g;
	const struct ps *options;
	struct arena *arena;
	struct pod_members members;
	struct entry *v;
	size_t n;
};

static int join(struct arena *a, char **to, const char *word, int max, struct err *e)
{
	*to = **to ? arena_printf(a, "%s,%.*s", *to, max, word) : arena_printf(a, "%.*s", max, word);
	return *to ? 0 : err_nomem(e);
}

static int add_members(struct walk *w, struct entry *entry, struct err *e)
{
	int width = w->options->no_trunc ? RECORD_ID_LENGTH : ID_SHORT, r = 0;

	entry->ids = entry->names = entry->states = (char *)"";
	entry->members.v = arena_array(w->arena, w->members.n + 1, sizeof(*entry->members.v));
	if (!entry->members.v)
		return err_nomem(e);
	for (size_t i = 0; i < w->members.n && r >= 0; i++) {
		const struct pod_member *m = &w->members.v[i];
		char *phase = (char *)phase_names[m->phase];

		if (!streq(m->pod, entry->id))
			continue;
		entry->members.v[entry->members.n++] = (struct member_view){ m->id, m->name, phase, m->restarts };
		r = join(w->arena, &entry->ids, m->id, width, e);
		if (r >= 0)
			r = join(w->arena, &entry->names, m->name, RECORD_ID_LENGTH * 2, e);
		if (r >= 0)
			r = join(w->arena, &entry->states, phase, RECORD_ID_LENGTH, e);
	}
	entry->number = entry->members.n;
	return r;
}

static int describe(struct walk *w, const struct pod *p, struct entry *ret, struct err *e)
{
	struct arena *a = w->arena;
	int64_t then, now = time(NULL);
	char age[STR_AGE_MAX] = "", *cgroup = NULL;
	int r = pod_cgroup_path(w->g, p, a, &cgroup, e);

	if (r < 0)
		return r;
	if (timestamp_parse(p->created, &then) == 0)
		str_age((uint64_t)MAX(now - then, INT64_C(0)), age);
	*ret = (struct entry){
		.id = arena_strdup(a, p->id), .name = arena_strdup(a, p->name), .created = arena_strdup(a, p->created),
		.ago = arena_printf(a, "%s ago", age), .infra = arena_strdup(a, p->infra ? p->infra : ""),
		.status = (char *)pod_status(&w->members, p->id), .cgroup = cgroup ? cgroup : (char *)"", .shares = (char *)"",
		.labels.v = arena_array(a, p->labels.n + 1, sizeof(*ret->labels.v)), .labels.n = p->labels.n,
	};
	if (!ret->id || !ret->name || !ret->created || !ret->ago || !ret->infra || !ret->labels.v)
		return err_nomem(e);
	for (size_t i = 0; i < p->labels.n; i++)
		ret->labels.v[i] = (struct spec_pair){ arena_strdup(a, p->labels.v[i].key), arena_strdup(a, p->labels.v[i].value) };
	for (size_t i = 0; i < p->shares.n && r >= 0; i++)
		r = join(a, &ret->shares, p->shares.v[i], RECORD_ID_LENGTH, e);
	if (r >= 0)
		r = add_members(w, ret, e);
	return r < 0 ? r : pod_networks(w->g, p, a, &ret->networks, e);
}

static int add(const struct pod *p, void *arg, struct err *e)
{
	struct walk *w = arg;

	if (!pod_filters_fit(&w->options->filters, w->g, p, &w->members))
		return 0;
	struct entry *v = arena_array(w->arena, w->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(e);
	if (w->n)
		memcpy(v, w->v, w->n * sizeof(*v));
	w->v = v;
	int r = describe(w, p, &v[w->n++], e);

	return r < 0 ? r : w->options->latest;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->id, ((const struct entry *)b)->id);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int by_status(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->status, ((const struct entry *)b)->status);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = ((const struct entry *)a)->number, y = ((const struct entry *)b)->number;

	return (x > y) - (x < y);
}

/* "created": they come so. */
static const struct {
	const char *key;
	int (*compare)(const void *a, const void *b);
} orders[] = { { "created", NULL }, { "id", by_id }, { "name", by_name }, { "number", by_number }, { "status", by_status } };

static int sort(struct walk *w, struct err *e)
{
	const char *key = w->options->sort ? w->options->sort : "created";
	size_t k = 0;

	while (k < ARRAY_SIZE(orders) && !streq(orders[k].key, key))
		k++;
	if (k == ARRAY_SIZE(orders))
		return err_say(e, EINVAL, "--sort %s: it is created, id, name, number or status", key);
	if (orders[k].compare && w->n > 1)
		qsort(w->v, w->n, sizeof(*w->v), orders[k].compare);
	return 0;
}

static int print(const struct walk *w, const struct call *c, struct err *e)
{
	const struct ps *o = w->options;
	bool template = o->format && !streq(o->format, "json") && !streq(o->format, "table");
	auto_listing struct listing list = {
		.table = { .columns = columns, .n_columns = COLUMNS, .whole = o->no_trunc, .no_titles = o->no_heading,
			   .hidden = (o->ids ? 0 : BIT(IDS)) | (o->names ? 0 : BIT(NAMES)) | (o->status ? 0 : BIT(STATES)) |
				     (o->namespaces ? 0 : BIT(SHARES)) },
		.fields = template ? template_fields : json_fields,
		.n_fields = template ? ARRAY_SIZE(template_fields) : ARRAY_SIZE(json_fields),
		.add_row = add_row,
	};
	int r = listing_begin(&list, c, o->format, e);

	for (size_t i = 0; i < w->n && r >= 0; i++) {
		if (!o->quiet)
			r = listing_add(&list, &w->v[i], e);
		else
			printf("%.*s\n", o->no_trunc ? RECORD_ID_LENGTH : ID_SHORT, w->v[i].id);
	}
	return r < 0 || o->quiet ? MIN(r, 0) : listing_end(&list, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct ps *o = c->options;
	auto_engine struct engine g;
	struct walk w = { .g = &g, .options = o, .arena = c->arena };
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = pod_filters_check(&o->filters, e);
	if (r < 0)
		return r;
	engine_sweep(&g);
	r = pod_members(&g, NULL, c->arena, &w.members, e);
	if (r >= 0)
		r = pod_each(&g, add, &w, e);
	if (r >= 0)
		r = sort(&w, e);
	return r < 0 ? r : print(&w, c, e);
}

/* clang-format off */
#define PS_VERB(word) { \
	.name = word, .above = &verb_pod, .arguments = "", .help = "list them", \
	.about = "List pods, the newest first. Filters: " POD_FILTERS_HELP ".", \
	.options = OPTIONS(rows, struct ps), .run = run, \
}
/* clang-format on */
const struct verb verb_pod_ps = PS_VERB("ps");
const struct verb verb_pod_ls = PS_VERB("ls");
const struct verb verb_pod_list = PS_VERB("list");
