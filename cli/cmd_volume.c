// SPDX-License-Identifier: Apache-2.0
/* volume: the group, and its small verbs. */
#include <errno.h>

#include "cli/inspect.h"
#include "cli/output.h"
#include "cli/pairs.h"
#include "cli/prompt.h"
#include "cli/prune.h"
#include "cli/verbs.h"
#include "cli/volume_view.h"

#define STATUS_IN_USE 2 /* as podman has it */

/* ---- create ---- */

struct create {
	const char *driver;
	struct strv labels, options;
	bool ignore;
};

static const struct option create_rows[] = {
	OPT_STRING(struct create, driver, "driver", 'd', "NAME", "local is the only one"),
	OPT_FLAG(struct create, ignore, "ignore", 0, "one of this name may be there"),
	OPT_LIST(struct create, labels, "label", 'l', "KEY=VALUE", "a note about it"),
	OPT_LIST(struct create, options, "opt", 'o', "KEY=VALUE", "type=, device= and o= of mount(8); or o=uid=ID,gid=ID,size=BYTES"),
};

static int run_create(const struct call *c, struct err *e)
{
	const struct create *o = c->options;
	auto_volume struct volume v = { .name = c->args[0] };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->driver && !streq(o->driver, VOLUME_DRIVER))
		return err_say(e, EINVAL, "--driver %s: " VOLUME_DRIVER " is the only one", o->driver);
	if (r >= 0)
		r = pairs_read("--label", &o->labels, &v.arena, &v.labels, e);
	if (r >= 0)
		r = pairs_read("--opt", &o->options, &v.arena, &v.options, e);
	if (r >= 0)
		r = volume_create(&g, &v, e);
	if (r < 0 && !(r == -EEXIST && o->ignore))
		return r;
	output_line(v.name);
	return 0;
}

static const struct verb verb_create_volume = {
	.name = "create",
	.above = &verb_volume,
	.arguments = "[NAME]",
	.help = "make one",
	.about = "Make a volume and print its name; without one it gets a random name. With options type, device and o it is what mount(8) "
		 "mounts so, from the start of the first container that has it to the end of the last one.",
	.max_args = 1,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(create_rows, struct create),
	.run = run_create,
};

/* ---- rm ---- */

struct rm {
	bool all, force;
	const char *time;
};

static const struct option rm_rows[] = {
	OPT_FLAG(struct rm, all, "all", 'a', "all of them"),
	OPT_FLAG(struct rm, force, "force", 'f', "with the containers that have it; one that is not there is fine"),
	OPT_STRING(struct rm, time, "time", 't', "SECONDS", "as podman has it: with --force nobody is waited for"),
};

struct removal {
	const struct call *call;
	const struct engine *g;
	bool force;
	int status;
};

static void remove_one(struct removal *how, const char *name)
{
	struct err e;
	int r = volume_remove(how->g, name, how->force, NULL, &e);

	if (r >= 0) {
		output_line(name);
	} else if (r != -ENOENT || !how->force) {
		output_error(how->call, &e);
		how->status = r == -EBUSY && how->status != 1 ? STATUS_IN_USE : 1;
	}
}

static int remove_any(const struct volume *v, void *arg, struct err *e)
{
	(void)e;
	remove_one(arg, v->name);
	return 0;
}

static int run_rm(const struct call *c, struct err *e)
{
	const struct rm *o = c->options;
	auto_engine struct engine g;
	struct removal how = { .call = c, .g = &g, .force = o->force };
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->all == (c->n_args > 0))
		return err_say(e, EINVAL, o->all ? "--all leaves no place for names" : "name a volume, or give --all");
	if (r >= 0 && o->all)
		r = volume_each(&g, remove_any, &how, e);
	for (size_t i = 0; i < c->n_args && r >= 0; i++)
		remove_one(&how, c->args[i]);
	return r < 0 ? r : how.status;
}

static const struct verb verb_rm_volume = {
	.name = "rm",
	.aliases = "remove",
	.above = &verb_volume,
	.arguments = "VOLUME…",
	.help = "remove some",
	.about = "Remove volumes that no container has, with all that is in them, and print their names. The status is 2 where one is "
		 "used, 1 where one is not there.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(rm_rows, struct rm),
	.run = run_rm,
};

/* ---- prune ---- */

struct prune {
	struct strv filters;
	bool force, all;
};

static const struct option prune_rows[] = {
	OPT_FLAG(struct prune, all, "all", 'a', "as docker has it: those with a name go in any case"),
	OPT_FLAG(struct prune, force, "force", 'f', "do not ask"),
	OPT_LIST(struct prune, filters, "filter", 0, "KEY=VALUE", "of them, those with this " VOLUME_FILTERS_HELP),
};

