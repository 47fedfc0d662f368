/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs.h: the container's root: a folder (a bundle's rootfs), an overlay of layers, or this machine's own root under an
 * overlay (the pseudo-image `host`); attached in the container's mount namespace and entered by pivot_root.
 *
 * Overlays: one detached clone of images/layers serves every layer, one of the container's folder serves upper and work; the
 * parent opens both before clone3 and idmaps them with init's user namespace. overlayfs wants its folders attached in the
 * caller's mount namespace: init attaches the container's folder over itself and the layers on the empty folder lower/ in it,
 * while it still is the host's root to the file system, then becomes the container's root, changes into the first and names
 * all folders relative to it. DESIGN, "Layers and images".
 */
#ifndef NAMESPACES_ROOTFS_H
#define NAMESPACES_ROOTFS_H

#include "base/err.h"
#include "spec/spec.h"

enum rootfs_kind {
	ROOTFS_FOLDER,
	ROOTFS_OVERLAY,
	ROOTFS_HOST,
	ROOTFS_MADE, /* a tree that the caller has made, with the container's ids */
};

/* The mount namespace that it is built in. */
enum rootfs_where {
	ROOTFS_IN_NEW,
	ROOTFS_IN_JOINED, /* paths are those of that namespace */
	ROOTFS_IN_CALLERS, /* the mounts are seen there, below the folder, until rootfs_clear() */
};

/* ROOTFS_HOST: one file system of the host that gets an overlay or is bound read-only. */
struct rootfs_part {
	const char *path; /* "/", "/home" */
	const char *name; /* of its folders in upper/, work/ and lower/ of the container's folder */
	int tree;	  /* detached, not recursive; owned; -1: left out */
	bool overlay;	  /* false: bound read-only */
	bool is_file;
	uint64_t attributes; /* MOUNT_ATTR_* of the host's mount that its overlay gets too */
};

struct rootfs_plan {
	enum rootfs_kind kind;
	enum rootfs_where where;  /* others than ROOTFS_IN_NEW with ROOTFS_FOLDER only */
	const char *path;	  /* FOLDER: the folder; else the container's folder (has upper/ work/ lower/); absolute */
	bool readonly;
	bool nosuid;		  /* for who runs with no_new_privileges anyway: then a file with capabilities, as ping is in many
				   * images, runs without them, where the kernel would refuse one that is not in the bounding set */
	bool transient;		  /* the container's layer goes with it: overlayfs need not sync the disk at its end */
	bool userns;		  /* the container has a private user namespace: trees are idmapped, but for FOLDER, whose
				   * owners are as its maker wants them */
	bool as_is;		  /* the trees have the container's ids as they are */
	uint64_t propagation;	  /* rootfsPropagation as MS_*, with MS_REC for all that is mounted below; 0: private */
	const char *layers;	  /* OVERLAY: path of images/layers */
	char *const *lowers;	  /* OVERLAY: names in it, lowest first */
	size_t n_lowers;
	/* filled by rootfs_open(); MADE: container_tree is the caller's, taken over */
	int layers_tree, container_tree; /* owned, -1: none */
	struct rootfs_part *parts;	 /* HOST; in the arena */
	size_t n_parts;
	struct strv notes; /* HOST: what could not be caught or idmapped, for the user */
	struct arena *arena;
};

void rootfs_close(struct rootfs_plan *r);

/**
 * rootfs_open() - Open what init cannot: trees of the host, as detached clones; in the parent, before clone3
 * @r:		The two trees are set here, whatever they were (but for MADE)
 * @arena:	For parts and notes; lives as long as @r
 *
 * Without rights in the host nothing is opened, nor for a mount namespace to be joined: init does it in
 * rootfs_attach_trees().
 *
 * Return: 0, or -errno with @e filled
 */
int rootfs_open(struct rootfs_plan *r, struct arena *arena, struct err *e);

/* Idmap the trees with init's user namespace; in the parent after clone3. Return: 0, or -errno with @e filled. */
int rootfs_idmap(struct rootfs_plan *r, int userns, struct err *e);

/**
 * rootfs_attach_trees() - First part in init, still with the host's file system ids: mounts no longer reach the host, trees
 * attached (FOLDER: a recursive bind of the folder over itself)
 *
 * In the caller's mount namespace its mounts stay as they are, and what is attached is private.
 *
 * Return: 0, or -errno with @e filled
 */
int rootfs_attach_trees(struct rootfs_plan *r, struct err *e);

/**
 * rootfs_mount() - Second part in init, as the container's root: the overlay itself. Changes the working directory
 *
 * Return: fd of the new root, attached in this mount namespace, owned by the caller; or -errno with @e filled
 */
int rootfs_mount(struct rootfs_plan *r, struct err *e);

/**
 * rootfs_enter() - pivot_root into it, the old root gone; cwd is "/". In the caller's mount namespace: chroot
 * @no_pivot:	Move it over "/" and chroot instead (a root on a ramfs)
 *
 * Then read-only if asked, by the fd, and rootfsPropagation.
 *
 * Return: 0, or -errno with @e filled
 */
int rootfs_enter(const struct rootfs_plan *r, int root, bool no_pivot, struct err *e);

/**
 * rootfs_mount_id() - By what rootfs_clear() knows the mount again: after rootfs_open(), in the caller's mount namespace
 *
 * Return: 0, or -errno with @e filled (-EPERM: nothing is open, for lack of rights)
 */
int rootfs_mount_id(const struct rootfs_plan *r, uint64_t *ret_id, struct err *e);

/**
 * rootfs_clear() - Take off what a container in the caller's mount namespace has mounted: its root, and all that is below
 * @path:	Of the folder
 * @id:		From rootfs_mount_id(); what else is mounted there stays
 *
 * Return: 0, also where nothing is left, or -errno with @e filled
 */
int rootfs_clear(const char *path, uint64_t id, struct err *e);

#endif
