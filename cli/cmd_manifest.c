// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/fd.h"
#include "cli/output.h"
#include "cli/registry.h"

struct manifest {
	struct registry_options registry;
};

static const struct option rows[] = {
	REGISTRY_ROWS(struct manifest, registry),
};

/* That of an image which is here, by id or name; else the registry's. */
static int read_manifest(const struct call *c, const struct engine *g, const char *name, char **ret, struct err *e)
{
	const struct manifest *o = c->options;
	auto_registry struct registry registry = NO_REGISTRY;
	auto_image struct image image = { 0 };
	struct image_ref ref;
	int r = registry_open(c, g, &o->registry, &registry, e);

	if (r >= 0 && !str_after(name, "docker://") && image_find(&g->store, name, &image, e) >= 0)
		return image_own_manifest(&g->store, &image, g->worker, ret, e);
	if (r >= 0)
		r = registry_choose(c, &registry, name, &name, e);
	if (r >= 0)
		r = image_ref_parse(name, &ref, e);
	return r < 0 ? r : image_manifest(&g->store, &ref, &registry.remote, g->worker, ret, e);
}

static int run_inspect(const struct call *c, struct err *e)
{
	auto_free char *text = NULL;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = read_manifest(c, &g, c->args[0], &text, e);
	if (r < 0)
		return r;
	str_harmless(stdout, text, strlen(text), true);
	putchar('\n');
	return 0;
}

static const struct verb verb_manifest_inspect = {
	.name = "inspect",
	.above = &verb_manifest,
	.arguments = "IMAGE",
	.help = "show one",
	.about = "Show the manifest of an image that is here, or what a registry has under a name: a manifest, or an index that lists "
		 "those of several platforms. With docker:// before the name the registry is asked in any case.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct manifest),
	.run = run_inspect,
};

static const struct verb *const verbs[] = { &verb_manifest_inspect };

const struct verb verb_manifest = {
	.name = "manifest",
	.group = "Images",
	.arguments = "VERB [ARGUMENT…]",
	.help = "of one: inspect",
	.about = "Verbs about manifests and indexes: what an image consists of, and for which platforms it is there.",
	.below = VERBS(verbs),
};