struct candidates {
	const struct engine *g;
	struct arena *arena;
	struct volume_filters filters;
	struct strv uses, names;
};

static int consider(const struct volume *v, void *arg, struct err *e)
{
	struct candidates *all = arg;
	struct volume_view view;
	int r = volume_view_fill(all->g, v, &all->uses, all->arena, &view, e);

	if (r < 0 || view.users || !volume_filters_fit(&all->filters, &view))
		return r;
	return strv_add(all->arena, &all->names, v->name) < 0 ? err_nomem(e) : 0;
}

/* What would go, as podman asks. */
static bool ask(struct arena *a, const struct strv *names)
{
	char *text = arena_strdup(a, "This will remove all volumes not used by at least one container. The following volumes will be "
				     "removed:");

	for (size_t i = 0; i < names->n && text; i++)
		text = arena_printf(a, "%s\n%s", text, names->v[i]);
	return text && prompt_yes(text);
}

static int find_unused(const struct pruning *p, struct strv *ret, struct err *e)
{
	struct candidates found = { .g = p->g, .arena = p->call->arena };
	int r = volume_filters_read(p->g, p->filters, found.arena, &found.filters, e);

	if (r >= 0)
		r = volume_uses(p->g, found.arena, &found.uses, e);
	if (r >= 0)
		r = volume_each(p->g, consider, &found, e);
	*ret = found.names;
	return r;
}

int prune_volumes(struct pruning *p, struct err *e)
{
	struct strv names;
	int r = find_unused(p, &names, e);

	for (size_t i = 0; i < names.n && r >= 0; i++) {
		int removed = volume_remove(p->g, names.v[i], false, NULL, e);

		if (removed >= 0)
			pruning_gone(p, names.v[i]);
		else if (removed != -EBUSY && removed != -ENOENT) /* in use by now, or gone */
			pruning_failed(p, e);
	}
	return r;
}

static int run_prune(const struct call *c, struct err *e)
{
	const struct prune *o = c->options;
	auto_engine struct engine g;
	struct pruning p = { .call = c, .g = &g, .filters = &o->filters };
	struct strv names = { 0 };
	int r = verb_engine(c, &g, e);

	if (r >= 0 && !o->force)
		r = find_unused(&p, &names, e);
	if (r < 0 || (!o->force && (!names.n || !ask(c->arena, &names))))
		return r;
	r = prune_volumes(&p, e);
	return r < 0 ? r : p.status;
}

static const struct verb verb_prune_volumes = {
	.name = "prune",
	.above = &verb_volume,
	.arguments = "",
	.help = "remove those that no container has",
	.about = "Remove all volumes that no container has, whether it runs or not, and print their names.",
	.options = OPTIONS(prune_rows, struct prune),
	.run = run_prune,
};

/* ---- exists ---- */

static int run_exists(const struct call *c, struct err *e)
{
	auto_volume struct volume v = { 0 };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	r = volume_load(&g, c->args[0], &v, e);
	return r == -ENOENT ? 1 : r;
}

static const struct verb verb_exists_volume = {
	.name = "exists",
	.above = &verb_volume,
	.arguments = "VOLUME",
	.help = "whether there is one",
	.about = "Exit with 0 where there is such a volume, with 1 where there is none; 125 says that it could not be found out.",
	.min_args = 1,
	.max_args = 1,
	.failure_status = STATUS_ENGINE,
	.options = NO_OPTIONS,
	.run = run_exists,
};

/* ---- inspect ---- */

struct inspect {
	bool all;
	const char *format;
};

static const struct option inspect_rows[] = {
	OPT_FLAG(struct inspect, all, "all", 'a', "all of them"),
	OPT_STRING(struct inspect, format, "format", 'f', "FORMAT", "json, or a template such as {{.Mountpoint}}"),
};

int inspect_volume(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e)
{
	auto_volume struct volume v = { 0 };
	const struct strv *known = how->options; /* volume_uses(), where several are looked at */
	struct strv uses = { 0 };
	struct volume_view view;
	int r = volume_load(how->g, name, &v, e);

	(void)template;
	if (r >= 0 && !known)
		r = volume_uses(how->g, how->arena, &uses, e);
	if (r >= 0)
		r = volume_view_fill(how->g, &v, known ? known : &uses, how->arena, &view, e);
	return r < 0 ? r : encode_object(volume_view_fields, VOLUME_VIEW_FIELDS, &view, ret, e);
}

