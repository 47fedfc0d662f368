// SPDX-License-Identifier: Apache-2.0
#include "images/refs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/digest_text.h"
#include "images/store.h"

#define ALGORITHM     "sha256:"
#define REF_FILE_SIZE (sizeof(ALGORITHM) + DIGEST_HEX) /* with a newline */
#define PUBLISH_TRIES 64

/* The three parts of the path below refs/. Each part of a reference that was parsed is fit to be a file name. */
struct ref_path {
	char folder[sizeof(((struct image_ref *)0)->host) + sizeof(((struct image_ref *)0)->name)];
	char leaf[sizeof(ALGORITHM) + 129];
	const char *host;
};

static struct ref_path path_of(const struct image_ref *ref)
{
	struct ref_path p = { .host = ref->host };

	snprintf(p.folder, sizeof(p.folder), "%s/%s", ref->host, ref->name);
	for (char *c = p.folder + strlen(ref->host) + 1; *c; c++)
		if (*c == '/')
			*c = '%';
	if (ref->digest[0])
		snprintf(p.leaf, sizeof(p.leaf), ALGORITHM "%s", ref->digest);
	else
		snprintf(p.leaf, sizeof(p.leaf), "%s", ref->tag);
	return p;
}

static int read_leaf(int dir, const char *leaf, char ret_manifest[DIGEST_HEX + 1], struct err *e)
{
	auto_fd int fd = openat(dir, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[REF_FILE_SIZE + 2]; /* room for what is too long to be seen */

	if (fd < 0)
		return err_set(e, errno, "open %s", leaf);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return err_set(e, errno, "read %s", leaf);
	text[n] = '\0';
	if (n >= (ssize_t)REF_FILE_SIZE && text[REF_FILE_SIZE - 1] == '\n') /* what follows is ref_read_index()'s */
		text[REF_FILE_SIZE - 1] = '\0';
	const char *hex = str_after(text, ALGORITHM);

	if (!hex || !digest_is_hex(hex))
		return err_say(e, EBADMSG, "it holds no digest");
	memcpy(ret_manifest, hex, DIGEST_HEX + 1);
	return 0;
}

static int open_folder(const struct store *s, const struct ref_path *p, struct err *e)
{
	int fd = openat(s->refs, p->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open image names %s", p->folder) : fd;
}

int ref_read(const struct store *s, const struct image_ref *ref, char ret_manifest[DIGEST_HEX + 1], struct err *e)
{
	struct ref_path p = path_of(ref);
	auto_fd int dir = open_folder(s, &p, e);

	if (dir < 0)
		return dir;
	int r = read_leaf(dir, p.leaf, ret_manifest, e);

	return r < 0 ? err_wrap(e, "image name %s:%s", p.folder, p.leaf) : 0;
}

int ref_read_index(const struct store *s, const struct image_ref *ref, char ret_index[DIGEST_HEX + 1], struct err *e)
{
	struct ref_path p = path_of(ref);
	auto_fd int dir = open_folder(s, &p, e);
	auto_free char *text = NULL;
	size_t len;
	int r = dir < 0 ? dir : file_read(dir, p.leaf, 2 * REF_FILE_SIZE, &text, &len, e);

	ret_index[0] = '\0';
	if (r < 0 || len != 2 * REF_FILE_SIZE)
		return r;
	text[len - 1] = '\0';
	const char *hex = str_after(text + REF_FILE_SIZE, ALGORITHM);

	if (hex && digest_is_hex(hex))
		memcpy(ret_index, hex, DIGEST_HEX + 1);
	return 0;
}

/* Make one folder in a chain of them durable, if it is new. */
static int make_folder(int refs, const char *path, const char *parent, struct err *e)
{
	if (mkdirat(refs, path, 0700) < 0)
		return errno == EEXIST ? 0 : err_set(e, errno, "make folder refs/%s", path);
	auto_fd int dir = openat(refs, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? err_set(e, errno, "open refs/%s", parent) : store_sync(dir, "the image names", e);
}

/* Open the folder of a name, made if it is missing. */
static int make_folders(const struct store *s, const struct ref_path *p, struct err *e)
{
	int r = make_folder(s->refs, p->host, ".", e);

	if (r == 0)
		r = make_folder(s->refs, p->folder, p->host, e);
	return r < 0 ? r : open_folder(s, p, e);
}

/* Rename the new file to its place; who removes a last name removes its folders too, perhaps just now: then again. */
static int move_in(const struct work *work, const char *temporary, const struct ref_path *p, struct err *e)
{
	int r = -ENOENT;

	for (int i = 0; r == -ENOENT && i < PUBLISH_TRIES; i++) {
		auto_fd int dir = make_folders(work->store, p, e);

		if (dir < 0) {
			r = dir;
			continue;
		}
		r = renameat(work->fd, temporary, dir, p->leaf) < 0 ? -errno : store_sync(dir, "an image name", e);
		if (r == -ENOENT)
			err_set(e, ENOENT, "write image name %s:%s", p->folder, p->leaf);
	}
	return r;
}

/*
 * A name is taken away from another image only while that image is held: who removes it (and holds it alone) can rely on
 * the names he saw. *ret_fd holds it; -1 where the name is free, means nothing, or means this image already.
 */
static int hold_former(const struct store *s, const struct image_ref *ref, const char *manifest, int *ret_fd,
		       struct err *e)
{
	for (;;) {
		char before[DIGEST_HEX + 1], now[DIGEST_HEX + 1];
		struct err ignored;

		*ret_fd = -1;
		if (ref_read(s, ref, before, &ignored) < 0 || streq(before, manifest))
			return 0;
		auto_fd int fd = store_hold(s->records, before, e);

		if (fd < 0)
			return fd == -ENOENT ? 0 : fd;
		if (ref_read(s, ref, now, &ignored) < 0 || !streq(now, before))
			continue;
		*ret_fd = fd_take(&fd);
		return 0;
	}
}

int ref_publish(const struct work *work, const struct image_ref *ref, const char *manifest, const char *index,
		bool *ret_moved, struct err *e)
{
	struct ref_path p = path_of(ref);
	char text[2 * REF_FILE_SIZE + 1];
	auto_fd int former = -1;
	int r = hold_former(work->store, ref, manifest, &former, e);
	int len = snprintf(text, sizeof(text), ALGORITHM "%s\n", manifest);

	if (index)
		snprintf(text + len, sizeof(text) - (size_t)len, ALGORITHM "%s\n", index);
	if (r == 0)
		r = file_publish(work->fd, "ref", text, strlen(text), 0600, FILE_SYNC, e);
	if (r == 0)
		r = move_in(work, "ref", &p, e);
	if (r == 0)
		*ret_moved = former >= 0;
	return r;
}

int ref_remove(const struct store *s, const struct image_ref *ref, struct err *e)
{
	struct ref_path p = path_of(ref);
	auto_fd int dir = open_folder(s, &p, e);

	if (dir < 0)
		return dir;
	if (unlinkat(dir, p.leaf, 0) < 0)
		return err_set(e, errno, "remove image name %s:%s", p.folder, p.leaf);
	int r = store_sync(dir, "the removal of an image name", e);

	/* empty ones alone can be removed; a full one stays, as it should */
	if (unlinkat(s->refs, p.folder, AT_REMOVEDIR) == 0)
		(void)unlinkat(s->refs, p.host, AT_REMOVEDIR);
	return r;
}

/* Where a walk through refs/ is. */
struct walk {
	struct ref_list *list;
	const char *host, *folder;
	/* for what is no name of an image; NULL: it does not matter */
	int (*stray)(const char *path, void *arg, struct err *e);
	void *arg;
};

static int append(struct ref_list *list, const struct image_ref *ref, const char *manifest, struct err *e)
{
	char text[IMAGE_REF_MAX];

	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct ref_entry *v = arena_array(&list->arena, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (list->n)
			memcpy(v, list->v, list->n * sizeof(*v));
		list->v = v;
		list->room = room;
	}
	struct ref_entry entry = {
		.name = arena_strdup(&list->arena, image_ref_text(ref, false, text)),
		.manifest = arena_strdup(&list->arena, manifest),
	};

	if (!entry.name || !entry.manifest)
		return err_nomem(e);
	list->v[list->n++] = entry;
	return 0;
}

static int tell_stray(const struct walk *w, const char *host, const char *folder, const char *leaf, struct err *e)
{
	char path[PATH_MAX];

	if (!w->stray)
		return 0;
	snprintf(path, sizeof(path), "%s%s%s%s%s", host, *folder ? "/" : "", folder, *leaf ? "/" : "", leaf);
	return w->stray(path, w->arg, e);
}

static int list_leaf(int dir, const char *leaf, void *arg, struct err *e)
{
	const struct walk *w = arg;
	char text[IMAGE_REF_MAX], manifest[DIGEST_HEX + 1];
	struct image_ref ref;
	struct err ignored;

	/* what makes no reference, or holds no digest, is nothing that we wrote */
	snprintf(text, sizeof(text), "%s/%s%s%s", w->host, w->folder, str_after(leaf, ALGORITHM) ? "@" : ":", leaf);
	for (char *c = text + strlen(w->host) + 1; *c; c++)
		if (*c == '%')
			*c = '/';
	int r = image_ref_parse(text, &ref, &ignored);

	if (r == 0 && !streq(ref.host, w->host)) /* "a" is no host, so the text was read as a name at another one */
		r = -EINVAL;
	if (r == 0)
		r = read_leaf(dir, leaf, manifest, &ignored);
	if (r < 0)
		return r == -ENOENT ? 0 : tell_stray(w, w->host, w->folder, leaf, e);
	return w->list ? append(w->list, &ref, manifest, e) : 0;
}

/* Call @f for each name in the folder @name, if it is one. */
static int descend(int dir, const char *name, int (*f)(int, const char *, void *, struct err *), struct walk *w,
		   struct err *e)
{
	int r = file_each_in(dir, name, f, w, e);

	if (r == -ENOTDIR)
		return tell_stray(w, *w->folder ? w->host : name, *w->folder ? name : "", "", e);
	return r == -ENOENT ? 0 : r; /* removed while we look */
}

static int list_folder(int dir, const char *folder, void *arg, struct err *e)
{
	struct walk w = *(const struct walk *)arg;

	w.folder = folder;
	return descend(dir, folder, list_leaf, &w, e);
}

static int list_host(int dir, const char *host, void *arg, struct err *e)
{
	struct walk w = *(const struct walk *)arg;

	w.host = host;
	return descend(dir, host, list_folder, &w, e);
}

static int prune_folder(int dir, const char *folder, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	(void)unlinkat(dir, folder, AT_REMOVEDIR); /* empty ones only: nothing else can be removed so */
	return 0;
}

static int prune_host(int dir, const char *host, void *arg, struct err *e)
{
	struct walk w = { .host = host, .folder = "" };

	(void)arg;
	(void)descend(dir, host, prune_folder, &w, e);
	return prune_folder(dir, host, NULL, e);
}

void ref_prune(const struct store *s)
{
	struct err ignored;

	(void)file_each(s->refs, prune_host, NULL, &ignored);
}

static int by_manifest(const void *a, const void *b)
{
	const struct ref_entry *x = a, *y = b;
	int order = strcmp(x->manifest, y->manifest);

	return order ? order : strcmp(x->name, y->name);
}

int ref_list(const struct store *s, struct ref_list *ret, struct err *e)
{
	struct ref_list list = { 0 };
	struct walk w = { .list = &list, .host = "", .folder = "" };
	int r = file_each(s->refs, list_host, &w, e);

	if (r < 0) {
		arena_free(&list.arena);
		return r;
	}
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), by_manifest);
	*ret = list;
	return 0;
}

int ref_strays(const struct store *s, int (*f)(const char *path, void *arg, struct err *e), void *arg, struct err *e)
{
	struct walk w = { .host = "", .folder = "", .stray = f, .arg = arg };

	return file_each(s->refs, list_host, &w, e);
}

const struct ref_entry *ref_list_of(const struct ref_list *list, const char *manifest, size_t *ret_n)
{
	size_t low = 0, high = list->n, n = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(list->v[middle].manifest, manifest) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + n < list->n && streq(list->v[low + n].manifest, manifest))
		n++;
	*ret_n = n;
	return n ? &list->v[low] : NULL;
}
