// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/image_use.h"
#include "cli/output.h"
#include "cli/verbs.h"

struct rmi {
	bool force, all, ignore, no_prune;
};

static const struct option rows[] = {
	OPT_FLAG(struct rmi, all, "all", 'a', "every image that no container has"),
	OPT_FLAG(struct rmi, force, "force", 'f', "by id: with several names too"),
	OPT_FLAG(struct rmi, no_prune, "no-prune", 0, NULL), /* an image has no parents here */
	OPT_FLAG(struct rmi, ignore, "ignore", 'i', "one that does not exist is fine"),
};

static int remove_one(const struct engine *g, const char *name, bool force, struct err *e)
{
	struct remove_result result = { 0 };
	struct image_asker asker = { .g = g };
	int r = image_remove(&g->store, name, force, image_user, &asker, &result, e);

	for (size_t i = 0; i < result.untagged.n && r >= 0; i++) {
		verb_tell_image(g, EVENT_UNTAG, result.id, result.untagged.v[i]);
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

struct walk {
	const struct call *call;
	const struct engine *g;
	int status;
};

static void one(struct walk *w, const char *name, bool force)
{
	const struct rmi *o = w->call->options;
	struct err e;
	int r = remove_one(w->g, name, force, &e);

	if (r >= 0 || (r == -ENOENT && o->ignore))
		return;
	output_error(w->call, &e);
	w->status = 1;
}

static int each(const struct image *image, void *arg, struct err *e)
{
	(void)e;
	if (!image->peer)
		one(arg, image->manifest, true);
	return 0;
}

static int run(const struct call *c, struct err *e)
{
	const struct rmi *o = c->options;
	auto_engine struct engine g;
	struct walk w = { .call = c, .g = &g };
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->all == (c->n_args > 0))
		return err_say(e, EINVAL, o->all ? "--all leaves no place for names" : "name an image, or give --all");
	if (r >= 0 && o->all)
		r = image_each_head(&g.store, each, &w, e);
	for (size_t i = 0; i < c->n_args && r >= 0; i++)
		one(&w, c->args[i], o->force);
	return r < 0 ? r : w.status;
}

#define ABOUT "Remove images: by a name, that name, and the image with its last one; by an id, the image."

const struct verb verb_rmi = {
	.name = "rmi",
	.group = "Images",
	.arguments = "IMAGE…",
	.help = "remove it",
	.about = ABOUT,
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct rmi),
	.run = run,
};

const struct verb verb_image_rm = {
	.name = "rm",
	.aliases = "remove",
	.above = &verb_image,
	.arguments = "IMAGE…",
	.help = "remove it: `rmi`",
	.about = ABOUT,
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct rmi),
	.run = run,
};
