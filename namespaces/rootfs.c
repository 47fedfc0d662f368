// SPDX-License-Identifier: Apache-2.0
#include "namespaces/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "namespaces/idmap.h"
#include "namespaces/overlay.h"
#include "namespaces/rootfs_host.h"
#include "namespaces/tree.h"

void rootfs_close(struct rootfs_plan *r)
{
	fd_close(&r->layers_tree);
	fd_close(&r->container_tree);
	for (size_t i = 0; i < r->n_parts; i++)
		fd_close(&r->parts[i].tree);
}

/* A clone that hears of the host's mounts where rootfsPropagation says so, and that never tells the host of its own. */
static int clone_quiet(const char *path, bool recursive, uint64_t propagation, struct err *e)
{
	auto_fd int tree = tree_clone(AT_FDCWD, path, recursive ? AT_RECURSIVE : 0, e);

	if (tree < 0)
		return tree;
	int r = tree_change(tree, recursive, 0, 0, propagation & MS_SLAVE ? MS_SLAVE : MS_PRIVATE, e);

	return r < 0 ? r : fd_take(&tree);
}

static int open_trees(struct rootfs_plan *r, struct err *e)
{
	bool folder = r->kind == ROOTFS_FOLDER;
	int fd = clone_quiet(r->path, folder, folder ? r->propagation : 0, e);

	if (fd < 0)
		return fd;
	r->container_tree = fd;
	if (r->kind != ROOTFS_OVERLAY)
		return 0;
	fd = clone_quiet(r->layers, false, 0, e);
	if (fd < 0)
		return fd;
	r->layers_tree = fd;
	return 0;
}

int rootfs_open(struct rootfs_plan *r, struct arena *arena, struct err *e)
{
	r->parts = NULL;
	r->n_parts = 0;
	r->arena = arena;
	if (r->kind == ROOTFS_MADE)
		return 0;
	r->container_tree = r->layers_tree = -1;
	if (r->where == ROOTFS_IN_JOINED)
		return 0;
	int err = open_trees(r, e);

	if (err == -EPERM && r->kind == ROOTFS_HOST)
		return err_hint(e, "this machine's own root as a container's needs CAP_SYS_ADMIN; a user has it in their own namespace");
	if (err == -EPERM)
		return 0; /* no rights: init has them in its own user namespace */
	return err < 0 || r->kind != ROOTFS_HOST ? err : rootfs_host_open(r, e);
}

int rootfs_idmap(struct rootfs_plan *r, int userns, struct err *e)
{
	int err = 0;

	if (!r->userns || r->as_is || r->kind == ROOTFS_FOLDER || r->kind == ROOTFS_MADE || r->container_tree < 0)
		return 0;
	err = idmap_mount(r->container_tree, userns, false, r->path, e);
	if (err == 0 && r->layers_tree >= 0)
		err = idmap_mount(r->layers_tree, userns, false, r->layers, e);
	return err < 0 || r->kind != ROOTFS_HOST ? err : rootfs_host_idmap(r, userns, e);
}

/* Slaves, not private: binds that init opens can still follow the host, and a medium taken out there leaves here too. */
static int separate(struct err *e)
{
	struct mount_attr slave = { .propagation = MS_SLAVE };

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &slave, sizeof(slave)) < 0)
		return err_set(e, errno, "separate the mounts from the host's");
	return 0;
}

