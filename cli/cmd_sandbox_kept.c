// SPDX-License-Identifier: Apache-2.0
/* sandbox ls, diff, apply, drop: those that were kept. */
#include <errno.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/timestamp.h"
#include "cli/diff_view.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/sandbox_store.h"

static int locate(const struct call *c, struct engine *ret, struct err *e)
{
	const struct paene_globals *globals = c->globals;

	return engine_locate(globals->root, globals->runroot, ret, e);
}

/* ---- ls ---- */

struct ls {
	const char *format;
	bool quiet, no_heading;
};

static const struct option ls_rows[] = {
	OPT_STRING(struct ls, format, "format", 0, "FORMAT", "table, json, or a template such as {{.Name}}"),
	OPT_FLAG(struct ls, no_heading, "noheading", 'n', "no titles above the columns"),
	OPT_FLAG(struct ls, quiet, "quiet", 'q', "names only"),
};

#define COMMAND_MAX 30

static const struct column columns[] = {
	{ "NAME", 0 }, { "CREATED", 0 }, { "STATUS", 0 }, { "SIZE", 0 }, { "FOLDER", 0 }, { "COMMAND", COMMAND_MAX },
};

struct row {
	char *name, *created, *ago, *status, *text, *folder, *command;
	uint64_t size;
};
static const struct field row_fields[] = {
	FIELD_STRING(struct row, name, "Name", REQUIRED),
	FIELD_STRING(struct row, created, "CreatedAt", REQUIRED),
	FIELD_STRING(struct row, status, "Status", REQUIRED),
	FIELD_U63(struct row, size, "Size", REQUIRED),
	FIELD_STRING(struct row, folder, "Folder", REQUIRED),
	FIELD_STRING(struct row, command, "Command", REQUIRED),
};

static int add_row(struct table *t, const void *entry, struct err *e)
{
	const struct row *row = entry;
	const char *const cells[] = { row->name, row->ago, row->status, row->text, row->folder, row->command };
	int r = 0;

	static_assert(ARRAY_SIZE(cells) == ARRAY_SIZE(columns), "a cell for each");
	for (size_t i = 0; i < ARRAY_SIZE(cells) && r >= 0; i++)
		r = table_add(t, e, "%s", cells[i]);
	return r;
}

struct walk {
	const struct call *call;
	struct listing *list;
};

static char *ago(const char *when, struct arena *a)
{
	int64_t then, now = time(NULL);
	char age[STR_AGE_MAX];

	if (timestamp_parse(when, &then) < 0 || then > now)
		return arena_strdup(a, "");
	return arena_printf(a, "%s ago", str_age((uint64_t)(now - then), age));
}

static char *join(const struct strv *words, struct arena *a)
{
	char *all = arena_strdup(a, "");

	for (size_t i = 0; i < words->n && all; i++)
		all = arena_printf(a, "%s%s%s", all, i ? " " : "", words->v[i]);
	return all;
}

static int show(const struct sandbox_record *s, void *arg, struct err *e)
{
	const struct walk *w = arg;
	struct arena *a = w->call->arena;
	char bytes[STR_BYTES_MAX];

	if (((const struct ls *)w->call->options)->quiet) {
		output_line(s->name);
		return 0;
	}
	const struct row row = {
		.name = s->name, .created = s->created, .folder = s->folder, .size = s->bytes,
		.status = (char *)(s->runs ? "running" : "kept"),
		.ago = ago(s->created, a),
		.text = arena_strdup(a, str_bytes(s->bytes, bytes)),
		.command = join(&s->command, a),
	};

	return row.ago && row.text && row.command ? listing_add(w->list, &row, e) : err_nomem(e);
}

static int run_ls(const struct call *c, struct err *e)
{
	const struct ls *o = c->options;
	auto_listing struct listing list = {
		.table = { .columns = columns, .n_columns = ARRAY_SIZE(columns), .no_titles = o->no_heading },
		.fields = row_fields,
		.n_fields = ARRAY_SIZE(row_fields),
		.add_row = add_row,
	};
	struct walk w = { c, &list };
	struct engine g;
	int r = locate(c, &g, e);

	if (r >= 0)
		r = listing_begin(&list, c, o->format, e);
	if (r >= 0)
		r = sandbox_each(&g, show, &w, e);
	return r < 0 || o->quiet ? MIN(r, 0) : listing_end(&list, e);
}

const struct verb verb_sandbox_ls = {
	.name = "ls",
	.above = &verb_sandbox,
	.arguments = "",
	.help = "which were kept",
	.about = "List the sandboxes with a name: how much they have caught, where they were made, and what ran first.",
	.options = OPTIONS(ls_rows, struct ls),
	.run = run_ls,
};

/* ---- diff ---- */

struct diff_options {
	const char *format;
};

static const struct option diff_rows[] = {
	OPT_STRING(struct diff_options, format, "format", 0, "json", "as JSON"),
};

