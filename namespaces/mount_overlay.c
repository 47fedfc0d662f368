// SPDX-License-Identifier: Apache-2.0
#include "namespaces/mount_overlay.h"

#include <fcntl.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"
#include "namespaces/idmap.h"
#include "namespaces/overlay.h"
#include "namespaces/target.h"
#include "namespaces/tree.h"

static int clone_quiet(const char *path, int *ret, struct err *e)
{
	auto_fd int tree = tree_clone(AT_FDCWD, path, 0, e);
	int r = tree < 0 ? tree : tree_change(tree, false, 0, 0, MS_PRIVATE, e);

	if (r == 0)
		*ret = fd_take(&tree);
	return r;
}

int mount_overlay_open(struct mount_op *op, struct err *e)
{
	const struct spec_overlay *o = op->overlay;

	if (o->inside)
		return 0;
	int r = clone_quiet(o->hub, &op->tree, e);

	if (r == 0)
		r = clone_quiet(o->base, &op->lower, e);
	return r == 0 && o->own ? clone_quiet(o->own, &op->own, e) : r;
}

int mount_overlay_idmap(const struct mount_op *op, int userns, struct err *e)
{
	int r = idmap_mount(op->tree, userns, false, op->overlay->hub, e);

	if (r == 0)
		r = idmap_mount(op->lower, userns, false, op->overlay->base, e);
	return r == 0 && op->own >= 0 ? idmap_mount(op->own, userns, false, op->overlay->own, e) : r;
}

static int attach_in(int tree, int hub, const char *name, struct err *e)
{
	if (tree >= 0 && move_mount(tree, "", hub, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "attach %s", name);
	return 0;
}

static int make(const struct mount_op *op, struct err *e)
{
	const struct spec_overlay *s = op->overlay;
	const struct overlay o = {
		.below = "lower/",
		.lowers = s->lowers.v,
		.n_lowers = s->lowers.n,
		.upper = s->upper,
		.work = s->work,
		.transient = !s->own,
	};

	if (fchdir(op->tree) < 0)
		return err_set(e, errno, "change into %s", s->hub);
	auto_fd int tree = overlay_new(&o, e);
	int r = tree < 0 ? tree : tree_change(tree, false, op->options.set | op->options.rset, 0, 0, e);

	return r < 0 ? r : fd_take(&tree);
}

/* A part of it over the whole. */
static int narrow(int tree, const char *subpath, struct err *e)
{
	auto_fd int part = path_open_in(tree, subpath, O_PATH | O_DIRECTORY, e);
	auto_fd int clone = part < 0 ? part : tree_clone(part, "", 0, e);

	return clone < 0 ? clone : tree_attach(clone, tree, e);
}

/* A folder below the hub; a new one has an owner and a mode. */
static int make_folder(int hub, const char *path, const struct stat *like, struct err *e)
{
	bool made;
	auto_fd int fd = target_open(hub, path, 0, &made, e);

	if (fd < 0 || !made)
		return fd < 0 ? fd : 0;
	/* an owner without an id in this user namespace cannot be given: it is whoever writes there */
	(void)!fchownat(fd, "", like->st_uid, like->st_gid, AT_EMPTY_PATH);
	return sys_fchmod_path(fd, like->st_mode & 07777) < 0 ? err_set(e, errno, "make folder %s", path) : 0;
}

/* The hub is where the walk in the container's root leads, and base is looked up in the host's. */
static int make_inside(const struct spec_overlay *s, int root, struct err *e)
{
	const struct overlay o = {
		.below = "",
		.lowers = (char *const[]){ s->base },
		.n_lowers = 1,
		.upper = s->upper,
		.work = s->work,
	};
	auto_fd int base = path_open_dir(s->base, 0, e), hub = base < 0 ? base : path_open_in(root, s->hub, O_PATH | O_DIRECTORY, e);
	struct stat like;

	if (hub < 0)
		return hub;
	if (fstat(base, &like) < 0)
		return err_set(e, errno, "look at %s", s->base);
	int r = make_folder(hub, s->upper, &like, e);

	if (r == 0)
		r = make_folder(hub, s->work, &like, e);
	if (r == 0 && fchdir(hub) < 0)
		r = err_set(e, errno, "change into %s", s->hub);
	return r < 0 ? r : overlay_new(&o, e);
}

static int run_inside(struct mount_op *op, int root, struct err *e)
{
	struct err why;
	int tree = make_inside(op->overlay, root, &why);

	if (tree < 0) {
		*e = why;
		return op->overlay->optional ? 0 : tree;
	}
	op->tree = tree;
	auto_fd int target = target_open(root, op->target, 0, NULL, e);

	return target < 0 ? target : tree_attach(op->tree, target, e);
}

int mount_overlay_run(struct mount_op *op, int root, struct err *e)
{
	if (op->overlay->inside)
		return run_inside(op, root, e);
	auto_fd int target = target_open(root, op->target, 0, NULL, e);
	int r = target < 0 ? target : tree_attach(op->tree, target, e);

	if (r == 0)
		r = attach_in(op->lower, op->tree, "lower", e);
	if (r == 0)
		r = attach_in(op->own, op->tree, "own", e);
	auto_fd int tree = r < 0 ? r : make(op, e);

	if (tree < 0)
		return tree;
	r = tree_attach(tree, op->tree, e);
	return r == 0 && op->overlay->subpath ? narrow(tree, op->overlay->subpath, e) : r;
}
