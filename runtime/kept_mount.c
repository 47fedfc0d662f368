// SPDX-License-Identifier: Apache-2.0
#include "runtime/kept_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"

#define ROOT  "root"
#define COUNT "count"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static const char *folder_of(const struct kept_mount *m, char buf[NAME_MAX])
{
	snprintf(buf, NAME_MAX, "%s/%s", m->kind, m->name);
	return buf;
}

static void path_of(const struct engine *g, const struct kept_mount *m, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%s/%s/" ROOT, g->run_path, m->kind, m->name);
}

/* Its folder, locked; one that was removed while we waited for it is none. Return: its fd, or -errno with @e filled */
static int open_locked(const struct engine *g, const struct kept_mount *m, struct err *e)
{
	char name[NAME_MAX];
	auto_fd int dir = openat(g->run, folder_of(m, name), FOLDER_FLAGS);
	struct stat st;

	if (dir < 0)
		return err_set(e, errno, "open %s", name);
	if (fd_lock(dir, LOCK_EX) < 0 || fstat(dir, &st) < 0)
		return err_set(e, errno, "lock %s", name);
	return st.st_nlink ? fd_take(&dir) : err_set(e, ENOENT, "open %s", name);
}

static int make_locked(const struct engine *g, const struct kept_mount *m, struct err *e)
{
	char name[NAME_MAX];
	int dir;

	if (mkdirat(g->run, m->kind, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make the folder %s", m->kind);
	folder_of(m, name);
	do {
		if (mkdirat(g->run, name, 0700) < 0 && errno != EEXIST)
			return err_set(e, errno, "make %s", name);
		dir = open_locked(g, m, e);
	} while (dir == -ENOENT);
	return dir;
}

/* Is it mounted, as we see it? */
static bool is_mount(int dir)
{
	struct statx x;

	return statx(dir, ROOT, AT_SYMLINK_NOFOLLOW, 0, &x) == 0 && (x.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int read_count(int dir, uint64_t *ret, struct err *e)
{
	auto_free char *text = NULL;
	int r = file_read(dir, COUNT, 32, &text, NULL, e);

	*ret = 0;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return str_to_u64(text, UINT32_MAX, ret) < 0 ? err_say(e, EINVAL, "%s says \"%s\"", COUNT, text) : 0;
}

static int write_count(int dir, uint64_t count, struct err *e)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)count);
	return file_publish(dir, COUNT, text, strlen(text), 0600, 0, e);
}

static int attach(int dir, const struct kept_mount *m, struct err *e)
{
	if (mkdirat(dir, ROOT, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make the mount point");
	auto_fd int tree = m->open(m->arg, e);

	if (tree < 0)
		return tree;
	return move_mount(tree, "", dir, ROOT, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? err_set(e, errno, "mount it") : 0;
}

static void remove_folder(const struct engine *g, const struct kept_mount *m)
{
	char name[NAME_MAX];
	struct err ignored;

	(void)file_remove(g->run, folder_of(m, name), &ignored); /* what stays is found by the next who looks */
}

int kept_mount(const struct engine *g, const struct kept_mount *m, char ret_path[PATH_MAX], struct err *e)
{
	if (g->own_mounts) {
		err_say(e, EPERM, "without root a mount ends with the command that has made it");
		return err_hint(e, "begin a shell by `paene unshare`, and mount it there");
	}
	auto_fd int dir = make_locked(g, m, e);
	uint64_t count = 0;
	int r = dir < 0 ? dir : 0;

	if (r == 0 && is_mount(dir))
		r = read_count(dir, &count, e);
	else if (r == 0)
		r = attach(dir, m, e);
	if (r == 0)
		r = write_count(dir, count + 1, e);
	if (r < 0 && dir >= 0 && !is_mount(dir))
		remove_folder(g, m);
	if (r == 0)
		path_of(g, m, ret_path);
	return r;
}

int kept_unmount(const struct engine *g, const struct kept_mount *m, bool force, bool all, struct err *e)
{
	auto_fd int dir = open_locked(g, m, e);
	char path[PATH_MAX];
	uint64_t count = 0;
	int r = dir == -ENOENT ? err_say(e, ENOENT, "it is not mounted") : dir < 0 ? dir : read_count(dir, &count, e);

	if (r < 0)
		return r;
	if (count > 1 && !force && !all)
		return write_count(dir, count - 1, e);
	path_of(g, m, path);
	if (is_mount(dir) && umount2(path, UMOUNT_NOFOLLOW | (force ? MNT_DETACH : 0)) < 0) {
		err_set(e, errno, "unmount %s", path);
		return e->code == EBUSY ? err_hint(e, "--force takes it away from whoever is in there") : -e->code;
	}
	remove_folder(g, m);
	return 0;
}

bool kept_mount_exists(const struct engine *g, const struct kept_mount *m)
{
	char name[NAME_MAX];

	return faccessat(g->run, folder_of(m, name), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int kept_mount_tree(const struct engine *g, const struct kept_mount *m, struct err *e)
{
	char name[NAME_MAX];
	auto_fd int dir = openat(g->run, folder_of(m, name), FOLDER_FLAGS);

	if (dir < 0 || !is_mount(dir))
		return err_set(e, dir < 0 ? errno : ENOENT, "open %s", name);
	int tree = open_tree(dir, ROOT, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return tree < 0 ? err_set(e, errno, "clone what is mounted of %s", m->name) : tree;
}

struct walk {
	const struct engine *g;
	const char *kind;
	int (*f)(const char *name, const char *path, void *arg, struct err *e);
	void *arg;
};

static int one(int dir, const char *name, void *arg, struct err *e)
{
	const struct walk *w = arg;
	const struct kept_mount m = { .kind = w->kind, .name = name };
	char path[PATH_MAX];
	auto_fd int folder = openat(dir, name, FOLDER_FLAGS);

	if (folder < 0 || !is_mount(folder))
		return 0;
	path_of(w->g, &m, path);
	return w->f(name, path, w->arg, e);
}

int kept_mount_each(const struct engine *g, const char *kind,
		    int (*f)(const char *name, const char *path, void *arg, struct err *e), void *arg, struct err *e)
{
	struct walk w = { g, kind, f, arg };
	int r = file_each_in(g->run, kind, one, &w, e);

	return r == -ENOENT ? 0 : r;
}
