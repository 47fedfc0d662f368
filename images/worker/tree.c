// SPDX-License-Identifier: Apache-2.0
#include "images/worker/tree.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"
#include "images/opaque.h"
#include "images/worker/harmless.h"
#include "images/worker/meta.h"
#include "images/worker/whiteout.h"

#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/*
 * Names here come from the archive, so base/path.h, which puts names into its errors as they are, is not used.
 * Return: the fd, or -errno
 */
static int open_at(int dir, const char *path, int flags, uint64_t resolve)
{
	int fd = sys_openat2(dir, *path ? path : ".", (uint64_t)(flags | O_CLOEXEC), 0, resolve);

	return fd < 0 ? -errno : fd;
}

static int open_beneath(int dir, const char *path, int flags)
{
	return open_at(dir, path, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int tree_begin(struct tree *t, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct meta m = meta_default;
	auto_fd int below = t->lower >= 0 ? openat(t->lower, ".", OPEN_FOLDER) : -1;
	int r = 0;

	t->current = -1;
	if (t->lower >= 0 && below < 0)
		return err_set(e, errno, "open the lower layers");
	if (below >= 0)
		r = meta_read(below, &a, &m, e);
	if (r == 0)
		r = meta_apply(t->root, &m, true, e);
	t->acls = meta_has_default_acl(&m);
	return r < 0 ? err_wrap(e, "the layer's root") : 0;
}

void tree_close(struct tree *t)
{
	fd_close(&t->current);
}

int tree_leave(struct tree *t, struct err *e)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, t->current_mtime };
	char shown[HARMLESS_MAX];
	int r = 0;

	if (t->current >= 0 && futimens(t->current, times) < 0)
		r = err_set(e, errno, "set the time of folder %s", harmless(t->current_path, shown));
	fd_close(&t->current);
	return r;
}

int tree_open(struct tree *t, const char *folder, struct err *e)
{
	char real[PATH_MAX], shown[HARMLESS_MAX];
	int fd = open_at(t->root, folder, O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	if (fd == -ENOENT || fd == -ENOTDIR)
		return tree_folder(t, folder, real, e);
	return fd < 0 ? err_set(e, -fd, "open folder %s", harmless(folder, shown)) : fd;
}

int tree_enter(struct tree *t, const char *folder, struct err *e)
{
	struct stat st;

	if (t->current >= 0 && streq(folder, t->current_path))
		return t->current;
	int r = tree_leave(t, e);

	if (r < 0)
		return r;
	int fd = tree_open(t, folder, e);

	if (fd < 0)
		return fd;
	t->current = fd;
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at a folder");
	t->current_mtime = st.st_mtim;
	memcpy(t->current_path, folder, strlen(folder) + 1);
	return fd;
}

int tree_needs_lower(struct tree *t, const char *name, struct err *e)
{
	char shown[HARMLESS_MAX];

	t->needs_lower = true;
	harmless(name, shown);
	snprintf(t->detail, sizeof(t->detail), "%.*s", TREE_DETAIL - 1, shown);
	return err_say(e, ENODATA, "%s is in a lower layer", shown);
}

/* A walk over both trees: @real is behind it, @rest before it. */
struct walk {
	char real[PATH_MAX]; /* folders of this layer, no link among them; "" is the root */
	char rest[PATH_MAX];
	unsigned links;
};

static int append(char path[PATH_MAX], const char *part, struct err *e)
{
	size_t len = strlen(path), n = strlen(part);

	if (len + n + 2 > PATH_MAX)
		return err_set(e, ENAMETOOLONG, "a folder");
	if (len > 0)
		path[len++] = '/';
	memcpy(path + len, part, n + 1);
	return 0;
}

/* Whether this layer hides what the lower ones have in @real: it, or one above it, is opaque. */
static bool hidden(const struct tree *t, const char *real)
{
	char prefix[PATH_MAX];

	for (size_t n = 1; n <= strlen(real); n++) {
		if (real[n] && real[n] != '/')
			continue;
		snprintf(prefix, sizeof(prefix), "%.*s", (int)n, real);
		auto_fd int fd = open_beneath(t->root, prefix, OPEN_FOLDER);

		if (fd >= 0 && opaque_has_attribute(fd))
			return true;
	}
	return t->opaque_root;
}

int tree_lower(struct tree *t, const char *folder, const char *name, int flags, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;

	memcpy(path, folder, strlen(folder) + 1);
	int r = append(path, name, e);

	if (r < 0)
		return r;
	if (t->lower < 0 || hidden(t, folder))
		return -ENOENT;
	auto_fd int fd = open_beneath(t->lower, path, flags | O_NOFOLLOW);

	/* where a lower layer has a file or a link and this one a folder, nothing shows through */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, fd < 0 ? -fd : errno, "open a file of a lower layer");
	/* one layer alone is no overlay that would leave out its whiteouts */
	return whiteout_is(&st) ? -ENOENT : fd_take(&fd);
}

/* Make a folder and leave the time of the one it is in as it was. */
static int make_folder(struct tree *t, int parent, const char *name, const struct meta *m, bool opaque, struct err *e)
{
	struct stat st;

	if (fstat(parent, &st) < 0 || mkdirat(parent, name, 0700) < 0)
		return err_set(e, errno, "make a folder");
	auto_fd int fd = openat(parent, name, OPEN_FOLDER);

	if (fd < 0)
		return err_set(e, errno, "open a folder");
	int r = opaque ? meta_set_opaque(fd) : 0;

	if (r < 0)
		return err_set(e, -r, "mark a folder opaque");
	r = meta_apply(fd, m, t->acls, e);
	if (r < 0)
		return r;
	t->acls |= meta_has_default_acl(m);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st.st_mtim };

	return futimens(parent, times) < 0 ? err_set(e, errno, "set the time of a folder") : 0;
}

