// SPDX-License-Identifier: Apache-2.0
/*
 * compare.c: two trees side by side, folder after folder. Folders that are still to be looked at are kept as paths from the top: so
 * no depth of folders takes descriptors, or stack, and each is opened with openat2 from the top, following no link.
 */
#include "images/compare.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

#define STEP	  (64 << 10)
#define ATTRS_MAX (64 << 10) /* of one file: names, and each value (XATTR_SIZE_MAX) */

enum { A, B, SIDES };

struct comparison {
	int top[SIDES];
	struct arena arena;
	struct strv folders; /* still to be compared, from the top; "": the top itself */
	const char *folder;  /* the one that is being compared */
	int dir[SIDES];	     /* it */
	char *buf[SIDES];    /* STEP or ATTRS_MAX bytes */
	char *what;
};

/* Return: 0, so that a caller can write `return differ(c, name, "its mode");` */
static int differ(const struct comparison *c, const char *name, const char *what)
{
	snprintf(c->what, COMPARE_TEXT_MAX, "%s%s%.100s: %s", c->folder, *c->folder && *name ? "/" : "", name, what);
	return 0;
}

static int compare_stats(const struct comparison *c, const char *name, const struct stat *a, const struct stat *b)
{
	if ((a->st_mode & S_IFMT) != (b->st_mode & S_IFMT))
		return differ(c, name, "its kind");
	if (a->st_mode != b->st_mode)
		return differ(c, name, "its mode");
	if (a->st_uid != b->st_uid || a->st_gid != b->st_gid)
		return differ(c, name, "its owner");
	if (a->st_rdev != b->st_rdev)
		return differ(c, name, "its device number");
	if (S_ISDIR(a->st_mode))
		return 1;
	if (a->st_nlink != b->st_nlink)
		return differ(c, name, "the number of its names");
	if (a->st_size != b->st_size)
		return differ(c, name, "its size");
	if (S_ISREG(a->st_mode) &&
	    (a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec))
		return differ(c, name, "its time");
	return 1;
}

/* Is each attribute of one side there on the other one, and the same? */
static int attrs_within(const struct comparison *c, const char *name, int from, int to, struct err *e)
{
	auto_free char *list = malloc(ATTRS_MAX);

	if (!list)
		return err_nomem(e);
	ssize_t len = flistxattr(from, list, ATTRS_MAX);

	if (len < 0)
		return errno == EOPNOTSUPP ? 1 : err_set(e, errno, "read the attributes of %s", name);
	for (const char *key = list; key < list + len; key += strlen(key) + 1) {
		ssize_t n = fgetxattr(from, key, c->buf[A], ATTRS_MAX), m = fgetxattr(to, key, c->buf[B], ATTRS_MAX);

		if (n < 0)
			return err_set(e, errno, "read the attributes of %s", name);
		if (m != n || memcmp(c->buf[A], c->buf[B], (size_t)n) != 0)
			return differ(c, name, "its extended attributes");
	}
	return 1;
}

static int compare_attrs(const struct comparison *c, const char *name, const int fds[SIDES], struct err *e)
{
	int r = attrs_within(c, name, fds[A], fds[B], e);

	return r > 0 ? attrs_within(c, name, fds[B], fds[A], e) : r;
}

static int compare_content(const struct comparison *c, const char *name, const int fds[SIDES], struct err *e)
{
	for (;;) {
		ssize_t n[SIDES];

		for (int i = A; i < SIDES; i++) {
			n[i] = fd_read_all(fds[i], c->buf[i], STEP);
			if (n[i] == -EIO) /* that of the disk which lies in the store */
				return differ(c, name, "it cannot be read");
			if (n[i] < 0)
				return err_set(e, (int)-n[i], "read %s", name);
		}
		if (n[A] != n[B] || memcmp(c->buf[A], c->buf[B], (size_t)n[A]) != 0)
			return differ(c, name, "its content");
		if (n[A] == 0)
			return 1;
	}
}

static int compare_files(const struct comparison *c, const char *name, struct err *e)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	auto_fd int a = openat(c->dir[A], name, flags);
	auto_fd int b = openat(c->dir[B], name, flags);
	const int fds[SIDES] = { a, b };

	if (a < 0 || b < 0)
		return err_set(e, errno, "open %s", name);
	int r = compare_attrs(c, name, fds, e);

	return r > 0 ? compare_content(c, name, fds, e) : r;
}

