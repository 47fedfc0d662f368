// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"
#include "cli/verbs.h"

struct rmi {
	bool force;
};

static const struct option rows[] = {
	OPT_FLAG(struct rmi, force, "force", 'f', "by id: with several names too"),
};

/* Which container needs an image? */
struct use {
	const struct engine *g;
	const char *manifest;
	char name[129]; /* str_check_name() allows no longer one */
};

static int compare(const struct container *c, void *arg, struct err *e)
{
	struct use *u = arg;

	(void)e;
	if (!c->settings.manifest || !streq(c->settings.manifest, u->manifest))
		return 0;
	snprintf(u->name, sizeof(u->name), "%s", c->settings.name);
	return 1;
}

static const char *in_use(const char *manifest, void *arg)
{
	struct use *u = arg;
	struct err e;

	u->manifest = manifest;
	int r = container_each(u->g, compare, u, &e);

	/* a container that cannot be read may be the one */
	return r > 0 ? u->name : r < 0 ? "(one whose record cannot be read)" : NULL;
}

static int remove_one(const struct engine *g, const char *name, bool force, struct err *e)
{
	struct remove_result result = { 0 };
	struct use use = { .g = g };
	auto_image struct image image = { 0 };
	struct err gone;
	const char *id = image_find(&g->store, name, &image, &gone) >= 0 ? image.config : NULL;
	int r = image_remove(&g->store, name, force, in_use, &use, &result, e);

	for (size_t i = 0; i < result.untagged.n && r >= 0; i++) {
		verb_tell_image(g, EVENT_UNTAG, id, result.untagged.v[i]);
		fputs("Untagged: ", stdout);
		output_line(result.untagged.v[i]);
	}
	for (size_t i = 0; i < result.deleted.n && r >= 0; i++) {
		verb_tell_image(g, EVENT_REMOVE, result.deleted.v[i], NULL);
		fputs("Deleted: ", stdout);
		output_line(result.deleted.v[i]);
	}
	arena_free(&result.arena);
	return r;
}

static int run(const struct call *c, struct err *e)
{
	const struct rmi *o = c->options;
	auto_engine struct engine g;
	int status = 0, r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->n_args; i++)
		if (remove_one(&g, c->args[i], o->force, e) < 0) {
			output_error(c, e);
			status = 1;
		}
	return status;
}

const struct verb verb_rmi = {
	.name = "rmi",
	.group = "Images",
	.arguments = "IMAGE…",
	.help = "remove it",
	.about = "Remove images: by a name, that name, and the image with its last one; by an id, the image.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct rmi),
	.run = run,
};
