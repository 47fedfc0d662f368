/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h: mount trees held by an fd: cloned or made new while nobody sees them, changed, and only then attached (rule K3).
 * Thin words over open_tree(2), fsopen(2), mount_setattr(2) and move_mount(2). A tree that was never attached is gone when its
 * fd is closed.
 */
#ifndef NAMESPACES_TREE_H
#define NAMESPACES_TREE_H

#include "base/err.h"
#include "base/sys.h"
#include "namespaces/mount_options.h"

/**
 * tree_clone() - A detached copy of a mount, from a folder or file of it downwards
 * @dir:	Folder fd that @path starts from, AT_FDCWD, or the thing itself where @path is ""
 * @flags:	AT_RECURSIVE: with the mounts below it; AT_SYMLINK_NOFOLLOW
 *
 * Return: its fd, owned by the caller, or -errno with @e filled (it names @path)
 */
int tree_clone(int dir, const char *path, unsigned flags, struct err *e);

/**
 * tree_clone_inside() - A detached copy of a mount of another mount namespace, by its path there
 * @mount_ns:	That namespace, which the caller's user namespace, or one below it, owns
 *
 * Return: its fd, owned by the caller, or -errno with @e filled
 */
int tree_clone_inside(int mount_ns, const char *path, struct err *e);

/**
 * tree_new() - A new file system
 * @source:	What mountinfo shows, or the device; NULL: none
 * @o:		Attributes, flags and data; propagation does not count here. NULL: none
 *
 * Return: its fd, owned by the caller, or -errno with @e filled, with the kernel's own words where it has some
 */
int tree_new(const char *type, const char *source, const struct mount_options *o, struct err *e);

/**
 * tree_procfs() - A procfs that nobody can have mounted over (rule K4); in init, before the root is entered
 * @o:		As of tree_new()
 *
 * In a user namespace the kernel may refuse one (the pid namespace is another's, parts of /proc are covered); then it is the
 * host's, which no image has touched.
 *
 * Return: its fd, owned by the caller, or -errno with @e filled
 */
int tree_procfs(const struct mount_options *o, struct err *e);

/* Clear and set attributes, and set the propagation where it is not 0. Return: 0, or -errno with @e filled. */
int tree_change(int tree, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation, struct err *e);

/* Those of MOUNT_ATTR_RDONLY, NOSUID, NODEV and NOEXEC that a mount has, or its file system; 0 where that can't be told. */
uint64_t tree_attributes(int tree);

/**
 * tree_attach() - Mount a tree on what @target has open
 *
 * Return: 0, or -errno with @e filled (-ENOTDIR, -EISDIR: one of them is a folder and the other is not)
 */
int tree_attach(int tree, int target, struct err *e);

/**
 * tree_reconfigure() - Give the file system of a mount other flags and data (remount)
 * @mount:	A mount's root, or anything in it
 *
 * Return: 0, or -errno with @e filled
 */
int tree_reconfigure(int mount, const struct mount_options *o, struct err *e);

/* fsconfig(2) of a string, or of a flag where @value is NULL. Return: 0, or -errno with @e filled as tree_new() does. */
int fs_set(int fs, const char *key, const char *value, struct err *e);

/* Create the file system that @fs describes, and mount it detached. Return: its fd, or -errno with @e filled. */
int fs_mount(int fs, const char *type, uint64_t attributes, struct err *e);

#endif
