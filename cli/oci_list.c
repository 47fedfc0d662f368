// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "cli/oci.h"
#include "cli/output.h"
#include "runtime/state.h"
#include "spec/text.h"

struct list_options {
	bool quiet;
	const char *format;
};

static const struct option rows[] = {
	OPT_FLAG(struct list_options, quiet, "quiet", 'q', "ids only"),
	OPT_STRING(struct list_options, format, "format", 'f', "FORMAT", "table or json"),
};

static const struct column columns[] = {
	{ "ID", 0 }, { "PID", 0 }, { "STATUS", 0 }, { "BUNDLE", 0 }, { "CREATED", 0 }, { "OWNER", 0 },
};

static int add_document(json_t *list, const struct state *s, struct err *e)
{
	auto_free char *text = NULL;
	json_t *document = NULL;
	int r = state_document(s, &text, e);

	if (r >= 0)
		r = json_from_text(text, strlen(text), &document, e);
	if (r >= 0 && json_array_append_new(list, document) < 0)
		return err_nomem(e);
	return r;
}

/* All on one line, as runc does. */
static int print_line(json_t *list, struct err *e)
{
	auto_free char *text = NULL;
	int r = json_to_text(list, &text, e);

	if (r >= 0)
		puts(text);
	return r;
}

static int add_row(struct table *t, const struct state *s, struct err *e)
{
	const char *const texts[] = { status_names[s->status], s->bundle, s->created, s->owner ? s->owner : "" };
	int r = table_add(t, e, "%s", s->id);

	if (r >= 0)
		r = table_add(t, e, "%d", s->status == STATUS_STOPPED ? 0 : s->init.pid);
	for (size_t i = 0; i < ARRAY_SIZE(texts) && r >= 0; i++)
		r = table_add(t, e, "%s", texts[i]);
	return r;
}

static int run(const struct call *c, struct err *e)
{
	const struct list_options *o = c->options;
	struct table table = { .arena = c->arena, .columns = columns, .n_columns = ARRAY_SIZE(columns) };
	json_auto_t *list = json_array();
	struct strv ids = { 0 };
	bool json = o->format && streq(o->format, "json");

	if (o->format && !json && !streq(o->format, "table"))
		return err_say(e, EINVAL, "--format %s: it is table or json", o->format);
	auto_fd int root = oci_open_root(c, e);
	int r = root < 0 ? root : state_list(root, c->arena, &ids, e);

	if (root >= 0)
		state_sweep(root);
	for (size_t i = 0; i < ids.n && r >= 0; i++) {
		auto_state struct state s = { 0 };

		if (o->quiet) {
			output_line(ids.v[i]);
			continue;
		}
		if (state_load(root, ids.v[i], &s, e) < 0) /* deleted meanwhile */
			continue;
		r = json ? add_document(list, &s, e) : add_row(&table, &s, e);
	}
	if (r < 0 || o->quiet)
		return r;
	if (json)
		return print_line(list, e);
	table_print(&table);
	return 0;
}

const struct verb oci_list = {
	.name = "list",
	.group = "Looking at containers",
	.arguments = "",
	.help = "all that are known",
	.about = "List the containers of this --root.",
	.options = OPTIONS(rows, struct list_options),
	.run = run,
};
