// SPDX-License-Identifier: Apache-2.0
#include "images/disk.h"

#include <errno.h>
#include <stdlib.h>

#include "base/tree_size.h"

/* That an image needs an object of the store. */
struct need {
	int dir;
	char *name;
	size_t image;
};

struct count {
	const struct store *store;
	struct disk_use *use;
	bool (*active)(const char *manifest, void *arg);
	void *arg;
	struct need *needs;
	size_t n_needs, room;
};

static int grow(struct arena *a, void **v, size_t n, size_t *room, size_t size, struct err *e)
{
	if (n < *room)
		return 0;
	size_t more = MAX(*room * 2, (size_t)64);
	void *bigger = arena_array(a, more, size);

	if (!bigger)
		return err_nomem(e);
	if (n)
		memcpy(bigger, *v, n * size);
	*v = bigger;
	*room = more;
	return 0;
}

static int add_need(struct count *c, int dir, const char *name, struct err *e)
{
	if (grow(&c->use->arena, (void **)&c->needs, c->n_needs, &c->room, sizeof(*c->needs), e) < 0)
		return -e->code;
	c->needs[c->n_needs] = (struct need){ dir, arena_strdup(&c->use->arena, name), c->use->n };
	return c->needs[c->n_needs++].name ? 0 : err_nomem(e);
}

static int add_needs(struct count *c, const struct image *image, struct err *e)
{
	int r = add_need(c, c->store->blobs, image->manifest, e);

	if (r == 0)
		r = add_need(c, c->store->blobs, image->config, e);
	for (size_t i = 0; r == 0 && i < image->layers.n; i++) {
		r = add_need(c, c->store->blobs, image->layers.v[i].blob, e);
		if (r == 0)
			r = add_need(c, c->store->layers, image->layers.v[i].folder, e);
	}
	return r;
}

static int add_image(const struct image *image, void *arg, struct err *e)
{
	struct count *c = arg;
	struct disk_use *u = c->use;
	struct arena *a = &u->arena;

	if (image->peer)
		return 0;
	if (grow(a, (void **)&u->v, u->n, &u->room, sizeof(*u->v), e) < 0 || add_needs(c, image, e) < 0)
		return -e->code;
	struct disk_image *i = &u->v[u->n];

	*i = (struct disk_image){
		.manifest = arena_strdup(a, image->manifest),
		.config = arena_strdup(a, image->config),
		.created = arena_strdup(a, image->created ? image->created : ""),
		.active = c->active(image->manifest, c->arg),
	};
	for (size_t n = 0; n < image->names.n; n++)
		if (strv_add(a, &i->names, image->names.v[n]) < 0)
			return err_nomem(e);
	u->n++;
	return i->manifest && i->config && i->created ? 0 : err_nomem(e);
}

static int by_object(const void *a, const void *b)
{
	const struct need *x = a, *y = b;

	if (x->dir != y->dir)
		return x->dir < y->dir ? -1 : 1;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->image > y->image) - (x->image < y->image);
}

/* One object: @n needs of it, of one image or of several. */
static int add_object(struct count *c, const struct need *needs, size_t n, struct tree_size *size, struct err *e)
{
	uint64_t before = size->bytes;
	bool shared = needs[0].image != needs[n - 1].image, active = false;
	int r = tree_size_add(size, needs[0].dir, needs[0].name, e);
	uint64_t bytes = size->bytes - before;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct disk_image *image = &c->use->v[needs[i].image];

		active |= image->active;
		if (i > 0 && needs[i].image == needs[i - 1].image)
			continue;
		*(shared ? &image->shared_bytes : &image->unique_bytes) += bytes;
	}
	c->use->bytes += bytes;
	c->use->reclaimable_bytes += active ? 0 : bytes;
	return r;
}

static int add_objects(struct count *c, struct err *e)
{
	auto_tree_size struct tree_size size = { 0 };
	int r = 0;

	if (c->n_needs)
		qsort(c->needs, c->n_needs, sizeof(*c->needs), by_object);
	for (size_t i = 0, n; r == 0 && i < c->n_needs; i += n) {
		for (n = 1; i + n < c->n_needs; n++)
			if (c->needs[i].dir != c->needs[i + n].dir || !streq(c->needs[i].name, c->needs[i + n].name))
				break;
		r = add_object(c, &c->needs[i], n, &size, e);
	}
	return r;
}

int disk_use(const struct store *s, bool (*active)(const char *manifest, void *arg), void *arg, struct disk_use *ret,
	     struct err *e)
{
	struct disk_use use = { 0 };
	struct count c = { .store = s, .use = &use, .active = active, .arg = arg };
	int r = image_each(s, add_image, &c, e);

	if (r == 0)
		r = add_objects(&c, e);
	if (r < 0) {
		arena_free(&use.arena);
		return r;
	}
	*ret = use;
	return 0;
}
