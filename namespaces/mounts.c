// SPDX-License-Identifier: Apache-2.0
#include "namespaces/mounts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/path.h"
#include "namespaces/chown_tree.h"
#include "namespaces/copyup.h"
#include "namespaces/mount_overlay.h"
#include "namespaces/target.h"
#include "namespaces/tree.h"

static bool has_data(const struct mount_op *op, const char *key)
{
	for (size_t i = 0; i < op->options.data.n; i++)
		if (str_after(op->options.data.v[i], key))
			return true;
	return false;
}

static unsigned target_flags(const struct mount_op *op)
{
	bool kernel_files = op->type && (streq(op->type, "proc") || streq(op->type, "sysfs"));
	bool real = kernel_files || streq(op->target, "/proc") || streq(op->target, "/sys") ||
		    str_after(op->target, "/proc/");

	return (op->is_file ? TARGET_FILE : 0) | (real ? TARGET_REAL : 0) |
	       (op->options.words & MOUNT_WORD_DEST_NOFOLLOW ? TARGET_NOFOLLOW : 0);
}

static int attach_at_target(const struct mount_op *op, int root, struct err *e)
{
	auto_fd int target = target_open(root, op->target, target_flags(op), NULL, e);

	return target < 0 ? target : tree_attach(op->tree, target, e);
}

/* copy-symlink: the link itself, where nothing is in its place. */
static int make_link(const struct mount_op *op, int root, struct err *e)
{
	const char *name = strrchr(op->target, '/') + 1;
	char folder[PATH_MAX], there[PATH_MAX];

	if ((size_t)(name - op->target) >= sizeof(folder))
		return err_set(e, ENAMETOOLONG, "link %s", op->target);
	memcpy(folder, op->target, (size_t)(name - op->target));
	folder[name - op->target] = '\0';
	auto_fd int dir = path_mkdirs_in(root, folder, 0755, e);

	if (dir < 0)
		return dir;
	if (symlinkat(op->link, dir, name) == 0)
		return 0;
	int saved = errno;
	ssize_t n = readlinkat(dir, name, there, sizeof(there) - 1);

	if (saved == EEXIST && n == (ssize_t)strlen(op->link) && memcmp(there, op->link, (size_t)n) == 0)
		return 0;
	return err_set(e, saved, "link %s", op->target);
}

/*
 * Before 6.15 only what is attached can be cloned: put the file system on the root for a moment. Nothing inside the container
 * runs yet, and walks that begin at the root's fd do not see what is mounted over it.
 */
static int clone_attached(int fs, int root, const char *name, struct err *e)
{
	auto_fd int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = tree_attach(fs, root, e);

	if (r < 0)
		return r;
	auto_fd int tree = tree_clone(fs, name, 0, e);

	if (cwd < 0 || fchdir(fs) < 0 || umount2(".", MNT_DETACH | UMOUNT_NOFOLLOW) < 0 || fchdir(cwd) < 0)
		return err_set(e, errno, "unmount a tmpfs");
	return fd_take(&tree);
}

