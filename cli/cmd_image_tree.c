// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"
#include "cli/verbs.h"

/* Which names end at which layer: those of images that have no further one. */
struct tops {
	struct arena *arena;
	struct strv chain_ids, names;
};

static int add_top(const struct image *image, void *arg, struct err *e)
{
	struct tops *t = arg;

	for (size_t i = 0; i < image->names.n; i++)
		if (strv_add(t->arena, &t->chain_ids, image->layers.v[image->layers.n - 1].chain_id) < 0 ||
		    strv_add(t->arena, &t->names, image->names.v[i]) < 0)
			return err_nomem(e);
	return 0;
}

/* "[a:1, b:2]" */
static char *join(struct arena *a, const struct strv *names)
{
	char *all = arena_strdup(a, "[");

	for (size_t i = 0; all && i < names->n; i++)
		all = arena_printf(a, "%s%s%s", all, i ? ", " : "", names->v[i]);
	return all ? arena_printf(a, "%s]", all) : NULL;
}

static int print_layer(const struct tops *t, const struct image_layer *l, bool last, struct err *e)
{
	struct strv here = { 0 };
	char size[STR_BYTES_MAX];

	for (size_t i = 0; i < t->names.n; i++)
		if (streq(t->chain_ids.v[i], l->chain_id) && strv_push(t->arena, &here, t->names.v[i]) < 0)
			return err_nomem(e);
	char *names = join(t->arena, &here);

	if (!names)
		return err_nomem(e);
	/* names are references: plain ASCII */
	printf("%s ID: %.*s Size: %s%s%s\n", last ? "└──" : "├──", ID_SHORT, l->chain_id, str_bytes(l->bytes, size),
	       here.n ? " Top Layer of: " : "", here.n ? names : "");
	return 0;
}

static int print(const struct tops *t, const struct image *image, struct err *e)
{
	char size[STR_BYTES_MAX], *names = join(t->arena, &image->names);
	int r = 0;

	if (!names)
		return err_nomem(e);
	printf("Image ID: %.*s\nTags:     %s\nSize:     %s\nImage Layers\n", ID_SHORT, image->config, names,
	       str_bytes(image->bytes, size));
	for (size_t i = 0; i < image->layers.n && r >= 0; i++)
		r = print_layer(t, &image->layers.v[i], i + 1 == image->layers.n, e);
	return r;
}

static int run(const struct call *c, struct err *e)
{
	struct tops tops = { .arena = c->arena };
	auto_image struct image image = { 0 };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = image_find(&g.store, c->args[0], &image, e);
	if (r >= 0)
		r = image_names(&g.store, &image, e);
	if (r >= 0)
		r = image_each(&g.store, add_top, &tops, e);
	return r < 0 ? r : print(&tops, &image, e);
}

const struct verb verb_image_tree = {
	.name = "tree",
	.above = &verb_image,
	.arguments = "IMAGE",
	.help = "its layers",
	.about = "Show the layers of an image, the lowest first, and which names end at each: those images consist of the layers up to it.",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
