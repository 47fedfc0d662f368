// SPDX-License-Identifier: Apache-2.0
#include "images/diff.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "images/opaque.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct walk {
	const struct diff *d;
	struct changes *to;
	char path[PATH_MAX];
	size_t len;
	bool ignored; /* something in the folder at hand was */
};

static int failed(const struct walk *w, const char *doing, struct err *e)
{
	return err_set(e, errno, "%s %s", doing, *w->path ? w->path : "/");
}

static int add(struct walk *w, enum change_kind kind, struct err *e)
{
	struct changes *c = w->to;

	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		struct change_entry *v = arena_array(&c->arena, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (c->n)
			memcpy(v, c->v, c->n * sizeof(*v));
		c->v = v;
		c->room = room;
	}
	char *path = arena_strdup(&c->arena, w->path);

	if (!path)
		return err_nomem(e);
	c->v[c->n++] = (struct change_entry){ kind, path };
	return 0;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* The names of a folder, or of two, each once, sorted. */
static int read_names(int upper, int lower, struct arena *a, struct strv *ret, struct err *e)
{
	int r = file_names(upper, a, ret, e);
	size_t kept = 0;

	if (r == 0 && lower >= 0)
		r = file_names(lower, a, ret, e);
	strv_sort(ret);
	for (size_t i = 0; i < ret->n; i++)
		if (kept == 0 || !streq(ret->v[kept - 1], ret->v[i]))
			ret->v[kept++] = ret->v[i];
	ret->n = kept;
	return r;
}

static int walk_folder(struct walk *w, int upper, int lower, struct err *e);

static bool same_folder(const struct stat *a, const struct stat *b, bool time_counts)
{
	bool same_time = a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;

	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid && (same_time || !time_counts);
}

/* A folder that is here and below: changed if something in it is, or it itself. */
static int take_folder(struct walk *w, int upper_dir, int lower_dir, const char *name, const struct stat *st,
		       const struct stat *below, struct err *e)
{
	auto_fd int upper = openat(upper_dir, name, FOLDER_FLAGS), lower = -1;
	bool was_there = below && S_ISDIR(below->st_mode), ignored_above = w->ignored;
	size_t before = w->to->n;

	if (upper < 0)
		return errno == ENOENT ? 0 : failed(w, "open", e);
	if (was_there)
		lower = openat(lower_dir, name, FOLDER_FLAGS);
	if (was_there && lower < 0)
		return failed(w, "open", e);
	w->ignored = false;
	int r = add(w, below ? CHANGE_MODIFIED : CHANGE_ADDED, e);

	if (r == 0)
		r = walk_folder(w, upper, lower, e);
	if (r == 0 && w->to->n == before + 1 && was_there && same_folder(st, below, !w->ignored))
		w->to->n = before;
	w->ignored |= ignored_above;
	return r;
}

static int take_name(struct walk *w, int upper, int lower, const char *name, struct err *e)
{
	struct stat st, st_below, *below = NULL;
	bool here = fstatat(upper, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (!here && errno != ENOENT)
		return failed(w, "look at", e);
	if (lower >= 0 && fstatat(lower, name, &st_below, AT_SYMLINK_NOFOLLOW) == 0)
		below = &st_below;
	if (!here || is_whiteout(&st))
		return below ? add(w, CHANGE_DELETED, e) : 0;
	if (S_ISDIR(st.st_mode))
		return take_folder(w, upper, lower, name, &st, below, e);
	return add(w, below ? CHANGE_MODIFIED : CHANGE_ADDED, e);
}

static int take_child(struct walk *w, int upper, int lower, const char *name, struct err *e)
{
	size_t len = w->len;
	int n = snprintf(w->path + len, sizeof(w->path) - len, "/%s", name), r = 0;

	if ((size_t)n >= sizeof(w->path) - len)
		return err_set(e, ENAMETOOLONG, "look into %s", w->path);
	w->len += (size_t)n;
	if (w->d->ignore && w->d->ignore(w->path, w->d->arg))
		w->ignored = true;
	else
		r = take_name(w, upper, lower, name, e);
	w->len = len;
	w->path[len] = '\0';
	return r;
}

/* Of what is below, an opaque folder has only what it has itself: the rest is deleted. */
static int walk_folder(struct walk *w, int upper, int lower, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct strv names = { 0 };
	bool opaque = opaque_folder(upper);
	int r = read_names(upper, opaque ? lower : -1, &a, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (!opaque || !opaque_file(names.v[i]))
			r = take_child(w, upper, lower, names.v[i], e);
	return r;
}

int diff_layers(const struct diff *d, struct changes *ret, struct err *e)
{
	struct changes changes = { 0 };
	struct walk w = { .d = d, .to = &changes };
	int r = walk_folder(&w, d->upper, d->lower, e);

	if (r < 0)
		arena_free(&changes.arena);
	else
		*ret = changes;
	return r;
}
