// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/output.h"
#include "cli/registry.h"

struct pull {
	struct pull_request how;
	bool all_tags;
};

static const struct option rows[] = {
	OPT_FLAG(struct pull, how.quiet, "quiet", 'q', "the id alone, no progress"),
	OPT_FLAG(struct pull, all_tags, "all-tags", 'a', "all that the repository has"),
	PLATFORM_ROWS(struct pull, how.platform),
	REGISTRY_ROWS(struct pull, how.registry),
	LAYER_LIMIT_OPTIONS(struct pull, how.limits),
};

static int one(const struct call *c, const struct engine *g, const struct registry *r, const char *name, struct err *e)
{
	const struct pull *o = c->options;
	struct pull_result result;
	int code = registry_pull(c, g, r, name, &o->how, &result, e);

	if (code >= 0)
		output_line(result.id);
	return code;
}

static int all_tags(const struct call *c, const struct engine *g, const struct registry *r, const char *name, struct err *e)
{
	struct image_ref ref;
	struct strv tags;
	int code = image_ref_parse(name, &ref, e);

	if (code >= 0)
		code = image_tags(&g->store, &ref, &r->remote, c->arena, &tags, e);
	for (size_t i = 0; code >= 0 && i < tags.n; i++) {
		char *tagged = arena_printf(c->arena, "%s/%s:%s", ref.host, ref.name, tags.v[i]);

		code = tagged ? one(c, g, r, tagged, e) : err_nomem(e);
	}
	return code;
}

static int run(const struct call *c, struct err *e)
{
	const struct pull *o = c->options;
	auto_registry struct registry registry = NO_REGISTRY;
	auto_engine struct engine g;
	int status = 0, r = verb_engine(c, &g, e);

	if (r >= 0)
		r = registry_open(c, &g, &o->how.registry, &registry, e);
	for (size_t i = 0; r >= 0 && i < c->n_args; i++) {
		const char *name;
		int code = registry_choose(c, &registry, c->args[i], &name, e);

		if (o->all_tags && registry_has_tag(c->args[i]))
			code = err_say(e, EINVAL, "%s: --all-tags leaves no place for a tag or a digest", c->args[i]);
		if (code >= 0)
			code = o->all_tags ? all_tags(c, &g, &registry, name, e) : one(c, &g, &registry, name, e);
		if (code < 0) {
			output_error(c, e);
			status = 1;
		}
	}
	return r < 0 ? r : status;
}

const struct verb verb_pull = {
	.name = "pull",
	.group = "Images",
	.arguments = "IMAGE…",
	.help = "get them from a registry",
	.about = "Get images from their registries, and print their ids. What is here already is not fetched again: of an image that "
		 "has not changed nothing, of another one the layers that no image here has. Where a mirror is set for the registry, "
		 "it is asked first.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct pull),
	.run = run,
};
