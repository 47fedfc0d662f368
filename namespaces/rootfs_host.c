// SPDX-License-Identifier: Apache-2.0
#include "namespaces/rootfs_host.h"

#include <dirent.h>
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
	if (like && ((!r->as_is && fchownat(r->container_tree, path, like->st_uid, like->st_gid, 0) < 0) ||
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

/* ---- as a user ---- */

/* What the container has its own of is mounted later; what others have in the rest of these is not its business. */
static const struct {
	const char *path;
	const char *options; /* of an empty file system instead; NULL: none */
} own_folders[] = {
	{ "/dev", NULL }, { "/proc", NULL }, { "/sys", NULL }, { "/run", "mode=755" }, { "/tmp", "mode=1777" },
};

static int open_empty(struct rootfs_plan *r, const char *path, const char *options, struct err *e)
{
	char *words[] = { (char *)options };
	const struct mount_options o = { .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, .data = { .v = words, .n = ARRAY_SIZE(words) } };
	int tree = tree_new("tmpfs", "tmpfs", &o, e);

	if (tree < 0)
		return tree;
	r->parts[r->n_parts++] = (struct rootfs_part){ .path = path, .tree = tree };
	return 0;
}

/* A folder of "/". One that the user may not look into, or that has mounts below, stays as it is: read-only. */
static int open_folder(struct rootfs_plan *r, const char *path, struct err *e)
{
	struct rootfs_part part = { .path = path, .overlay = true, .name = host_root_name(r->arena, path) };
	struct stat st;
	struct err ignored;

	for (size_t i = 0; i < ARRAY_SIZE(own_folders); i++)
		if (streq(path, own_folders[i].path))
			return own_folders[i].options ? open_empty(r, path, own_folders[i].options, e) : 0;
	auto_fd int tree = tree_clone(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &ignored);

	if (tree < 0 || fstat(tree, &st) < 0 || faccessat(tree, ".", R_OK | X_OK, AT_EACCESS) < 0)
		return 0; /* it is below "/" as it is */
	part.attributes = tree_attributes(tree) & ~(uint64_t)MOUNT_ATTR_RDONLY;
	int err = part.name ? make_folders(r, part.name, &st, e) : err_nomem(e);

	if (err < 0)
		return err;
	part.tree = fd_take(&tree);
	r->parts[r->n_parts++] = part;
	return 0;
}

/*
 * The machine's mounts came with the user's namespace, and none may be had without those below it: so they come all together,
 * read-only, and only the folders of "/" without any get overlays.
 */
static int open_for_user(struct rootfs_plan *r, struct err *e)
{
	auto_fd int root = tree_clone(AT_FDCWD, "/", AT_RECURSIVE, e);
	int err = root < 0 ? root : tree_change(root, true, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, e);
	auto_dir DIR *d = err < 0 ? NULL : opendir("/");
	size_t room = 1;

	if (err < 0)
		return err;
	if (!d)
		return err_set(e, errno, "read /");
	while (readdir(d))
		room++;
	r->parts = arena_array(r->arena, room, sizeof(*r->parts));
	if (!r->parts)
		return err_nomem(e);
	r->parts[r->n_parts++] = (struct rootfs_part){ .path = "/", .tree = fd_take(&root) };
	rewinddir(d);
	for (struct dirent *entry; err >= 0 && r->n_parts < room && (entry = readdir(d));) {
		char *path = arena_printf(r->arena, "/%s", entry->d_name);

		if (!path)
			return err_nomem(e);
		if ((entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) && !streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			err = open_folder(r, path, e);
	}
	return err < 0 ? err : 0;
}

int rootfs_host_open(struct rootfs_plan *r, struct err *e)
{
	if (r->as_is)
		return open_for_user(r, e);
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
	for (size_t i = 0; i < r->n_parts && err == 0; i++) {
		if (r->parts[i].tree < 0 || !r->parts[i].overlay)
			continue;
		err = overlay_part(&r->parts[i], r->transient, e);
		if (err < 0 && r->as_is) { /* its file system is none to lie below an overlay: it is seen as it is */
			fd_close(&r->parts[i].tree);
			err = 0;
		}
	}
	if (err < 0)
		return err;
	if (move_mount(r->parts[0].tree, "", AT_FDCWD, "lower", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "attach the root");
	for (size_t i = 1; i < r->n_parts && err == 0; i++)
		if (r->parts[i].tree >= 0)
			err = attach_part(&r->parts[i], r->parts[0].tree, e);
	return err < 0 ? err : fd_take(&r->parts[0].tree);
}
