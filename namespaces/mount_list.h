/* SPDX-License-Identifier: Apache-2.0 */
/* mount_list.h: the mounts of a container as a list of plain operations, made from the configuration. Pure. */
#ifndef NAMESPACES_MOUNT_LIST_H
#define NAMESPACES_MOUNT_LIST_H

#include "base/err.h"
#include "namespaces/mount_maps.h"
#include "namespaces/mount_options.h"
#include "spec/spec.h"

enum mount_how {
	MOUNT_BIND,	/* attach the tree in @tree */
	MOUNT_NEW,	/* fsopen(type), fsmount */
	MOUNT_DEV,	/* a tmpfs on /dev that the parent has made with its nodes (in @tree), or else as MOUNT_NEW */
	MOUNT_CGROUP,	/* cgroup2 of the container's cgroup namespace */
	MOUNT_REMOUNT,	/* change what is mounted there */
	MOUNT_OVERLAY,	/* of folders of the host */
	MOUNT_HOW_COUNT,
};

struct mount_op {
	enum mount_how how;
	int tree;	       /* owned; -1: nothing opened (yet) */
	const char *type;      /* MOUNT_NEW: "tmpfs", "proc", … */
	const char *source;    /* host path of a bind; what mountinfo shows for a new one */
	const char *target;    /* inside the container, absolute and normal */
	struct mount_options options;
	const char *inside;    /* a bind's source that other mounts of this list reach: its path in the container; or NULL */
	const struct mount_maps *maps; /* maps of its own, or NULL */
	int userns;	       /* owned; has those maps; -1: not made (yet) */
	bool idmap_container;  /* seen through the container's user namespace (a volume) */
	bool fill, chown;      /* as struct spec_mount has them */
	const struct spec_overlay *overlay;
	int lower, own;	       /* of MOUNT_OVERLAY: owned; -1: not open */
	bool seal_later;       /* read-only, once it has been filled and has its owner */
	bool is_file;	       /* the source is no folder: the target is made as a file */
	const struct spec_content *content; /* of a small file that is bound instead of @source, or NULL */
	const int *given;      /* a detached tree whose copy is bound instead of @source; borrowed; or NULL */
	char *link;	       /* owned; copy-symlink: the target becomes this link; NULL: it does not */
};

struct mount_list {
	struct mount_op *v;
	size_t n;
};

/* Close what is open. The strings belong to the arena or the spec. */
void mount_list_close(struct mount_list *l);

struct mount_context {
	bool private_userns; /* the container has a user namespace of its own */
	/*
	 * Maps the ids of the tree of an operation that mount_op_asks() is true of: whoever runs the list has not the
	 * rights, and hands it to one who has. Return: 0, or -errno with @e filled. NULL: whoever runs the list has them
	 */
	int (*idmap)(const struct mount_op *op, int tree, void *arg, struct err *e);
	void *idmap_arg;
	bool net_owned;	     /* its network namespace is owned by that user namespace: sysfs can be mounted */
	bool pid_owned;	     /* the same for the pid namespace and proc */
	bool ipc_owned;	     /* the same for the ipc namespace and mqueue */
	bool keep_attributes; /* a bind that names an attribute keeps the others of its source, as in mount_setattr(2); else it
			       * loses them, as in mount(2), runc and crun */
	bool in_order;	     /* init opens the sources of binds, each in its turn, but for those of our own /proc */
	const char *bundle;  /* relative bind sources are below it */
	const char *rootfs;  /* host path of the container's root folder, or NULL: paths may be given below it */
	struct mount_maps maps; /* the container's own */
	const char *label;   /* mountLabel, or NULL */
	const char *cgroup;  /* the host's cgroup2, bound for a cgroup mount where the container has no cgroup namespace of its
			      * own; NULL: it has */
};

/* Whether a bind's source is to be opened by init, in its turn, also where the parent could. */
bool mount_op_by_init(const struct mount_op *op, const struct mount_context *c);

/*
 * Whether init opens the source and may not map its ids: the file system belongs to the host's user namespace, not to the
 * container's. The parent may, and cannot reach the source, which is in init's mount namespace.
 */
bool mount_op_asks(const struct mount_op *op, const struct mount_context *c);

/**
 * mount_list_from_spec() - The mounts of a configuration as operations. Opens nothing
 * @ret:	Arrays and strings in @arena
 *
 * Refused: "/" as a target of all but a bind or a tmpfs; targets below /proc other than binds on the few files that lxcfs offers; anything but proc or a
 * bind on /proc itself (rule K4; that the bind is one of procfs is checked when it is opened).
 *
 * Where a user namespace is not the owner of the network, pid or ipc namespace, sysfs, proc and mqueue become binds of the
 * host's /sys (read-only), /proc and /dev/mqueue.
 *
 * Return: 0, or -EINVAL with @e filled ("mounts[3] (/data): …")
 */
int mount_list_from_spec(struct arena *arena, const struct spec_mounts *mounts, const struct mount_context *c,
			 struct mount_list *ret, struct err *e);

#endif
