// SPDX-License-Identifier: Apache-2.0
/* Names for the completion of command lines. */
#include "cli/verbs.h"
#include "runtime/pods.h"
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

static int add_pod(const struct pod *p, void *arg, struct err *e)
{
	struct list *l = arg;

	return strv_add(l->arena, l->names, p->name) < 0 ? err_nomem(e) : 0;
}

static int add_pods(const struct engine *g, struct list *l, struct err *e)
{
	return pod_each(g, add_pod, l, e);
}

static int add_containers(const struct engine *g, struct list *l, struct err *e)
{
	return container_each(g, add_container, l, e);
}

static int add_images(const struct engine *g, struct list *l, struct err *e)
{
	return image_each_head(&g->store, add_image, l, e);
}

static int add_networks(const struct engine *g, struct list *l, struct err *e)
{
	return network_each(g->networks, add_network, l, e);
}

static int add_volumes(const struct engine *g, struct list *l, struct err *e)
{
	return volume_each(g, add_volume, l, e);
}

static int add_secrets(const struct engine *g, struct list *l, struct err *e)
{
	return secret_each(g, add_secret, l, e);
}

static const struct {
	const char *word; /* as usage lines have it */
	int (*add)(const struct engine *g, struct list *l, struct err *e);
} kinds[] = {
	{ "CONTAINER", add_containers }, { "IMAGE", add_images },   { "NETWORK", add_networks },
	{ "POD", add_pods },	 { "SECRET", add_secrets },	 { "VOLUME", add_volumes },
};

int verb_names(const struct call *c, const char *argument, struct strv *ret, struct err *e)
{
	struct list l = { .arena = c->arena, .names = ret };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && r >= 0; i++)
		r = strstr(argument, kinds[i].word) ? kinds[i].add(&g, &l, e) : 0;
	return r;
}