static int run_diff(const struct call *c, struct err *e)
{
	const struct diff_options *o = c->options;
	auto_sandbox_changes struct sandbox_changes found = { 0 };
	struct changes list = { 0 };
	struct engine g;
	int r = locate(c, &g, e);

	if (r >= 0)
		r = diff_view_check(o->format, e);
	auto_fd int dir = r < 0 ? r : sandbox_look(&g, c->args[0], e);

	r = dir < 0 ? dir : sandbox_diff(dir, &found, e);
	list.v = r < 0 ? NULL : arena_array(c->arena, found.n + 1, sizeof(*list.v));
	if (r >= 0 && !list.v)
		return err_nomem(e);
	for (; r >= 0 && list.n < found.n; list.n++)
		list.v[list.n] = (struct change_entry){ found.v[list.n].kind, (char *)found.v[list.n].path };
	return r < 0 ? r : diff_view(c, &list, o->format, e);
}

const struct verb verb_sandbox_diff = {
	.name = "diff",
	.above = &verb_sandbox,
	.arguments = "NAME",
	.help = "what one has changed",
	.about = "List the files that a sandbox with a name has added (A), changed (C) and deleted (D), compared with what this machine has now.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(diff_rows, struct diff_options),
	.run = run_diff,
};

/* ---- apply ---- */

struct apply {
	bool dry_run, force;
};

static const struct option apply_rows[] = {
	OPT_FLAG(struct apply, dry_run, "dry-run", 'n', "only say what would be done"),
	OPT_FLAG(struct apply, force, "force", 'f', "also where this machine has changed meanwhile"),
};

static void tell(const struct sandbox_change *change, void *arg)
{
	diff_view_line(arg, change->kind, change->path);
}

/* Paths as people give them. */
static int read_paths(const struct call *c, struct strv *ret, struct err *e)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof(cwd)))
		return err_set(e, errno, "find the current folder");
	for (size_t i = 1; i < c->n_args; i++) {
		char *whole = *c->args[i] == '/' ? c->args[i] : arena_printf(c->arena, "%s/%s", cwd, c->args[i]);
		char *normal = whole ? arena_alloc(c->arena, strlen(whole) + 2) : NULL;

		if (!normal || strv_push(c->arena, ret, normal) < 0)
			return err_nomem(e);
		path_normal(whole, normal);
	}
	return 0;
}

static int run_apply(const struct call *c, struct err *e)
{
	const struct apply *o = c->options;
	struct strv paths = { 0 };
	char path[PATH_MAX];
	struct engine g;
	int r = locate(c, &g, e);
	auto_fd int dir = r < 0 ? r : sandbox_take(&g, c->args[0], NULL, path, e);

	r = dir < 0 ? dir : read_paths(c, &paths, e);
	const struct sandbox_apply how = {
		.paths = paths.n ? paths.v : (char *const[]){ NULL }, .force = o->force, .dry_run = o->dry_run, .tell = tell, .arg = (void *)c,
	};

	return r < 0 ? r : sandbox_apply(dir, &how, e);
}

const struct verb verb_sandbox_apply = {
	.name = "apply",
	.above = &verb_sandbox,
	.arguments = "NAME [PATH…]",
	.help = "make its changes on this machine",
	.about = "Make what a sandbox has changed, or what of it lies at the paths, on this machine, and list it as `diff` does. Each file is complete "
		 "before it takes its place. Where this machine's own file has changed since the sandbox wrote to it, nothing is done.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = OPTIONS(apply_rows, struct apply),
	.run = run_apply,
};

/* ---- drop ---- */

struct drop {
	bool all;
};

static const struct option drop_rows[] = {
	OPT_FLAG(struct drop, all, "all", 'a', "all of them"),
};

struct dropping {
	const struct call *call;
	const struct engine *g;
	int status;
};

static void drop_one(struct dropping *d, const char *name)
{
	struct err e;

	if (sandbox_drop(d->g, name, &e) >= 0) {
		output_line(name);
		return;
	}
	output_error(d->call, &e);
	d->status = 1;
}

static int drop_any(const struct sandbox_record *s, void *arg, struct err *e)
{
	(void)e;
	drop_one(arg, s->name);
	return 0;
}

static int run_drop(const struct call *c, struct err *e)
{
	const struct drop *o = c->options;
	struct engine g;
	struct dropping d = { .call = c, .g = &g };
	int r = locate(c, &g, e);

	if (r >= 0 && o->all == (c->n_args > 0))
		return err_say(e, EINVAL, o->all ? "--all leaves no place for names" : "name a sandbox, or give --all");
	if (r >= 0 && o->all)
		r = sandbox_each(&g, drop_any, &d, e);
	for (size_t i = 0; i < c->n_args && r >= 0; i++)
		drop_one(&d, c->args[i]);
	return r < 0 ? r : d.status;
}

const struct verb verb_sandbox_drop = {
	.name = "drop",
	.above = &verb_sandbox,
	.arguments = "NAME…",
	.help = "forget one",
	.about = "Forget sandboxes, and what they have caught; print their names.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(drop_rows, struct drop),
	.run = run_drop,
};
