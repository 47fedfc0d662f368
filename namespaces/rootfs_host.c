// SPDX-License-Identifier: Apache-2.0
#include "namespaces/rootfs_host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "namespaces/host_root.h"
#include "namespaces/idmap.h"
#include "namespaces/overlay.h"
#include "namespaces/target.h"
#include "namespaces/tree.h"

#define MOUNTINFO_MAX (16 << 20)

static int note(struct rootfs_plan *r, const char *path, const char *what, struct err *e)
{
	char *text = arena_printf(r->arena, "%s %s", path, what);

	return text && strv_push(r->arena, &r->notes, text) == 0 ? 0 : err_nomem(e);
}

/* A folder of the overlay; the one in upper/ shows as the root of the file system, so it is as that is. */
static int make_folder(const struct rootfs_plan *r, const char *in, const char *name, const struct stat *like, struct err *e)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", in, name);
	if (mkdirat(r->container_tree, path, 0700) < 0)
		return errno == EEXIST ? 0 : err_set(e, errno, "make folder %s/%s", r->path, path);
	if (like && (fchownat(r->container_tree, path, like->st_uid, like->st_gid, 0) < 0 ||
		     fchmodat(r->container_tree, path, like->st_mode & 07777, 0) < 0))
		return err_set(e, errno, "make folder %s/%s", r->path, path);
	return 0;
}

static int make_folders(const struct rootfs_plan *r, const char *name, const struct stat *like, struct err *e)
{
	int err = make_folder(r, "upper", name, like, e);

	if (err == 0)
		err = make_folder(r, "work", name, NULL, e);
	return err < 0 ? err : make_folder(r, "lower", name, NULL, e);
}

/*
 * Return: 1 it is a part now, 0 it is not to be seen: other mounts hide it, or its server has gone; -errno with @e filled
 */
static int open_part(struct rootfs_plan *r, const struct host_mount *m, struct rootfs_part *ret, struct err *e)
{
	struct rootfs_part part = { .path = m->path, .overlay = m->overlay, .name = host_root_name(r->arena, m->path) };
	auto_fd int fd = open(m->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct statx x;
	struct stat st;

	if (!part.name)
		return err_nomem(e);
	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) < 0 || x.stx_mnt_id != m->id || fstat(fd, &st) < 0)
		return 0;
	auto_fd int tree = tree_clone(fd, "", 0, e);

	if (tree < 0)
		return err_wrap(e, "%s", m->path);
	part.is_file = !S_ISDIR(st.st_mode);
	part.overlay &= !part.is_file && strlen(part.name) <= NAME_MAX;
	part.attributes = tree_attributes(tree) & ~(uint64_t)MOUNT_ATTR_RDONLY;
	int err = tree_change(tree, false, part.overlay ? 0 : MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, e);

	if (err == 0 && part.overlay)
		err = make_folders(r, part.name, &st, e);
	else if (err == 0 && m->writable)
		err = note(r, m->path, "is read-only in the container", e);
	if (err < 0)
		return err;
	part.tree = fd_take(&tree);
	*ret = part;
	return 1;
}

int rootfs_host_open(struct rootfs_plan *r, struct err *e)
{
	auto_free char *text = NULL;
	struct host_mount *mounts;
	size_t n;
	int err = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, e);

	if (err == 0)
		err = host_root_parse(r->arena, text, &mounts, &n, e);
	if (err < 0)
		return err;
	r->parts = arena_array(r->arena, n, sizeof(*r->parts));
	if (!r->parts)
		return err_nomem(e);
	for (size_t i = 0; i < n; i++) {
		err = open_part(r, &mounts[i], &r->parts[r->n_parts], e);
		if (err < 0)
			return err;
		r->n_parts += (size_t)err;
	}
	if (r->n_parts == 0 || !streq(r->parts[0].path, "/"))
		return err_say(e, ENOTSUP, "the root of this machine is not the root of a mount");
	return 0;
}

int rootfs_host_idmap(struct rootfs_plan *r, int userns, struct err *e)
{
	for (size_t i = 0; i < r->n_parts; i++) {
		struct rootfs_part *part = &r->parts[i];
		int err = idmap_mount(part->tree, userns, false, part->path, e);

		if (err == 0)
			continue;
		if (i == 0)
			return err_hint(e, "with --userns host it can be used as it is");
		fd_close(&part->tree);
		err = note(r, part->path, "is left out: its ids can't be mapped", e);
		if (err < 0)
			return err;
	}
	return 0;
}

/* From the file system to its overlay, which takes the place of the tree. */
static int overlay_part(struct rootfs_part *part, bool transient, struct err *e)
{
	char lower[NAME_MAX + 8], upper[NAME_MAX + 8], work[NAME_MAX + 8];
	char *const lowers[] = { (char *)part->name };
	const struct overlay o = {
		.below = "lower/", .lowers = lowers, .n_lowers = 1, .upper = upper, .work = work, .transient = transient
	};

	snprintf(lower, sizeof(lower), "lower/%s", part->name);
	snprintf(upper, sizeof(upper), "upper/%s", part->name);
	snprintf(work, sizeof(work), "work/%s", part->name);
	if (move_mount(part->tree, "", AT_FDCWD, lower, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "attach %s", part->path);
	int tree = overlay_new(&o, e);

	if (tree < 0)
		return err_wrap(e, "%s", part->path);
	fd_close(&part->tree);
	part->tree = tree;
	return tree_change(tree, false, part->attributes, 0, 0, e);
}

static int attach_part(const struct rootfs_part *part, int root, struct err *e)
{
	auto_fd int target = target_open(root, part->path, part->is_file ? TARGET_FILE : 0, NULL, e);

	if (target < 0)
		return target;
	return tree_attach(part->tree, target, e) < 0 ? err_wrap(e, "%s", part->path) : 0;
}

int rootfs_host_mount(struct rootfs_plan *r, struct err *e)
{
	int err = 0;

	if (fchdir(r->container_tree) < 0)
		return err_set(e, errno, "change into %s", r->path);
	/* all overlays first: the root hides lower/ */
	for (size_t i = 0; i < r->n_parts && err == 0; i++)
		if (r->parts[i].tree >= 0 && r->parts[i].overlay)
			err = overlay_part(&r->parts[i], r->transient, e);
	if (err < 0)
		return err;
	if (move_mount(r->parts[0].tree, "", AT_FDCWD, "lower", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "attach the root");
	for (size_t i = 1; i < r->n_parts && err == 0; i++)
		if (r->parts[i].tree >= 0)
			err = attach_part(&r->parts[i], r->parts[0].tree, e);
	return err < 0 ? err : fd_take(&r->parts[0].tree);
}
