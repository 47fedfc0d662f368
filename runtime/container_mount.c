// SPDX-License-Identifier: Apache-2.0
#include "runtime/container_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "namespaces/ns.h"
#include "namespaces/tree.h"
#include "runtime/container_tree.h"
#include "runtime/kept_mount.h"

#define KIND "roots"

struct source {
	const struct engine *g;
	const char *id;
};

/*
 * The root of another mount namespace. Only who is in it may clone it, so we enter it for one call. Its other namespaces we do not
 * enter: nobody in there can see us.
 */
static int clone_root(int mount_ns, struct err *e)
{
	auto_fd int own = ns_open_pid(NS_MOUNT, getpid(), e);
	auto_fd int here = own < 0 ? own : open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (own < 0)
		return own;
	if (here < 0 || setns(mount_ns, CLONE_NEWNS) < 0)
		return err_set(e, errno, "enter its mount namespace");
	auto_fd int tree = tree_clone(AT_FDCWD, "/", 0, e);

	if (setns(own, CLONE_NEWNS) < 0 || fchdir(here) < 0)
		return err_set(e, errno, "leave its mount namespace");
	return fd_take(&tree);
}

/* Its programs have no rights of the host (K15). Where its ids are mapped, the host's users have none to write files with. */
static int open_root(void *arg, struct err *e)
{
	const struct source *s = arg;
	auto_container_tree struct container_tree t = CONTAINER_TREE_NONE;
	int r = container_tree_open(s->g, s->id, &t, e);

	if (r < 0)
		return r;
	auto_fd int tree = t.at.folder >= 0 ? fd_take(&t.at.folder) : clone_root(t.at.mount_ns, e);

	if (tree >= 0)
		r = tree_change(tree, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (t.at.user_ns >= 0 ? MOUNT_ATTR_RDONLY : 0), 0, 0, e);
	return tree < 0 || r < 0 ? MIN(tree, r) : fd_take(&tree);
}

/* Settings say that it may be mounted. The folder's lock is held by whoever changes them. */
static int mark(const struct engine *g, const char *id, bool mounted, struct err *e)
{
	auto_settings struct settings s = { 0 };
	auto_fd int dir = record_open(g, id, e);
	int r = dir < 0 ? dir : fd_lock(dir, LOCK_EX);

	if (r < 0)
		return dir < 0 ? r : err_set(e, -r, "lock the container's folder");
	r = record_settings(dir, &s, e);
	if (r < 0 || s.mounted == mounted)
		return r;
	s.mounted = mounted;
	return record_change_settings(dir, &s, e);
}

int container_mount(const struct engine *g, const char *id, char ret_path[PATH_MAX], struct err *e)
{
	struct source source = { g, id };
	const struct kept_mount m = { KIND, id, open_root, &source };
	int r = mark(g, id, true, e);

	return r < 0 ? r : kept_mount(g, &m, ret_path, e);
}

int container_unmount(const struct engine *g, const char *id, bool force, struct err *e)
{
	const struct kept_mount m = { .kind = KIND, .name = id };
	int r = kept_unmount(g, &m, force, false, e);

	return r < 0 || kept_mount_exists(g, &m) ? r : mark(g, id, false, e);
}

int container_mount_end(const struct engine *g, const struct settings *s, bool force, struct err *e)
{
	const struct kept_mount m = { .kind = KIND, .name = s->id };
	int r = kept_unmount(g, &m, force, true, e);

	return r == -ENOENT ? 0 : r < 0 ? err_wrap(e, "container %s is mounted", s->name) : 0;
}

int container_mount_each(const struct engine *g, int (*f)(const char *id, const char *path, void *arg, struct err *e), void *arg,
			 struct err *e)
{
	return kept_mount_each(g, KIND, f, arg, e);
}

static int end_orphan(const char *id, const char *path, void *arg, struct err *e)
{
	const struct kept_mount m = { .kind = KIND, .name = id };
	const struct engine *g = arg;
	auto_fd int dir = record_open(g, id, e);

	(void)path;
	if (dir == -ENOENT)
		(void)kept_unmount(g, &m, true, true, e); /* the next sweep tries again */
	return 0;
}

void container_mount_sweep(const struct engine *g)
{
	struct err ignored;

	(void)kept_mount_each(g, KIND, end_orphan, (void *)g, &ignored); /* the next one tries again */
}

int container_mount_tree(const struct engine *g, const char *id, struct err *e)
{
	const struct kept_mount m = { .kind = KIND, .name = id };

	return kept_mount_tree(g, &m, e);
}
