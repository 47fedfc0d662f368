// SPDX-License-Identifier: Apache-2.0
/* Names for the completion of command lines. */
#include "cli/verbs.h"
#include "runtime/secrets.h"
#include "runtime/volumes.h"

struct list {
	struct arena *arena;
	struct strv *names;
};

static int add_container(const struct container *c, void *arg, struct err *e)
{
	struct list *l = arg;

	return strv_add(l->arena, l->names, c->settings.name) < 0 ? err_nomem(e) : 0;
}

static int add_image(const struct image *image, void *arg, struct err *e)
{
	struct list *l = arg;

	for (size_t i = 0; i < image->names.n; i++) {
		char text[IMAGE_REF_MAX];
		struct image_ref ref;

		if (image_ref_parse(image->names.v[i], &ref, e) < 0)
			return -e->code;
		if (strv_add(l->arena, l->names, image_ref_text(&ref, true, text)) < 0)
			return err_nomem(e);
	}
	return 0;
}

static int add_network(const struct net_network *n, const struct spec_map *labels, void *arg, struct err *e)
{
	struct list *l = arg;

	(void)labels;
	return strv_add(l->arena, l->names, n->name) < 0 ? err_nomem(e) : 0;
}

static int add_volume(const struct volume *v, void *arg, struct err *e)
{
	struct list *l = arg;

	return strv_add(l->arena, l->names, v->name) < 0 ? err_nomem(e) : 0;
}

static int add_secret(const struct secret *s, void *arg, struct err *e)
{
	struct list *l = arg;

	return strv_add(l->arena, l->names, s->name) < 0 ? err_nomem(e) : 0;
}

int verb_names(const struct call *c, const char *arguments, struct strv *ret, struct err *e)
{
	bool any = str_after(arguments, "NAME") != NULL;
	struct list l = { .arena = c->arena, .names = ret };

	arguments += *arguments == '['; /* they may be left out */
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0 && (any || str_after(arguments, "CONTAINER")))
		r = container_each(&g, add_container, &l, e);
	if (r >= 0 && (any || str_after(arguments, "IMAGE")))
		r = image_each_head(&g.store, add_image, &l, e);
	if (r >= 0 && str_after(arguments, "NETWORK"))
		r = network_each(g.networks, add_network, &l, e);
	if (r >= 0 && str_after(arguments, "VOLUME"))
		r = volume_each(&g, add_volume, &l, e);
	if (r >= 0 && str_after(arguments, "SECRET"))
		r = secret_each(&g, add_secret, &l, e);
	return r;
}
