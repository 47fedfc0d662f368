// SPDX-License-Identifier: Apache-2.0
/* secret: the group and its verbs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "cli/inspect.h"
#include "cli/output.h"
#include "cli/pairs.h"
#include "cli/verbs.h"
#include "runtime/secrets.h"
#include "spec/decode.h"

/* ---- create ---- */

struct create {
	const char *driver;
	struct strv labels;
	bool env, ignore, replace;
};

static const struct option create_rows[] = {
	OPT_STRING(struct create, driver, "driver", 'd', "NAME", "file is the only one: it is kept in the data folder"),
	OPT_FLAG(struct create, env, "env", 0, "FILE is the name of a variable, which has it"),
	OPT_FLAG(struct create, ignore, "ignore", 0, "one of this name may be there, and stays"),
	OPT_LIST(struct create, labels, "label", 'l', "KEY=VALUE", "a note about it"),
	OPT_FLAG(struct create, replace, "replace", 0, "one of this name may be there, and goes"),
};

static int read_data(const char *from, bool env, char **ret, size_t *ret_n, struct err *e)
{
	bool input = streq(from, "-");

	if (env) {
		const char *value = getenv(from);

		*ret = value ? strdup(value) : NULL;
		*ret_n = value ? strlen(value) : 0;
		return *ret ? 0 : value ? err_nomem(e) : err_say(e, ENOENT, "--env: there is no variable %s", from);
	}
	if (input && isatty(STDIN_FILENO))
		return err_say(e, EINVAL, "standard input is a terminal: give a file, or a pipe");
	auto_fd int fd = input ? fd_dup(STDIN_FILENO, e) : open(from, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return input ? fd : err_set(e, errno, "open %s", from);
	return file_read_fd(fd, input ? "standard input" : from, SECRET_MAX, ret, ret_n, e);
}

static int run_create(const struct call *c, struct err *e)
{
	const struct create *o = c->options;
	auto_secret struct secret s = { .name = c->args[0] }, old = { 0 };
	auto_free char *data = NULL;
	auto_engine struct engine g;
	size_t n = 0;
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->driver && !streq(o->driver, SECRET_DRIVER))
		return err_say(e, EINVAL, "--driver %s: " SECRET_DRIVER " is the only one", o->driver);
	if (r >= 0)
		r = pairs_read("--label", &o->labels, &s.arena, &s.labels, e);
	if (r >= 0)
		r = read_data(c->args[1], o->env, &data, &n, e);
	if (r >= 0)
		r = secret_create(&g, &s, data, n, o->replace, e);
	if (r == -EEXIST && o->ignore)
		r = secret_load(&g, s.name, &old, e);
	if (r >= 0)
		output_line(old.id ? old.id : s.id);
	return r;
}

static const struct verb verb_create_secret = {
	.name = "create",
	.above = &verb_secret,
	.arguments = "NAME FILE|-",
	.help = "keep one",
	.about = "Keep what is in a file, or comes from standard input, as a secret, and print its id. `run --secret` gives it to a container.",
	.min_args = 2,
	.max_args = 2,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(create_rows, struct create),
	.run = run_create,
};

/* ---- what is shown of one ---- */

struct driver_view {
	char *name;
	struct spec_map options;
};
static const struct field driver_fields[] = {
	FIELD_STRING(struct driver_view, name, "Name", REQUIRED),
	{ FIELD_OF(struct driver_view, options, "Options", map, true) },
};

struct spec_view {
	char *name;
	struct driver_view driver;
	struct spec_map labels;
};
static const struct field spec_fields[] = {
	FIELD_STRING(struct spec_view, name, "Name", REQUIRED),
	FIELD_OBJECT(struct spec_view, driver, "Driver", REQUIRED, driver_fields),
	{ FIELD_OF(struct spec_view, labels, "Labels", map, true) },
};

struct view {
	char *id, *created, *updated, *data;
	struct spec_view spec;
};
static const struct field fields[] = {
	FIELD_STRING(struct view, id, "ID", REQUIRED),
	FIELD_STRING(struct view, created, "CreatedAt", REQUIRED),
	FIELD_STRING(struct view, updated, "UpdatedAt", REQUIRED),
	FIELD_OBJECT(struct view, spec, "Spec", REQUIRED, spec_fields),
	FIELD_STRING(struct view, data, "SecretData", OPTIONAL),
};

/* ---- inspect ---- */