/* A link leads the walk elsewhere: to @target, then to what is left. */
static int follow(struct walk *w, const char *target, struct err *e)
{
	char rest[PATH_MAX];

	if (++w->links > LINKS_MAX)
		return err_set(e, ELOOP, "a folder");
	if (*target == '/')
		*w->real = '\0';
	int n = snprintf(rest, sizeof(rest), "%s/%s", target, w->rest);

	if (n < 0 || (size_t)n >= sizeof(rest))
		return err_set(e, ENAMETOOLONG, "a folder");
	memcpy(w->rest, rest, (size_t)n + 1);
	return 0;
}

static int follow_link(struct walk *w, int dir, const char *name, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	if (n < 0 || n == sizeof(target))
		return err_set(e, n < 0 ? errno : ENAMETOOLONG, "read a link");
	target[n] = '\0';
	return follow(w, target, e);
}

/* This layer does not have @part: make it as the lower layers have it. */
static int from_below(struct tree *t, struct walk *w, int parent, const char *part, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct meta m = meta_default;
	struct stat st;

	if (!t->lowest && t->lower < 0)
		return tree_needs_lower(t, part, e);
	auto_fd int below = tree_lower(t, w->real, part, O_PATH, e);

	if (below < 0 && below != -ENOENT)
		return below;
	if (below >= 0 && fstat(below, &st) < 0)
		return err_set(e, errno, "look at a lower layer");
	if (below >= 0 && S_ISLNK(st.st_mode))
		return follow_link(w, below, "", e);
	if (below >= 0) {
		auto_fd int folder = openat(below, ".", OPEN_FOLDER); /* -ENOTDIR: a file is in the way */
		int r = folder < 0 ? err_set(e, errno, "a folder of a lower layer") : meta_read(folder, &a, &m, e);

		if (r < 0)
			return r;
	}
	int r = make_folder(t, parent, part, &m, false, e);

	return r < 0 ? r : append(w->real, part, e);
}

static int step(struct tree *t, struct walk *w, const char *part, struct err *e)
{
	struct stat st;
	auto_fd int parent = open_beneath(t->root, w->real, OPEN_FOLDER);

	if (parent < 0)
		return err_set(e, -parent, "open a folder");
	if (fstatat(parent, part, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return from_below(t, w, parent, part, e);
		return err_set(e, errno, "look at a folder");
	}
	if (S_ISLNK(st.st_mode))
		return follow_link(w, parent, part, e);
	if (whiteout_is(&st)) { /* deleted below and made anew here */
		if (unlinkat(parent, part, 0) < 0)
			return err_set(e, errno, "remove a whiteout");
		int r = make_folder(t, parent, part, &meta_default, true, e);

		if (r < 0)
			return r;
	} else if (!S_ISDIR(st.st_mode)) {
		return err_set(e, ENOTDIR, "a file is in its place");
	}
	return append(w->real, part, e);
}

/* Take the first part of @rest. Return: false at the end */
static bool next_part(struct walk *w, char part[NAME_MAX + 1])
{
	char *p = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(p, "/");

	if (n == 0)
		return false;
	snprintf(part, NAME_MAX + 1, "%.*s", (int)MIN(n, (size_t)NAME_MAX), p);
	memmove(w->rest, p + n, strlen(p + n) + 1);
	return true;
}

static int walk(struct tree *t, struct walk *w, struct err *e)
{
	char part[NAME_MAX + 1];
	int r = 0;

	while (r == 0 && next_part(w, part)) {
		if (streq(part, "..")) { /* of a link; above the root is the root */
			char *slash = strrchr(w->real, '/');

			*(slash ? slash : w->real) = '\0';
		} else if (!streq(part, ".")) {
			r = step(t, w, part, e);
		}
	}
	return r;
}

int tree_folder(struct tree *t, const char *path, char real[PATH_MAX], struct err *e)
{
	struct walk w = { 0 };
	char shown[HARMLESS_MAX];

	memcpy(w.rest, path, strlen(path) + 1);
	int r = walk(t, &w, e);

	if (r < 0 && t->needs_lower)
		return r;
	if (r < 0)
		return err_wrap(e, "folder %s", harmless(path, shown));
	memcpy(real, w.real, strlen(w.real) + 1);
	int fd = open_beneath(t->root, real, OPEN_FOLDER);

	return fd < 0 ? err_set(e, -fd, "open folder %s", harmless(path, shown)) : fd;
}

int tree_hide_lower_root(struct tree *t, struct err *e)
{
	if (t->lowest)
		return 0;
	if (t->lower < 0)
		return tree_needs_lower(t, "/", e);
	int fd = openat(t->lower, ".", OPEN_FOLDER);
	auto_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct stat st;

	if (!d)
		return err_set(e, errno, "read the root of the lower layers");
	if (fstat(t->root, &st) < 0)
		return err_set(e, errno, "look at the layer's root");
	for (struct dirent *entry; (errno = 0, entry = readdir(d));) {
		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		int r = whiteout_make(t->root, entry->d_name);

		if (r < 0)
			return err_set(e, -r, "hide a file of a lower layer");
	}
	if (errno)
		return err_set(e, errno, "read the root of the lower layers");
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st.st_mtim };

	return futimens(t->root, times) < 0 ? err_set(e, errno, "set the time of the layer's root") : 0;
}
