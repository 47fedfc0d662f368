// SPDX-License-Identifier: Apache-2.0
#include "namespaces/masks.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/path.h"
#include "namespaces/tree.h"

/* What covers files, and what covers folders: one mount each, cloned for every path. */
struct covers {
	int null, empty;
	bool empty_used; /* attached somewhere */
};

static bool is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* One that is attached in our mount namespace: before 6.15 a mount that is not can't be cloned, and one of another never. */
static int open_null(int null_fd, struct err *e)
{
	auto_fd int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && is_null(fd))
		return fd_take(&fd);
	if (null_fd >= 0 && is_null(null_fd))
		return fd_dup(null_fd, e);
	return err_say(e, ENODEV, "/dev/null is not the null device (1:3)");
}

static int open_empty(struct err *e)
{
	char words[2][16] = { "nr_inodes=1", "size=4k" };
	char *list[] = { words[0], words[1] };
	const struct mount_options o = {
		.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		.data = { .v = list, .n = ARRAY_SIZE(list) },
	};

	return tree_new("tmpfs", "tmpfs", &o, e);
}

static int attach_clone(int cover, int target, struct err *e)
{
	auto_fd int clone = tree_clone(cover, "", 0, e);

	return clone < 0 ? clone : tree_attach(clone, target, e);
}

/* The empty folder itself goes to the first place, and is cloned from there. */
static int cover_folder(struct covers *c, int target, struct err *e)
{
	if (c->empty_used)
		return attach_clone(c->empty, target, e);
	c->empty = open_empty(e);
	if (c->empty < 0)
		return c->empty;
	c->empty_used = true;
	return tree_attach(c->empty, target, e);
}

/* Nothing there, or nothing that even we can reach: there is nothing to hide. */
static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES;
}

static int mask(struct covers *c, int root, const char *path, struct err *e)
{
	struct stat st;
	auto_fd int target = path_open_in(root, path, O_PATH, e);

	if (target < 0)
		return is_absent(target) ? 0 : target;
	if (fstat(target, &st) < 0)
		return err_set(e, errno, "look at it");
	return S_ISDIR(st.st_mode) ? cover_folder(c, target, e) : attach_clone(c->null, target, e);
}

/* Named before: covered already. */
static bool is_repeated(const struct strv *paths, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (streq(paths->v[k], paths->v[i]))
			return true;
	return false;
}

/* The path, bound over itself with all that is mounted below. */
static int protect(int root, const char *path, struct err *e)
{
	auto_fd int target = path_open_in(root, path, O_PATH, e);

	if (target < 0)
		return is_absent(target) ? 0 : target;
	auto_fd int tree = tree_clone(target, "", AT_RECURSIVE, e);

	if (tree < 0)
		return tree;
	int r = tree_change(tree, true, MOUNT_ATTR_RDONLY, 0, 0, e);

	return r < 0 ? r : tree_attach(tree, target, e);
}

int masks_apply(int root, int null_fd, const struct strv *masked, const struct strv *readonly, struct err *e)
{
	struct covers c = { .null = masked->n > 0 ? open_null(null_fd, e) : -1, .empty = -1 };
	int r = masked->n > 0 ? MIN(c.null, 0) : 0;

	/* the read-only ones first: a mask may lie in one of them */
	for (size_t i = 0; i < readonly->n && r == 0; i++) {
		if (is_repeated(readonly, i))
			continue;
		r = protect(root, readonly->v[i], e);
		if (r < 0)
			err_wrap(e, "make %s read-only", readonly->v[i]);
	}
	for (size_t i = 0; i < masked->n && r == 0; i++) {
		if (is_repeated(masked, i))
			continue;
		r = mask(&c, root, masked->v[i], e);
		if (r < 0)
			err_wrap(e, "mask %s", masked->v[i]);
	}
	fd_close(&c.null);
	fd_close(&c.empty);
	return r;
}