int rootfs_attach_trees(struct rootfs_plan *r, struct err *e)
{
	int err = r->container_tree < 0 ? open_trees(r, e) : 0;

	if (err == 0 && r->where != ROOTFS_IN_CALLERS)
		err = separate(e);
	if (err < 0)
		return err;
	if (move_mount(r->container_tree, "", AT_FDCWD, r->path, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0)
		return err_set(e, errno, "attach %s", r->path);
	if (r->layers_tree >= 0 && move_mount(r->layers_tree, "", r->container_tree, "lower", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "attach %s", r->layers);
	/* what is attached to a shared mount is shared: nothing that is mounted in here shall go further */
	return r->where == ROOTFS_IN_CALLERS ? tree_change(r->container_tree, true, 0, 0, MS_PRIVATE, e) : 0;
}

static int mount_overlay(struct rootfs_plan *r, struct err *e)
{
	struct overlay o = {
		.below = "lower/",
		.lowers = r->lowers,
		.n_lowers = r->n_lowers,
		.upper = "upper",
		.work = "work",
		.transient = r->transient,
	};

	if (fchdir(r->container_tree) < 0)
		return err_set(e, errno, "change into %s", r->path);
	auto_fd int tree = overlay_new(&o, e);

	if (tree < 0)
		return tree;
	if (move_mount(tree, "", AT_FDCWD, "lower", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "attach the overlay");
	return fd_take(&tree);
}

static int take_tree(struct rootfs_plan *r, struct err *e)
{
	(void)e;
	return fd_take(&r->container_tree);
}

int rootfs_mount(struct rootfs_plan *r, struct err *e)
{
	static int (*const mounts[])(struct rootfs_plan *, struct err *) = {
		[ROOTFS_FOLDER] = take_tree,
		[ROOTFS_OVERLAY] = mount_overlay,
		[ROOTFS_HOST] = rootfs_host_mount,
		[ROOTFS_MADE] = take_tree,
	};

	auto_fd int root = mounts[r->kind](r, e);

	if (root < 0)
		return root;
	int err = r->nosuid ? tree_change(root, true, MOUNT_ATTR_NOSUID, 0, 0, e) : 0;

	return err < 0 ? err : fd_take(&root);
}

/*
 * pivot_root(".", ".") puts the old root on top of the new one, where "." then leads, and it can be taken off: pivot_root(2),
 * "pivot_root(".", ".")". Nothing has to be made inside the new root for it.
 */
static int pivot(int root, struct err *e)
{
	if (fchdir(root) < 0 || sys_pivot_root(".", ".") < 0)
		return err_set(e, errno, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		return err_set(e, errno, "unmount the old root");
	return 0;
}

/* The old root stays below; at least its proc and sysfs, without masks, should not be there to be found. */
static int move_over(int root, struct err *e)
{
	(void)umount2("/proc", MNT_DETACH); /* may not be there, or be locked */
	(void)umount2("/sys", MNT_DETACH);
	if (move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "move the root");
	if (fchdir(root) < 0 || chroot(".") < 0)
		return err_set(e, errno, "chroot");
	return 0;
}

static int enter(const struct rootfs_plan *r, int root, bool no_pivot, struct err *e)
{
	if (r->where != ROOTFS_IN_CALLERS)
		return no_pivot ? move_over(root, e) : pivot(root, e);
	if (fchdir(root) < 0 || chroot(".") < 0)
		return err_set(e, errno, "chroot");
	return 0;
}

int rootfs_enter(const struct rootfs_plan *r, int root, bool no_pivot, struct err *e)
{
	int err = enter(r, root, no_pivot, e);

	if (err < 0)
		return err;
	if (chdir("/") < 0)
		return err_set(e, errno, "change into the new root");
	if (r->readonly)
		err = tree_change(root, false, MOUNT_ATTR_RDONLY, 0, 0, e);
	if (err == 0 && (r->propagation & (MS_SHARED | MS_UNBINDABLE)))
		err = tree_change(root, r->propagation & MS_REC, 0, 0, r->propagation & (MS_SHARED | MS_UNBINDABLE), e);
	return err;
}

/* Until Linux 6.8 an id may be used again when its mount is gone. */
static int mount_id(int dir, const char *path, uint64_t *ret, struct err *e)
{
	struct statx x;

	if (statx(dir, path, AT_EMPTY_PATH, STATX_MNT_ID | STATX_MNT_ID_UNIQUE, &x) < 0)
		return err_set(e, errno, "look at %s", path);
	*ret = x.stx_mnt_id;
	return 0;
}

int rootfs_mount_id(const struct rootfs_plan *r, uint64_t *ret_id, struct err *e)
{
	if (r->container_tree < 0)
		return err_say(e, EPERM, "without a mount namespace of its own a container needs root");
	return mount_id(r->container_tree, "", ret_id, e);
}

int rootfs_clear(const char *path, uint64_t id, struct err *e)
{
	uint64_t there;
	int r = mount_id(AT_FDCWD, path, &there, e);

	if (r < 0 || there != id)
		return r == -ENOENT ? 0 : r;
	return umount2(path, MNT_DETACH) < 0 ? err_set(e, errno, "unmount %s", path) : 0;
}