/* A small file with this text, alone in a tmpfs of the container. */
static int make_content(struct mount_op *op, int root, struct err *e)
{
	static const char name[] = "content";
	const struct spec_content *c = op->content;
	auto_fd int fs = tree_new("tmpfs", "tmpfs", NULL, e);

	if (fs < 0)
		return fs;
	auto_fd int file = openat(fs, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (file < 0 || fchown(file, c->uid, c->gid) < 0 || fchmod(file, c->mode) < 0)
		return err_set(e, errno, "make a file");
	int r = fd_write_all(file, c->data, c->n);

	if (r < 0)
		return err_set(e, -r, "write a file");
	op->tree = tree_clone(fs, name, 0, e);
	if (op->tree == -EINVAL)
		op->tree = clone_attached(fs, root, name, e);
	if (op->tree < 0)
		return op->tree;
	op->is_file = true;
	return tree_change(op->tree, false, op->options.set | op->options.rset, 0, 0, e);
}

static int copy_up(const struct mount_op *op, int target, const struct stat *st, struct err *e)
{
	if (!has_data(op, "uid=") && !has_data(op, "gid=") && fchownat(op->tree, ".", st->st_uid, st->st_gid, 0) < 0)
		return err_set(e, errno, "set the owner");
	return copyup(target, op->tree, e);
}

/* A volume that nobody had yet: it gets what it is about to hide. */
static int fill_and_attach(const struct mount_op *op, int root, struct err *e)
{
	bool made;
	auto_fd int target = target_open(root, op->target, target_flags(op), &made, e);
	struct stat st;
	int r = 0;

	if (target < 0)
		return target;
	if (!made && fstat(target, &st) < 0)
		return err_set(e, errno, "look at the folder");
	if (!made && S_ISDIR(st.st_mode))
		r = copy_up(op, target, &st, e);
	if (r == 0 && !made && S_ISDIR(st.st_mode) && fchmodat(op->tree, ".", st.st_mode & 07777, 0) < 0)
		r = err_set(e, errno, "set the mode");
	return r < 0 ? r : tree_attach(op->tree, target, e);
}

static int run_bind(struct mount_op *op, int root, const struct mount_context *c, struct err *e)
{
	int r = 0;

	if (op->tree < 0 && !op->link)
		r = op->content ? make_content(op, root, e) : mount_source_open(op, root, c, e);
	if (r < 0)
		return r;
	if (op->fill)
		return fill_and_attach(op, root, e);
	return op->link ? make_link(op, root, e) : attach_at_target(op, root, e);
}

/* A devpts is usually asked for with gid=5; where no group 5 is mapped, that can't be had, and the group is left as it is. */
static int new_without_group(const struct mount_op *op, struct mount_options *o, struct err *e)
{
	auto_free char **kept = calloc(o->data.n + 1, sizeof(*kept));
	struct strv data = { .v = kept };

	if (!kept)
		return err_nomem(e);
	for (size_t i = 0; i < o->data.n; i++)
		if (!str_after(o->data.v[i], "gid="))
			kept[data.n++] = o->data.v[i];
	o->data = data;
	return tree_new(op->type, op->source, o, e);
}

/*
 * A tmpfs stays writable until mount_list_seal(). Where the options do not say otherwise it is as open as the folder that it
 * hides: /tmp stays sticky, /run does not.
 */
static void set_tmpfs_options(const struct mount_op *op, const struct stat *hidden, struct mount_options *o)
{
	o->set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	o->rset &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	if (hidden && !has_data(op, "mode="))
		snprintf(o->mode, sizeof(o->mode), "%04o", hidden->st_mode & 07777);
}

/*
 * In a container whose own sysfs or proc is covered in part the kernel mounts no whole one. Its sysfs, read-only, shows no more than
 * was seen before; its proc would speak of other processes.
 */
static int instead_of_covered(const struct mount_op *op, struct err *e)
{
	const uint64_t set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

	if (streq(op->type, "proc"))
		return err_hint(e, "here, as in most containers, /proc is covered in part: start the outer one with --privileged or "
				   "--security-opt unmask=ALL");
	if (!streq(op->type, "sysfs"))
		return -e->code;
	auto_fd int tree = tree_clone(AT_FDCWD, "/sys", AT_RECURSIVE, e);
	int r = tree < 0 ? tree : tree_change(tree, true, set, 0, MS_PRIVATE, e);

	return r < 0 ? r : fd_take(&tree);
}

/* @hidden: the folder that is there already, or NULL */
static int make_new(const struct mount_op *op, const struct mount_context *c, const struct stat *hidden, struct err *e)
{
	struct mount_options o = op->options;

	if (streq(op->type, "tmpfs"))
		set_tmpfs_options(op, hidden, &o);
	int tree = tree_new(op->type, op->source, &o, e);

	if (tree == -EINVAL && c->private_userns && streq(op->type, "devpts"))
		tree = new_without_group(op, &o, e);
	return tree == -EPERM ? instead_of_covered(op, e) : tree;
}

static int run_new(struct mount_op *op, int root, const struct mount_context *c, struct err *e)
{
	bool made, tmpfs = streq(op->type, "tmpfs");
	auto_fd int target = target_open(root, op->target, target_flags(op), &made, e);
	struct stat hidden;
	int r = 0;

	if (target < 0)
		return target;
	made |= !tmpfs;
	if (!made && fstat(target, &hidden) < 0)
		return err_set(e, errno, "look at the folder");
	op->tree = make_new(op, c, made ? NULL : &hidden, e);
	if (op->tree < 0)
		return op->tree;
	if (!made && (op->options.words & MOUNT_WORD_TMPCOPYUP))
		r = copy_up(op, target, &hidden, e);
	if (r == 0 && op->options.propagation)
		r = tree_change(op->tree, false, 0, 0, op->options.propagation, e);
	return r < 0 ? r : tree_attach(op->tree, target, e);
}

static int run_dev(struct mount_op *op, int root, const struct mount_context *c, struct err *e)
{
	return op->tree >= 0 ? attach_at_target(op, root, e) : run_new(op, root, c, e);
}

/*
 * Only the attributes count: words such as nsdelegate are the machine's to set, the kernel takes no notice of them in a cgroup
 * namespace; those of version 1 mean nothing to cgroup2.
 */
static int run_cgroup(struct mount_op *op, int root, const struct mount_context *c, struct err *e)
{
	op->type = "cgroup2";
	op->options.data = (struct strv){ 0 };
	return run_new(op, root, c, e);
}

static int run_remount(struct mount_op *op, int root, const struct mount_context *c, struct err *e)
{
	const struct mount_options *o = &op->options;
	auto_fd int mount = path_open_in(root, op->target, O_PATH, e);
	int r = 0;

	(void)c;
	if (mount < 0)
		return mount;
	if (o->data.n > 0 || o->sb_flags)
		r = tree_reconfigure(mount, o, e);
	if (r == 0 && (o->rset | o->rclear))
		r = tree_change(mount, true, o->rset, o->rclear, 0, e);
	if (r == 0 && (o->set | o->clear))
		r = tree_change(mount, false, o->set, o->clear, 0, e);
	if (r == 0 && o->propagation)
		r = tree_change(mount, o->propagation_recursive, 0, 0, o->propagation, e);
	return r;
}

static int run_overlay(struct mount_op *op, int root, const struct mount_context *c, struct err *e)
{
	(void)c;
	return mount_overlay_run(op, root, e);
}

static int (*const runs[])(struct mount_op *, int, const struct mount_context *, struct err *) = {
	[MOUNT_BIND] = run_bind,     [MOUNT_NEW] = run_new,	    [MOUNT_DEV] = run_dev,
	[MOUNT_CGROUP] = run_cgroup, [MOUNT_REMOUNT] = run_remount, [MOUNT_OVERLAY] = run_overlay,
};
static_assert(ARRAY_SIZE(runs) == MOUNT_HOW_COUNT, "a function for each kind of operation");

/* What was mounted on the root is the root from now on. */
static int replace_root(const struct mount_op *op, int *root, struct err *e)
{
	if (!streq(op->target, "/") || op->tree < 0)
		return 0;
	int fd = fd_dup(op->tree, e);

	if (fd < 0)
		return fd;
	fd_close(root);
	*root = fd;
	return 0;
}

int mount_list_run(struct mount_list *l, int *root, const struct mount_context *c, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		int r = runs[l->v[i].how](&l->v[i], *root, c, e);

		if (r >= 0)
			r = replace_root(&l->v[i], root, e);
		if (r < 0)
			return err_wrap(e, "mount %s", l->v[i].target);
	}
	return 0;
}

int mount_list_chown(const struct mount_list *l, uid_t uid, gid_t gid, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		int r = l->v[i].chown && l->v[i].tree >= 0 ? chown_tree(l->v[i].tree, uid, gid, e) : 0;

		if (r < 0)
			return err_wrap(e, "mount %s", l->v[i].target);
	}
	return 0;
}

int mount_list_seal(struct mount_list *l, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct mount_op *op = &l->v[i];
		bool sealed = op->how == MOUNT_DEV || (op->how == MOUNT_NEW && streq(op->type, "tmpfs"));

		if (!op->seal_later && (!sealed || !((op->options.set | op->options.rset) & MOUNT_ATTR_RDONLY)))
			continue;
		int r = tree_change(op->tree, op->seal_later, MOUNT_ATTR_RDONLY, 0, 0, e);

		if (r < 0)
			return err_wrap(e, "mount %s", op->target);
	}
	return 0;
}
