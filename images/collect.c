// SPDX-License-Identifier: Apache-2.0
#include "images/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/store.h"

#define PER_LAYER 3 /* blob, folder by diff id, folder by chain id: which of the two is not known before it was unpacked */

struct object {
	int dir;	  /* s->blobs or s->layers */
	const char *kind; /* "blob" or "layer": a layer and its blob can have one digest */
	const char *name;
	int fd;		  /* locked; -1: not there, or not ours to take */
	bool needed;
};

struct objects {
	struct object *v;
	size_t n;
};

static void objects_release(struct objects *o)
{
	for (size_t i = 0; i < o->n; i++)
		fd_close(&o->v[i].fd);
}

static void add(struct objects *o, int dir, const char *kind, const char *name)
{
	o->v[o->n++] = (struct object){ .dir = dir, .kind = kind, .name = name, .fd = -1 };
}

static int list_objects(const struct store *s, struct image *image, struct objects *ret, struct err *e)
{
	struct arena *a = &image->arena;

	ret->v = arena_array(a, 2 + PER_LAYER * image->layers.n, sizeof(*ret->v));
	if (!ret->v)
		return err_nomem(e);
	add(ret, s->blobs, "blob", image->manifest);
	add(ret, s->blobs, "blob", image->config);
	for (size_t i = 0; i < image->layers.n; i++) {
		const struct image_layer *l = &image->layers.v[i];
		const char *chain = arena_printf(a, IMAGE_CHAIN_PREFIX "%s", l->chain_id);

		if (!chain)
			return err_nomem(e);
		add(ret, s->blobs, "blob", l->blob);
		add(ret, s->layers, "layer", l->diff_id);
		add(ret, s->layers, "layer", chain);
	}
	return 0;
}

static int seize_all(struct objects *o, struct err *e)
{
	for (size_t i = 0; i < o->n; i++) {
		int fd = store_seize(o->v[i].dir, o->v[i].name, e);

		if (fd < 0 && fd != -ENOENT && fd != -EBUSY)
			return fd;
		o->v[i].fd = fd < 0 ? -1 : fd;
	}
	return 0;
}

static bool refers_to(const struct image *image, const struct object *o, const struct store *s)
{
	if (o->dir == s->blobs && (streq(o->name, image->manifest) || streq(o->name, image->config)))
		return true;
	for (size_t i = 0; i < image->layers.n; i++) {
		const struct image_layer *l = &image->layers.v[i];
		const char *name = o->dir == s->blobs ? l->blob : l->folder;

		if (name && streq(o->name, name))
			return true;
	}
	return false;
}

struct marking {
	const struct store *store;
	struct objects *objects;
};

static int mark_needed(int dir, const char *name, void *arg, struct err *e)
{
	const struct marking *m = arg;
	auto_image struct image image = { 0 };
	int r = store_read_record(dir, name, &image, e);

	if (r == -ENOENT) /* removed while we looked */
		return 0;
	if (r < 0)
		return err_wrap(e, "image record"); /* what it needs is not known: nothing may go */
	for (size_t i = 0; i < m->objects->n; i++) {
		struct object *o = &m->objects->v[i];

		if (o->fd >= 0 && !o->needed)
			o->needed = refers_to(&image, o, m->store);
	}
	return 0;
}

static int move_out(const struct objects *o, int work, struct err *e)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct object *gone = &o->v[i];
		char name[16 + sizeof(IMAGE_CHAIN_PREFIX) + DIGEST_HEX];

		if (gone->fd < 0 || gone->needed)
			continue;
		snprintf(name, sizeof(name), "%s-%s", gone->kind, gone->name);
		if (renameat(gone->dir, gone->name, work, name) < 0 && errno != ENOENT)
			return err_set(e, errno, "remove %s %s", gone->kind, gone->name);
	}
	return 0;
}

/* Those who collect go one after the other: two that seize the same layer would each leave it to the other. */
static int lock_collecting(const struct store *s, struct err *e)
{
	auto_fd int fd = openat(s->records, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open the image records");
	int r = fd_lock(fd, LOCK_EX);

	return r < 0 ? err_set(e, -r, "lock the image records") : fd_take(&fd);
}

static int collect(const struct store *s, int work, struct objects *o, struct err *e)
{
	struct marking m = { .store = s, .objects = o };
	int r = seize_all(o, e);

	if (r == 0) /* read after they are locked: who published a record before that has let go of them */
		r = file_each(s->records, mark_needed, &m, e);
	if (r == 0)
		r = move_out(o, work, e);
	objects_release(o);
	return r;
}

int collect_orphans(const struct store *s, int work, const char *record, struct err *e)
{
	auto_image struct image image = { 0 };
	struct objects objects = { 0 };
	int r = store_read_record(work, record, &image, e);

	if (r == -EINVAL) /* torn by a power cut: it was not durable yet, so nothing was published by it */
		return 0;
	if (r == 0)
		r = list_objects(s, &image, &objects, e);
	if (r < 0)
		return r;
	auto_fd int turn = lock_collecting(s, e);

	return turn < 0 ? turn : collect(s, work, &objects, e);
}