struct inspect {
	const char *format;
	bool show;
};

static const struct option inspect_rows[] = {
	OPT_STRING(struct inspect, format, "format", 'f', "FORMAT", "json, or a template such as {{.Spec.Name}}"),
	OPT_FLAG(struct inspect, show, "showsecret", 0, "what it is, too"),
};

int inspect_secret(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e)
{
	const struct inspect *o = how->options;
	auto_secret struct secret s = { 0 };
	char *data = NULL;
	size_t n;
	int r = secret_load(how->g, name, &s, e);

	(void)template;
	if (r >= 0 && o && o->show)
		r = secret_data(&s, &s.arena, &data, &n, e);
	if (r < 0)
		return r;
	if (data && strlen(data) != n)
		return err_say(e, EILSEQ, "secret %s is no text", s.name);
	const struct view v = {
		.id = s.id, .created = s.created, .updated = s.updated, .data = data,
		.spec = { .name = s.name, .driver = { .name = (char *)SECRET_DRIVER }, .labels = s.labels },
	};

	return encode_object(fields, ARRAY_SIZE(fields), &v, ret, e);
}

static int run_inspect(const struct call *c, struct err *e)
{
	const struct inspect *o = c->options;
	auto_engine struct engine g;
	const struct inspection how = { .g = &g, .format = o->format, .options = o, .arena = c->arena, .find = inspect_secret };
	int r = verb_engine(c, &g, e);

	return r < 0 ? r : inspect_each(c, &how, e);
}

static const struct verb verb_inspect_secret = {
	.name = "inspect",
	.above = &verb_secret,
	.arguments = "SECRET…",
	.help = "what is known, as JSON",
	.about = "Show what is known of secrets, but for what they are.",
	.min_args = 1,
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
	OPT_LIST(struct ls, filters, "filter", 'f', "KEY=VALUE", "those with this name or id"),
	OPT_STRING(struct ls, format, "format", 0, "FORMAT", "table, json, or a template such as {{.Name}}"),
	OPT_FLAG(struct ls, no_heading, "noheading", 'n', "no titles above the columns"),
	OPT_FLAG(struct ls, quiet, "quiet", 'q', "ids only"),
};

static const struct column columns[] = { { "ID", 0 }, { "NAME", 0 }, { "DRIVER", 0 }, { "CREATED", 0 }, { "UPDATED", 0 } };

struct row {
	char *id, *name, *driver, *created, *updated;
};
static const struct field row_fields[] = {
	FIELD_STRING(struct row, id, "ID", REQUIRED),
	FIELD_STRING(struct row, name, "Name", REQUIRED),
	FIELD_STRING(struct row, driver, "Driver", REQUIRED),
	FIELD_STRING(struct row, created, "CreatedAt", REQUIRED),
	FIELD_STRING(struct row, updated, "UpdatedAt", REQUIRED),
};

static char *ago(const char *when, struct arena *a)
{
	int64_t then, now = time(NULL);
	char age[STR_AGE_MAX];

	if (timestamp_parse(when, &then) < 0 || then > now)
		return arena_strdup(a, "");
	return arena_printf(a, "%s ago", str_age((uint64_t)(now - then), age));
}

static int add_row(struct table *t, const void *entry, struct err *e)
{
	const struct row *row = entry;
	const char *const cells[] = { row->id, row->name, row->driver, row->created, row->updated };
	int r = 0;

	static_assert(ARRAY_SIZE(cells) == ARRAY_SIZE(columns), "a cell for each");
	for (size_t i = 0; i < ARRAY_SIZE(cells) && r >= 0; i++)
		r = table_add(t, e, "%s", cells[i]);
	return r;
}

/* Of several values of a key one must fit. */
static int fits(const struct strv *filters, const struct secret *s, struct err *e)
{
	bool name_asked = false, id_asked = false, name = false, id = false;

	for (size_t i = 0; i < filters->n; i++) {
		const char *by_name = str_after(filters->v[i], "name="), *by_id = str_after(filters->v[i], "id=");

		if (!by_name && !by_id)
			return err_say(e, EINVAL, "--filter %s: it is name=NAME or id=ID", filters->v[i]);
		name_asked |= by_name != NULL;
		id_asked |= by_id != NULL;
		name |= by_name && s && strstr(s->name, by_name);
		id |= by_id && s && str_after(s->id, by_id);
	}
	return name == name_asked && id == id_asked;
}

