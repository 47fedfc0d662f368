// SPDX-License-Identifier: Apache-2.0
/* image: the verbs about images that stand alone, and those that do not. */
#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "cli/image_filter.h"
#include "cli/image_use.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/prune.h"
#include "cli/verbs.h"

struct prune {
	bool all, force;
	struct strv filters;
};

static const struct option prune_rows[] = {
	OPT_FLAG(struct prune, all, "all", 'a', "those with a name, too, if no container has them"),
	OPT_LIST(struct prune, filters, "filter", 0, "KEY=VALUE", "of them, those with this " IMAGE_FILTERS_HELP),
	OPT_FLAG(struct prune, force, "force", 'f', "do not ask"),
};

/* The images that are to go: found first, removed then. */
struct candidates {
	bool all;
	struct image_filters filters;
	struct image_use use;
	struct arena *arena;
	struct strv manifests;
};

static int consider(const struct image *image, void *arg, struct err *e)
{
	struct candidates *c = arg;

	if (image->peer || (image->names.n && !c->all) || !image_filters_fit(&c->filters, image) ||
	    image_use_count(&c->use, image->manifest))
		return 0;
	return strv_add(c->arena, &c->manifests, image->manifest) < 0 ? err_nomem(e) : 0;
}

static bool ask(const struct prune *o)
{
	return prompt_yes(o->all ? "This command removes all images without at least one container associated with them."
				 : "This command removes all dangling images.");
}

static void remove_one(struct pruning *p, const char *manifest)
{
	struct image_asker asker = { .g = p->g };
	struct remove_result result = { 0 };
	struct err e;
	int r = image_remove(&p->g->store, manifest, true, image_user, &asker, &result, &e);

	if (r < 0 && r != -ENOENT && r != -EBUSY) /* gone meanwhile, or wanted */
		pruning_failed(p, &e);
	for (size_t i = 0; i < result.untagged.n; i++)
		verb_tell_image(p->g, EVENT_UNTAG, result.id, result.untagged.v[i]);
	for (size_t i = 0; i < result.deleted.n; i++) {
		verb_tell_image(p->g, EVENT_REMOVE, result.deleted.v[i], NULL);
		pruning_gone(p, str_after(result.deleted.v[i], "sha256:"));
	}
	arena_free(&result.arena);
}

int prune_images(struct pruning *p, bool all, struct err *e)
{
	struct candidates found = { .all = all, .arena = p->call->arena };
	int r = image_filters_read(&p->g->store, p->filters, p->call->arena, &found.filters, e);

	if (r < 0)
		return r;
	store_sweep(&p->g->store);
	r = image_use_read(p->g, &found.use, e);
	if (r >= 0)
		r = (found.filters.need_labels ? image_each : image_each_head)(&p->g->store, consider, &found, e);
	arena_free(&found.use.arena);
	for (size_t i = 0; i < found.manifests.n && r >= 0; i++)
		remove_one(p, found.manifests.v[i]);
	return r;
}

static int run_prune(const struct call *c, struct err *e)
{
	const struct prune *o = c->options;
	auto_engine struct engine g;
	struct pruning p = { .call = c, .g = &g, .filters = &o->filters };
	int r = verb_engine(c, &g, e);

	if (r >= 0 && !o->force && !ask(o))
		return 0;
	if (r >= 0)
		r = prune_images(&p, o->all, e);
	return r < 0 ? r : p.status;
}

static const struct verb verb_prune = {
	.name = "prune",
	.above = &verb_image,
	.arguments = "",
	.help = "remove those without a name",
	.about = "Remove the images that have no name and that no container was made of; with --all, whether they have a name or "
		 "not. Their ids are printed.",
	.options = OPTIONS(prune_rows, struct prune),
	.run = run_prune,
};

static int run_exists(const struct call *c, struct err *e)
{
	auto_image struct image image = { 0 };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	r = image_find(&g.store, c->args[0], &image, e);
	return r == -ENOENT ? EXIT_FAILURE : r;
}

static const struct verb verb_exists = {
	.name = "exists",
	.above = &verb_image,
	.arguments = "IMAGE",
	.help = "is it here?",
	.about = "Say by the exit status whether an image is here: 0 if it is, 1 if not, 125 if that cannot be told.",
	.min_args = 1,
	.max_args = 1,
	.failure_status = STATUS_ENGINE,
	.run = run_exists,
};

static const struct verb *const verbs[] = {
	&verb_diff, &verb_exists, &verb_history, &verb_import, &verb_image_inspect, &verb_load, &verb_image_ls, &verb_image_mount,
	&verb_prune, &verb_pull, &verb_push, &verb_image_rm, &verb_save, &verb_search, &verb_tag, &verb_image_tree,
	&verb_image_unmount, &verb_untag,
};

const struct verb verb_image = {
	.name = "image",
	.group = "Images",
	.arguments = "VERB [ARGUMENT…]",
	.help = "all verbs about them",
	.about = "Verbs about images. Those that stand alone, too, are the same there.",
	.below = VERBS(verbs),
};
