// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"
#include "cli/verbs.h"

static int run(const struct call *c, struct err *e)
{
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	for (size_t i = 1; i < c->n_args && r >= 0; i++) {
		bool moved = false;

		r = image_tag(&g.store, c->args[0], c->args[i], &moved, e);
		if (r >= 0)
			verb_tell_image(&g, EVENT_TAG, NULL, c->args[i]);
		if (r >= 0 && moved) {
			char *text = arena_printf(c->arena, "%s named another image before", c->args[i]);

			output_warning(c, text ? text : c->args[i]);
		}
	}
	return r;
}

const struct verb verb_tag = {
	.name = "tag",
	.group = "Images",
	.arguments = "IMAGE NAME…",
	.help = "give it another name",
	.about = "Give an image further names.",
	.min_args = 2,
	.max_args = ARGS_ANY,
	.run = run,
};

static int run_untag(const struct call *c, struct err *e)
{
	struct remove_result result = { 0 };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = image_untag(&g.store, c->args[0], c->args + 1, c->n_args - 1, &result, e);
	for (size_t i = 0; i < result.untagged.n; i++)
		verb_tell_image(&g, EVENT_UNTAG, result.id, result.untagged.v[i]);
	arena_free(&result.arena);
	return r;
}

const struct verb verb_untag = {
	.name = "untag",
	.group = "Images",
	.arguments = "IMAGE [NAME…]",
	.help = "take a name away",
	.about = "Take these names away from an image, or all that it has. The image stays, and can be named by its id.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.run = run_untag,
};
