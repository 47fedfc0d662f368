// SPDX-License-Identifier: Apache-2.0
#include "base/tree_size.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

#define BLOCK	   512 /* of st_blocks, whatever the file system has */
#define FIRST_ROOM 256 /* a power of two */

void tree_size_free(struct tree_size *t)
{
	free(t->seen);
	*t = (struct tree_size){ 0 };
}

static struct tree_inode *place_of(struct tree_inode *table, size_t room, const struct stat *st)
{
	size_t at = (size_t)((st->st_ino ^ st->st_dev) * UINT64_C(0x9e3779b97f4a7c15)) & (room - 1);

	while (table[at].ino && (table[at].ino != st->st_ino || table[at].dev != st->st_dev))
		at = (at + 1) & (room - 1);
	return &table[at];
}

static int grow(struct tree_size *t, struct err *e)
{
	size_t room = t->room ? t->room * 2 : FIRST_ROOM;
	struct tree_inode *table = calloc(room, sizeof(*table));

	if (!table)
		return err_nomem(e);
	for (size_t i = 0; i < t->room; i++)
		if (t->seen[i].ino)
			*place_of(table, room, &(struct stat){ .st_dev = t->seen[i].dev, .st_ino = t->seen[i].ino }) = t->seen[i];
	free(t->seen);
	t->seen = table;
	t->room = room;
	return 0;
}

/* Return: 1 where the file comes for the first time, 0, or -ENOMEM with @e filled */
static int is_new(struct tree_size *t, const struct stat *st, struct err *e)
{
	if (t->n_seen * 2 >= t->room && grow(t, e) < 0)
		return -e->code;
	struct tree_inode *place = place_of(t->seen, t->room, st);

	if (place->ino)
		return 0;
	*place = (struct tree_inode){ st->st_dev, st->st_ino };
	t->n_seen++;
	return 1;
}

struct walk {
	struct tree_size *size;
	struct arena arena;
	struct strv folders; /* still to be looked into, from the top */
	const char *folder;  /* the one that is being looked into; NULL: the top is being looked at */
};

static int add_entry(int dir, const char *name, void *arg, struct err *e)
{
	struct walk *w = arg;
	struct stat st;
	int r = 1;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "look at %s", name);
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1)
		r = is_new(w->size, &st, e);
	if (r < 0)
		return r;
	w->size->bytes += r ? (uint64_t)st.st_blocks * BLOCK : 0;
	if (!S_ISDIR(st.st_mode))
		return 0;
	char *path = w->folder ? arena_printf(&w->arena, "%s/%s", w->folder, name) : arena_strdup(&w->arena, name);

	return !path || strv_push(&w->arena, &w->folders, path) < 0 ? err_nomem(e) : 0;
}

static int look_into(struct walk *w, int top, struct err *e)
{
	auto_fd int fd = path_open_beneath(top, w->folder, O_RDONLY | O_DIRECTORY, 0, e);

	/* removed, or replaced, meanwhile; too deep; a folder that overlayfs has closed to all */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP || fd == -ENAMETOOLONG || fd == -EACCES)
		return 0;
	return fd < 0 ? fd : file_each_any(fd, add_entry, w, e);
}

int tree_size_add(struct tree_size *t, int dir, const char *name, struct err *e)
{
	struct walk w = { .size = t };
	int r = add_entry(dir, name, &w, e);

	while (r == 0 && w.folders.n > 0) {
		w.folder = w.folders.v[--w.folders.n];
		r = look_into(&w, dir, e);
	}
	arena_free(&w.arena);
	return r;
}
