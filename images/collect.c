// SPDX-License-Identifier: Apache-2.0
/*
 * collect.c: content that no record refers to leaves the store, while others load, pull, tag and remove.
 *
 * Theory of operation: why a load or pull at the same moment never loses a layer to it, although neither waits for the other.
 *
 * Who loads has, for each object, a shared lock of it from before he relies on it (store_hold(), store_place(), which lock it
 * before it has its name) until his record lies in records/. Who collects (1) seizes an object: an exclusive lock, without
 * waiting; (2) then reads every record; (3) takes away what he has seized and no record names. So for each object and each load:
 *
 *	- the load had its lock before (1): the object is not seized, and stays. Should the load fail in the end, its own work
 *	  folder names the object, and its clean-up comes here again;
 *	- the load let go of its lock before (1): its record was published before that, and (2) sees it. Records are removed by
 *	  renaming alone, and reading a folder shows every name that is there all the time;
 *	- the load comes for the lock after (1): it waits in store_hold() until (3). Then the name leads to the same object, or
 *	  nowhere, which is looked at after locking, and the load brings its own.
 *
 * Of those who collect, two could each seize a part of what the other one would have taken, and both leave it: so they go one after
 * the other, by a lock that nobody else takes. It is held for as long as it takes to read the records, with no look at the
 * content of those that name none of the objects; all that is slow, the deleting, is done later in a work folder.
 */
#include "images/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/digest_text.h"
#include "images/store.h"

#define CHAIN_NAME (sizeof(IMAGE_CHAIN_PREFIX) - 1 + DIGEST_HEX)
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

/* Is it the name of something that may go? @name: @n bytes of a text */
static bool is_in_doubt(const struct objects *o, const char *name, size_t n)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct object *object = &o->v[i];

		if (object->fd >= 0 && !object->needed && strlen(object->name) == n && memcmp(object->name, name, n) == 0)
			return true;
	}
	return false;
}

/*
 * Could a record name such an object? Whatever lies between two quotes is looked at, wherever it stands: that takes a twentieth of
 * the time that decoding takes. A text that was cut off may have lost the name.
 */
static bool may_refer(const struct objects *o, const char *text, size_t len)
{
	if (len == 0 || text[len - 1] != '}')
		return true;
	for (const char *at = strchr(text, '"'); at; at = strchr(at + 1, '"')) {
		size_t n = strcspn(at + 1, "\"");

		if ((n == DIGEST_HEX || n == CHAIN_NAME) && is_in_doubt(o, at + 1, n))
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
	auto_free char *text = NULL;
	size_t len;

	if (!digest_is_hex(name))
		return 0;
	int r = file_read(dir, name, WORK_IMAGES_MAX, &text, &len, e);

	if (r == -ENOENT) /* removed while we looked */
		return 0;
	if (r == 0 && !may_refer(m->objects, text, len))
		return 0;
	if (r == 0)
		r = image_decode(text, len, name, &image, e);
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
		char name[16 + NAME_MAX]; /* what is no digest can be longer */

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

/* Those that are not needed, and nobody's, stay locked; with @work not -1 they lie there then. To be released. */
static int take_unneeded(const struct store *s, int work, struct objects *o, struct err *e)
{
	struct marking m = { .store = s, .objects = o };
	int r = seize_all(o, e);

	if (r == 0) /* read after they are locked: who published a record before that has let go of them */
		r = file_each(s->records, mark_needed, &m, e);
	return r == 0 && work >= 0 ? move_out(o, work, e) : r;
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

	r = turn < 0 ? turn : take_unneeded(s, work, &objects, e);
	objects_release(&objects);
	return r;
}

/* ---- strays ---- */

#define STRAYS_AT_ONCE 128 /* each is locked, and takes a descriptor */

struct straying {
	const struct store *store;
	struct arena arena;
	struct strv needed;	/* names, sorted */
	struct objects objects; /* those that are not among them; room for all there are */
	size_t room;
	int dir;
	const char *kind;
};

static int add_needed(const struct image *image, void *arg, struct err *e)
{
	struct straying *s = arg;
	bool ok = strv_add(&s->arena, &s->needed, image->manifest) == 0 && strv_add(&s->arena, &s->needed, image->config) == 0;

	for (size_t i = 0; ok && i < image->layers.n; i++) {
		const struct image_layer *l = &image->layers.v[i];

		ok = strv_add(&s->arena, &s->needed, l->blob) == 0 &&
		     (!l->folder || strv_add(&s->arena, &s->needed, l->folder) == 0);
	}
	return ok ? 0 : err_nomem(e);
}

static int add_record(int dir, const char *name, void *arg, struct err *e)
{
	auto_image struct image image = { 0 };
	int r = digest_is_hex(name) ? store_read_record(dir, name, &image, e) : -ENOENT;

	if (r < 0)
		return r == -ENOENT ? 0 : err_wrap(e, "image record"); /* what it needs is not known */
	return add_needed(&image, arg, e);
}

static int grow_objects(struct straying *s, struct err *e)
{
	size_t room = MAX(s->room * 2, (size_t)STRAYS_AT_ONCE);
	struct object *v = arena_array(&s->arena, room, sizeof(*v));

	if (!v)
		return err_nomem(e);
	if (s->objects.n)
		memcpy(v, s->objects.v, s->objects.n * sizeof(*v));
	s->objects.v = v;
	s->room = room;
	return 0;
}

static int add_stray(int dir, const char *name, void *arg, struct err *e)
{
	struct straying *s = arg;

	(void)dir;
	if (strv_sorted_has(&s->needed, name))
		return 0;
	int r = s->objects.n == s->room ? grow_objects(s, e) : 0;
	char *copy = r < 0 ? NULL : arena_strdup(&s->arena, name);

	if (!copy)
		return r < 0 ? r : err_nomem(e);
	add(&s->objects, s->dir, s->kind, copy);
	return 0;
}

/* What does not look needed: it is locked only after that, so that nobody is disturbed by a look at all the rest. */
static int find_strays(struct straying *s, struct err *e)
{
	int r = file_each(s->store->records, add_record, s, e);

	strv_sort(&s->needed);
	s->dir = s->store->blobs;
	s->kind = "blob";
	if (r == 0)
		r = file_each_any(s->dir, add_stray, s, e);
	s->dir = s->store->layers;
	s->kind = "layer";
	return r == 0 ? file_each_any(s->dir, add_stray, s, e) : r;
}

int collect_strays(const struct store *store, int work, int (*f)(const char *kind, const char *name, void *arg, struct err *e),
		   void *arg, struct err *e)
{
	struct straying s = { .store = store };
	auto_fd int turn = lock_collecting(store, e);
	int r = turn < 0 ? turn : find_strays(&s, e);

	for (size_t i = 0; r == 0 && i < s.objects.n; i += STRAYS_AT_ONCE) {
		struct objects some = { .v = s.objects.v + i, .n = MIN(s.objects.n - i, (size_t)STRAYS_AT_ONCE) };

		r = take_unneeded(store, work, &some, e);
		for (size_t k = 0; r == 0 && k < some.n; k++)
			if (some.v[k].fd >= 0 && !some.v[k].needed)
				r = f(some.v[k].kind, some.v[k].name, arg, e);
		objects_release(&some);
	}
	arena_free(&s.arena);
	return r;
}
