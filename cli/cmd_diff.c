// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/diff_view.h"
#include "cli/verbs.h"
#include "runtime/container_diff.h"

struct diff_options {
	const char *format;
	bool latest;
};

static const struct option rows[] = {
	OPT_STRING(struct diff_options, format, "format", 0, "json", "as JSON"),
	LATEST_ROW(struct diff_options, latest),
};

/* A container goes before an image of that name, as with inspect. */
static int compare(const struct call *c, const struct engine *g, struct changes *ret, struct err *e)
{
	bool latest = ((const struct diff_options *)c->options)->latest;
	auto_image struct image image = { 0 };
	const char *name = c->args[0];
	char id[CONTAINER_ID_MAX];
	int r = verb_named(c, g, latest, id, NULL, e);

	if (r >= 0)
		return container_diff(g, id, ret, e);
	if (latest || !name || (r != -ENOENT && r != -EINVAL)) /* "web:1" can be no container's name */
		return r;
	r = image_find(&g->store, name, &image, e);
	if (r == -ENOENT)
		return err_say(e, ENOENT, "no such container or image: %s", name);
	return r < 0 ? r : image_diff(&g->store, &image, ret, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct diff_options *o = c->options;
	auto_engine struct engine g;
	struct changes changes = { 0 };
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = diff_view_check(o->format, e);
	if (r >= 0)
		r = compare(c, &g, &changes, e);
	if (r >= 0)
		r = diff_view(c, &changes, o->format, e);
	arena_free(&changes.arena);
	return r;
}

const struct verb verb_diff = {
	.name = "diff",
	.group = "Containers",
	.arguments = "[CONTAINER|IMAGE]",
	.help = "which files it has changed",
	.about = "List the files that a container has added (A), changed (C) and deleted (D), or those that the last layer of an image "
		 "has. What something is mounted on is left out.",
	.max_args = 1,
	.options = OPTIONS(rows, struct diff_options),
	.run = run,
};