struct walk {
	const struct call *call;
	struct listing *list;
};

static int show(const struct secret *s, void *arg, struct err *e)
{
	const struct walk *w = arg;
	const struct ls *o = w->call->options;
	struct arena *a = w->call->arena;
	int r = fits(&o->filters, s, e);

	if (r <= 0)
		return r;
	if (o->quiet) {
		output_line(s->id);
		return 0;
	}
	const struct row row = {
		.id = s->id, .name = s->name, .driver = (char *)SECRET_DRIVER, .created = ago(s->created, a), .updated = ago(s->updated, a),
	};

	return row.created && row.updated ? listing_add(w->list, &row, e) : err_nomem(e);
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
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = fits(&o->filters, NULL, e);
	if (r >= 0)
		r = listing_begin(&list, c, o->format, e);
	if (r >= 0)
		r = secret_each(&g, show, &w, e);
	return r < 0 || o->quiet ? MIN(r, 0) : listing_end(&list, e);
}

static const struct verb verb_ls_secrets = {
	.name = "ls",
	.aliases = "list",
	.above = &verb_secret,
	.arguments = "",
	.help = "which there are",
	.about = "List the secrets.",
	.options = OPTIONS(ls_rows, struct ls),
	.run = run_ls,
};

/* ---- rm, exists ---- */

struct rm {
	bool all, ignore;
};

static const struct option rm_rows[] = {
	OPT_FLAG(struct rm, all, "all", 'a', "all of them"),
	OPT_FLAG(struct rm, ignore, "ignore", 'i', "one that is not there is fine"),
};

struct removal {
	const struct call *call;
	const struct engine *g;
	int status;
};

static void remove_one(struct removal *how, const char *name)
{
	auto_secret struct secret s = { 0 };
	struct err e;
	int r = secret_load(how->g, name, &s, &e);

	if (r >= 0)
		r = secret_remove(how->g, s.name, &e);
	if (r >= 0) {
		output_line(s.id);
	} else if (r != -ENOENT || !((const struct rm *)how->call->options)->ignore) {
		output_error(how->call, &e);
		how->status = 1;
	}
}

static int remove_any(const struct secret *s, void *arg, struct err *e)
{
	(void)e;
	remove_one(arg, s->name);
	return 0;
}

static int run_rm(const struct call *c, struct err *e)
{
	const struct rm *o = c->options;
	auto_engine struct engine g;
	struct removal how = { .call = c, .g = &g };
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->all == (c->n_args > 0))
		return err_say(e, EINVAL, o->all ? "--all leaves no place for names" : "name a secret, or give --all");
	if (r >= 0 && o->all)
		r = secret_each(&g, remove_any, &how, e);
	for (size_t i = 0; i < c->n_args && r >= 0; i++)
		remove_one(&how, c->args[i]);
	return r < 0 ? r : how.status;
}

static const struct verb verb_rm_secret = {
	.name = "rm",
	.aliases = "remove",
	.above = &verb_secret,
	.arguments = "SECRET…",
	.help = "remove some",
	.about = "Remove secrets, and print their ids. Containers that run keep what they were given; those that name one do not start any more.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(rm_rows, struct rm),
	.run = run_rm,
};

static int run_exists(const struct call *c, struct err *e)
{
	auto_secret struct secret s = { 0 };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	r = secret_load(&g, c->args[0], &s, e);
	return r == -ENOENT ? 1 : r;
}

static const struct verb verb_exists_secret = {
	.name = "exists",
	.above = &verb_secret,
	.arguments = "SECRET",
	.help = "whether there is one",
	.about = "Exit with 0 where there is such a secret, with 1 where there is none; 125 says that it could not be found out.",
	.min_args = 1,
	.max_args = 1,
	.failure_status = STATUS_ENGINE,
	.options = NO_OPTIONS,
	.run = run_exists,
};

/* ---- the group ---- */

static const struct verb *const verbs[] = {
	&verb_create_secret, &verb_exists_secret, &verb_inspect_secret, &verb_ls_secrets, &verb_rm_secret,
};

const struct verb verb_secret = {
	.name = "secret",
	.group = "Other",
	.arguments = "VERB [ARGUMENT…]",
	.help = "what only containers see",
	.about = "Verbs about secrets: passwords and the like, for containers that ask for them with --secret.",
	.below = VERBS(verbs),
};
