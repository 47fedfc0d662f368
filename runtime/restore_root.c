// SPDX-License-Identifier: Apache-2.0
#include "runtime/restore_root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "namespaces/ns.h"
#include "namespaces/tree.h"
#include "runtime/external.h"

#define FOLDER "criu-root"

static int remember(struct restore_root *r, struct err *e)
{
	r->mounts = ns_open(NS_MOUNT, "/proc/self/ns/mnt", e);
	if (r->mounts < 0)
		return r->mounts;
	r->root = path_open_dir("/", 0, e);
	if (r->root < 0)
		return r->root;
	r->cwd = path_open_dir(".", 0, e);
	return r->cwd < 0 ? r->cwd : 0;
}

static int make_folder(struct restore_root *r, int dir, struct err *e)
{
	char link[FD_PATH_MAX], folder[PATH_MAX];
	ssize_t n = readlink(fd_path(dir, link), folder, sizeof(folder) - 1);

	if (n < 0)
		return err_set(e, errno, "find the state folder");
	folder[n] = '\0';
	if (snprintf(r->path, sizeof(r->path), "%s/" FOLDER, folder) >= (int)sizeof(r->path))
		return err_set(e, ENAMETOOLONG, "%s", folder);
	if (mkdirat(dir, FOLDER, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", r->path);
	return 0;
}

static int attach_root(const struct restore_root *r, const struct plan *p, uint64_t attributes, struct err *e)
{
	auto_fd int target = path_open_dir(r->path, 0, e);
	auto_fd int tree = target < 0 ? target : tree_clone(AT_FDCWD, p->rootfs.path, AT_RECURSIVE, e);
	int err = tree < 0 ? tree : 0;

	if (err >= 0 && attributes)
		err = tree_change(tree, false, attributes, 0, 0, e);
	return err < 0 ? err : tree_attach(tree, target, e);
}

/*
 * The mounts as create makes them, to be thrown away: so that each has its mount point, one in another's source too, and to
 * see where each of them lies. A cgroup2 is the one file system of which no new instance is made, with options for all.
 */
static int try_mounts(const struct restore_root *r, struct plan *p, struct wire *options, struct err *e)
{
	struct mount_list all = { .v = arena_array(&p->arena, p->mounts.n, sizeof(*all.v)) };
	auto_fd int root = path_open_dir(r->path, O_RDONLY, e);

	if (root < 0)
		return root;
	if (!all.v && p->mounts.n)
		return err_nomem(e);
	for (size_t i = 0; i < p->mounts.n; i++)
		if (p->mounts.v[i].how != MOUNT_CGROUP && p->mounts.v[i].how != MOUNT_REMOUNT)
			all.v[all.n++] = p->mounts.v[i];
	int err = mount_list_run(&all, &root, &p->mount_context, e);

	if (err >= 0)
		err = external_mounts(options, p, root, true, e);
	mount_list_close(&all);
	return err;
}

int restore_root_enter(struct restore_root *r, struct plan *p, int dir, struct wire *options, struct err *e)
{
	int err = remember(r, e);

	if (err >= 0)
		err = make_folder(r, dir, e);
	if (err < 0)
		return err;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_set(e, errno, "make a mount namespace");
	err = attach_root(r, p, 0, e);
	if (err >= 0)
		err = try_mounts(r, p, options, e);
	while (err >= 0 && umount2(r->path, MNT_DETACH) == 0)
		; /* the configuration may have mounted something over the root */
	/* criu before 4 forgets that a root was read-only */
	return err < 0 ? err : attach_root(r, p, p->rootfs.readonly ? MOUNT_ATTR_RDONLY : 0, e);
}

int restore_root_leave(struct restore_root *r, struct err *e)
{
	int failed = 0;

	/* a chroot, if the caller is in one, is forgotten by setns */
	if (r->cwd >= 0 && (setns(r->mounts, CLONE_NEWNS) < 0 || fchdir(r->root) < 0 || chroot(".") < 0 || fchdir(r->cwd) < 0))
		failed = errno;
	fd_close(&r->mounts);
	fd_close(&r->root);
	fd_close(&r->cwd);
	return failed ? err_set(e, failed, "return to the own mount namespace") : 0;
}