static int compare_links(const struct comparison *c, const char *name, struct err *e)
{
	char text[SIDES][PATH_MAX];
	ssize_t n[SIDES];

	for (int i = A; i < SIDES; i++) {
		n[i] = readlinkat(c->dir[i], name, text[i], sizeof(text[i]));
		if (n[i] < 0)
			return err_set(e, errno, "read the link %s", name);
	}
	if (n[A] != n[B] || memcmp(text[A], text[B], (size_t)n[A]) != 0)
		return differ(c, name, "where it leads");
	return 1;
}

static int compare_entry(struct comparison *c, const char *name, struct err *e)
{
	struct stat st[SIDES];

	for (int i = A; i < SIDES; i++)
		if (fstatat(c->dir[i], name, &st[i], AT_SYMLINK_NOFOLLOW) < 0)
			return err_set(e, errno, "look at %s", name);
	int r = compare_stats(c, name, &st[A], &st[B]);

	if (r <= 0)
		return r;
	if (S_ISREG(st[A].st_mode))
		return compare_files(c, name, e);
	if (S_ISLNK(st[A].st_mode))
		return compare_links(c, name, e);
	if (!S_ISDIR(st[A].st_mode))
		return 1;
	char *path = arena_printf(&c->arena, "%s%s%s", c->folder, *c->folder ? "/" : "", name);

	return !path || strv_push(&c->arena, &c->folders, path) < 0 ? err_nomem(e) : 1;
}

/* Both lists are sorted: the first place where they part shows what is missing, or too much. */
static int compare_names(struct comparison *c, const struct strv *a, const struct strv *b, struct err *e)
{
	int r = 1;

	for (size_t i = 0; r > 0 && (i < a->n || i < b->n); i++) {
		int order = i >= a->n ? 1 : i >= b->n ? -1 : strcmp(a->v[i], b->v[i]);

		if (order)
			return differ(c, order < 0 ? a->v[i] : b->v[i], order < 0 ? "it should not be there" : "it is missing");
		r = compare_entry(c, a->v[i], e);
	}
	return r;
}

static int compare_folder(struct comparison *c, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct strv names[SIDES] = { 0 };
	int r = compare_attrs(c, "", c->dir, e);

	for (int i = A; i < SIDES && r > 0; i++) {
		r = file_names(c->dir[i], &a, &names[i], e) < 0 ? -e->code : 1;
		strv_sort(&names[i]);
	}
	return r > 0 ? compare_names(c, &names[A], &names[B], e) : r;
}

static int open_and_compare(struct comparison *c, const char *folder, struct err *e)
{
	int r = 1;

	c->folder = folder;
	for (int i = A; i < SIDES && r > 0; i++) {
		c->dir[i] = path_open_beneath(c->top[i], *folder ? folder : ".", O_RDONLY | O_DIRECTORY, 0, e);
		r = c->dir[i] < 0 ? c->dir[i] : 1;
	}
	if (r > 0)
		r = compare_folder(c, e);
	fd_close(&c->dir[A]);
	fd_close(&c->dir[B]);
	return r;
}

static int compare_tops(const struct comparison *c, struct err *e)
{
	struct stat st[SIDES];

	for (int i = A; i < SIDES; i++)
		if (fstat(c->top[i], &st[i]) < 0)
			return err_set(e, errno, "look at a layer");
	return compare_stats(c, ".", &st[A], &st[B]);
}

int compare_trees(int a, int b, char ret_what[COMPARE_TEXT_MAX], struct err *e)
{
	struct comparison c = { .top = { a, b }, .dir = { -1, -1 }, .folder = "", .what = ret_what };
	auto_free char *buf = malloc(2 * MAX(STEP, ATTRS_MAX));

	if (!buf)
		return err_nomem(e);
	c.buf[A] = buf;
	c.buf[B] = buf + MAX(STEP, ATTRS_MAX);
	int r = strv_add(&c.arena, &c.folders, "") < 0 ? err_nomem(e) : compare_tops(&c, e);

	while (r > 0 && c.folders.n > 0) {
		c.folders.n--;
		r = open_and_compare(&c, c.folders.v[c.folders.n], e);
	}
	arena_free(&c.arena);
	return r;
}
