// SPDX-License-Identifier: Apache-2.0
/*
 * place.c: the worker is alone in the tree, and nothing in it was there before: so a name that was just made,
 * exclusively, in a folder held by fd, still means the same file in the next call.
 */
#include "images/worker/place.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/worker/content.h"
#include "images/worker/harmless.h"
#include "images/worker/lower.h"
#include "images/worker/whiteout.h"

static int failed(const struct tar_entry *entry, int code, const char *doing, struct err *e)
{
	char shown[HARMLESS_MAX];

	return err_set(e, code, "%s %s", doing, harmless(entry->name, shown));
}

static int wrap(const struct tar_entry *entry, struct err *e)
{
	char shown[HARMLESS_MAX];

	return err_wrap(e, "entry %s", harmless(entry->name, shown));
}

/* Remove what an earlier entry has put under this name, a whole folder too. */
static int clear_name(int dir, const char *name, const struct tar_entry *entry, struct err *e)
{
	int r = file_remove(dir, name, e);

	return r < 0 ? failed(entry, -r, "remove what was there before", e) : 0; /* not its words: they have names */
}

static int create_file(int dir, const char *name, const struct tar_entry *entry)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, entry->meta.mode & 0777);

	return fd < 0 ? -errno : fd;
}

static int place_file(struct place *p, int dir, const char *name, const struct tar_entry *entry, struct err *e)
{
	auto_fd int fd = create_file(dir, name, entry);

	if (fd == -EEXIST) {
		int r = clear_name(dir, name, entry, e);

		if (r < 0)
			return r;
		fd = create_file(dir, name, entry);
	}
	if (fd < 0)
		return failed(entry, -fd, "create", e);
	int r = content_write(p->tar, entry, fd, e);

	if (r < 0)
		return r;
	p->bytes += entry->size;
	r = meta_apply(fd, &entry->meta, p->tree->acls, e);
	return r < 0 ? wrap(entry, e) : 0;
}