static int add_name(const struct volume *v, void *arg, struct err *e)
{
	const struct call *c = arg;
	struct strv *names = (struct strv *)c->options;

	return strv_add(c->arena, names, v->name) < 0 ? err_nomem(e) : 0;
}

static int run_inspect(const struct call *c, struct err *e)
{
	const struct inspect *o = c->options;
	auto_engine struct engine g;
	struct strv names = { 0 }, uses = { 0 };
	const struct inspection how = { .g = &g, .format = o->format, .options = &uses, .arena = c->arena, .find = inspect_volume };
	struct call named = *c;
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->all == (c->n_args > 0))
		return err_say(e, EINVAL, o->all ? "--all leaves no place for names" : "name a volume, or give --all");
	if (r >= 0)
		r = volume_uses(&g, c->arena, &uses, e);
	if (r >= 0 && o->all) {
		named.options = &names;
		r = volume_each(&g, add_name, &named, e);
		named.args = names.v;
		named.n_args = names.n;
	}
	return r < 0 ? r : inspect_each(&named, &how, e);
}

static const struct verb verb_inspect_volume = {
	.name = "inspect",
	.above = &verb_volume,
	.arguments = "VOLUME…",
	.help = "all that is known, as JSON",
	.about = "Show all that is known of volumes, and how many containers have them.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(inspect_rows, struct inspect),
	.run = run_inspect,
};

/* ---- ls ---- */

struct ls {
	const char *format;
	struct strv filters;
	bool quiet, no_heading;
};

static const struct option ls_rows[] = {
	OPT_LIST(struct ls, filters, "filter", 'f', "KEY=VALUE", "those with this " VOLUME_FILTERS_HELP),
	OPT_STRING(struct ls, format, "format", 0, "FORMAT", "table, json, or a template such as {{.Name}}"),
	OPT_FLAG(struct ls, no_heading, "noheading", 'n', "no titles above the columns"),
	OPT_FLAG(struct ls, quiet, "quiet", 'q', "names only"),
};

static const struct column columns[] = { { "DRIVER", 0 }, { "VOLUME NAME", 0 } };

struct walk {
	const struct call *call;
	const struct engine *g;
	struct volume_filters filters;
	struct strv uses;
	struct listing *list;
};

static int add_row(struct table *t, const void *entry, struct err *e)
{
	const struct volume_view *v = entry;
	int r = table_add(t, e, "%s", v->driver);

	return r < 0 ? r : table_add(t, e, "%s", v->name);
}

static int show(const struct volume *v, void *arg, struct err *e)
{
	const struct walk *w = arg;
	struct volume_view view;
	int r = volume_view_fill(w->g, v, &w->uses, w->call->arena, &view, e);

	if (r < 0 || !volume_filters_fit(&w->filters, &view))
		return r;
	if (!((const struct ls *)w->call->options)->quiet)
		return listing_add(w->list, &view, e);
	output_line(v->name);
	return 0;
}

static int run_ls(const struct call *c, struct err *e)
{
	const struct ls *o = c->options;
	auto_listing struct listing list = {
		.table = { .columns = columns, .n_columns = ARRAY_SIZE(columns), .no_titles = o->no_heading },
		.fields = volume_view_fields,
		.n_fields = VOLUME_VIEW_FIELDS,
		.add_row = add_row,
	};
	auto_engine struct engine g;
	struct walk w = { .call = c, .g = &g, .list = &list };
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = listing_begin(&list, c, o->format, e);
	if (r >= 0)
		r = volume_filters_read(&g, &o->filters, c->arena, &w.filters, e);
	if (r >= 0)
		r = volume_uses(&g, c->arena, &w.uses, e);
	if (r >= 0)
		r = volume_each(&g, show, &w, e);
	return r < 0 || o->quiet ? r : listing_end(&list, e);
}

static const struct verb verb_ls_volumes = {
	.name = "ls",
	.aliases = "list",
	.above = &verb_volume,
	.arguments = "",
	.help = "which there are",
	.about = "List the volumes.",
	.options = OPTIONS(ls_rows, struct ls),
	.run = run_ls,
};

/* ---- the group ---- */

static const struct verb *const verbs[] = {
	&verb_create_volume, &verb_exists_volume, &verb_volume_export, &verb_volume_import, &verb_inspect_volume,
	&verb_ls_volumes,    &verb_prune_volumes, &verb_rm_volume,
};

const struct verb verb_volume = {
	.name = "volume",
	.group = "Other",
	.arguments = "VERB [ARGUMENT…]",
	.help = "folders that are kept",
	.about = "Verbs about volumes: folders that containers have mounted by a name, and that stay when they go.",
	.below = VERBS(verbs),
};