/* What was there before, if it is no folder, goes; where it was a whiteout the new folder is opaque. */
static int make_folder(int dir, const char *name, const struct tar_entry *entry, bool *ret_opaque, struct err *e)
{
	struct stat st;

	if (mkdirat(dir, name, entry->meta.mode & 0777) == 0)
		return 0;
	if (errno != EEXIST || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(entry, errno, "create", e);
	if (S_ISDIR(st.st_mode))
		return 0;
	*ret_opaque = whiteout_is(&st);
	int r = clear_name(dir, name, entry, e);

	if (r < 0)
		return r;
	return mkdirat(dir, name, entry->meta.mode & 0777) < 0 ? failed(entry, errno, "create", e) : 0;
}

static int place_folder(struct place *p, int dir, const char *name, const struct tar_entry *entry, struct err *e)
{
	bool opaque = false;
	int r = make_folder(dir, name, entry, &opaque, e);

	if (r < 0)
		return r;
	auto_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return failed(entry, errno, "open", e);
	r = opaque ? meta_set_opaque(fd) : 0;
	if (r < 0)
		return failed(entry, -r, "mark as opaque", e);
	r = meta_apply(fd, &entry->meta, p->tree->acls, e);
	p->tree->acls |= meta_has_default_acl(&entry->meta);
	return r < 0 ? wrap(entry, e) : 0;
}

static int create_node(int dir, const char *name, const struct tar_entry *entry)
{
	static const mode_t types[TAR_KIND_COUNT] = {
		[TAR_CHAR] = S_IFCHR,
		[TAR_BLOCK] = S_IFBLK,
		[TAR_FIFO] = S_IFIFO,
	};
	int r = entry->kind == TAR_SYMLINK ? symlinkat(entry->link, dir, name)
					   : mknodat(dir, name, types[entry->kind] | (entry->meta.mode & 0777),
						     entry->device);

	return r < 0 ? -errno : 0;
}

/* A symbolic link, a device node or a fifo. */
static int place_node(struct place *p, int dir, const char *name, const struct tar_entry *entry, struct err *e)
{
	bool device = entry->kind == TAR_CHAR || entry->kind == TAR_BLOCK;
	char shown[HARMLESS_MAX];

	if (entry->kind == TAR_CHAR && entry->device == 0) /* would hide a file of a lower layer (rule U08) */
		return err_say(e, EINVAL, "entry %s: character device 0:0 is not allowed", harmless(entry->name, shown));
	if (device && p->no_devices)
		return 0;
	int r = create_node(dir, name, entry);

	if (r == -EEXIST) {
		r = clear_name(dir, name, entry, e);
		if (r < 0)
			return r;
		r = create_node(dir, name, entry);
	}
	if (r < 0)
		return failed(entry, -r, "create", e);
	r = meta_apply_at(dir, name, &entry->meta, e);
	return r < 0 ? wrap(entry, e) : 0;
}

static int no_target(const struct tar_entry *entry, struct err *e)
{
	char shown[HARMLESS_MAX], target[HARMLESS_MAX];

	return err_say(e, EINVAL, "entry %s: hard link to %s, which is not there", harmless(entry->name, shown),
		       harmless(entry->link, target));
}

/* The target is in the layers below: have it in this one. */
static int fetch_target(struct place *p, const struct tar_entry *entry, const struct entry_name *target, struct err *e)
{
	char real[PATH_MAX];

	if (p->tree->lowest)
		return no_target(entry, e);
	if (p->tree->lower < 0)
		return tree_needs_lower(p->tree, entry->link, e);
	auto_fd int dir = tree_folder(p->tree, target->folder, real, e);
	int r = dir < 0 ? dir : lower_copy_up(p->tree, dir, real, target->last, e);

	if (r == -ENOENT)
		return no_target(entry, e);
	return r < 0 ? wrap(entry, e) : 0;
}

/* Return: the folder that a hard link's target is in, owned by the caller, and in *ret what the target is */
static int find_target(struct place *p, const struct tar_entry *entry, const struct entry_name *target,
		       struct stat *ret, struct err *e)
{
	auto_fd int dir = tree_open(p->tree, target->folder, e);

	if (dir < 0)
		return dir;
	if (fstatat(dir, target->last, ret, AT_SYMLINK_NOFOLLOW) == 0)
		return fd_take(&dir);
	if (errno != ENOENT)
		return failed(entry, errno, "look at the target of", e);
	int r = fetch_target(p, entry, target, e);

	if (r < 0)
		return r;
	if (fstatat(dir, target->last, ret, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(entry, errno, "look at the target of", e);
	return fd_take(&dir);
}

static int place_hardlink(struct place *p, int dir, const char *name, const struct tar_entry *entry, struct err *e)
{
	struct entry_name target;
	struct stat st, there;
	int r = name_parse_target(entry->link, &target, e);

	if (r < 0)
		return wrap(entry, e);
	auto_fd int from = find_target(p, entry, &target, &st, e);

	if (from < 0)
		return from;
	if (S_ISDIR(st.st_mode) || whiteout_is(&st))
		return no_target(entry, e);
	if (linkat(from, target.last, dir, name, 0) == 0)
		return 0;
	if (errno != EEXIST || fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(entry, errno, "link", e);
	if (there.st_dev == st.st_dev && there.st_ino == st.st_ino) /* to itself, too */
		return 0;
	r = clear_name(dir, name, entry, e);
	if (r == 0 && linkat(from, target.last, dir, name, 0) < 0)
		r = failed(entry, errno, "link", e);
	return r;
}

static int place_root(struct place *p, const struct tar_entry *entry, struct err *e)
{
	char shown[HARMLESS_MAX];

	if (entry->kind != TAR_FOLDER)
		return err_say(e, EINVAL, "entry %s: the root can only be a folder", harmless(entry->name, shown));
	int r = tree_leave(p->tree, e);

	if (r == 0)
		r = meta_apply(p->tree->root, &entry->meta, p->tree->acls, e);
	p->tree->acls |= meta_has_default_acl(&entry->meta);
	return r < 0 ? wrap(entry, e) : 0;
}

/* A whiteout or an opaque mark: empty files, or, in layers made by aufs, hard links. */
static int place_mark(struct place *p, const struct tar_entry *entry, const struct entry_name *name, struct err *e)
{
	char shown[HARMLESS_MAX];

	if (entry->kind != TAR_FILE && entry->kind != TAR_HARDLINK)
		return err_say(e, EINVAL, "entry %s: a whiteout can only be a file", harmless(entry->name, shown));
	if (name->kind == NAME_OPAQUE && !*name->folder) {
		p->tree->opaque_root = true;
		return 0;
	}
	int dir = tree_enter(p->tree, name->folder, e);

	if (dir < 0)
		return dir;
	int r = name->kind == NAME_OPAQUE ? meta_set_opaque(dir) : whiteout_make(dir, name->last);

	return r < 0 ? failed(entry, -r, "make whiteout", e) : 0;
}

int place_entry(struct place *p, const struct tar_entry *entry, const struct entry_name *name, struct err *e)
{
	static int (*const by_kind[TAR_KIND_COUNT])(struct place *, int, const char *, const struct tar_entry *,
						    struct err *) = {
		[TAR_FILE] = place_file,	 [TAR_FOLDER] = place_folder, [TAR_SYMLINK] = place_node,
		[TAR_HARDLINK] = place_hardlink, [TAR_CHAR] = place_node,     [TAR_BLOCK] = place_node,
		[TAR_FIFO] = place_node,
	};

	switch (name->kind) {
	case NAME_IGNORED:
		return 0;
	case NAME_ROOT:
		return place_root(p, entry, e);
	case NAME_WHITEOUT:
	case NAME_OPAQUE:
		return place_mark(p, entry, name, e);
	case NAME_PLAIN:
		break;
	}
	int dir = tree_enter(p->tree, name->folder, e);

	return dir < 0 ? dir : by_kind[entry->kind](p, dir, name->last, entry, e);
}
