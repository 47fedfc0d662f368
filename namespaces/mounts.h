/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts.h: the mounts of a container as a list of plain operations: made from the configuration (pure), their sources
 * opened in the host, run in the container's mount namespace, by fd and with the new mount API, in order.
 *
 * Theory of operation. A bind's source is a detached tree (open_tree with OPEN_TREE_CLONE), taken by whoever may: the parent
 * where it has CAP_SYS_ADMIN in the host (so that a private user namespace can still get trees it could not reach, and so
 * that the parent can idmap them), else init before it leaves the host's tree. A new file system is made by init, so that it
 * belongs to the container's user namespace; /dev alone is made by the parent where that has the rights, so that device nodes
 * on it work. Targets are walked with RESOLVE_IN_ROOT from the new root's fd, made where missing, and never walked again:
 * move_mount attaches by two fds.
 */
#ifndef NAMESPACES_MOUNTS_H
#define NAMESPACES_MOUNTS_H

#include "base/err.h"
#include "namespaces/mount_options.h"
#include "spec/spec.h"

enum mount_how {
	MOUNT_BIND,	/* attach the tree in @tree */
	MOUNT_NEW,	/* fsopen(type), fsmount */
	MOUNT_DEV,	/* a tmpfs on /dev that the parent has made with its nodes (in @tree), or else as MOUNT_NEW plus binds */
	MOUNT_CGROUP,	/* cgroup2 of the new cgroup namespace; where that can't be, a read-only bind of our own cgroup */
	MOUNT_REMOUNT,	/* change what is mounted there */
	MOUNT_HOW_COUNT,
};

struct mount_op {
	enum mount_how how;
	int tree;	       /* owned; -1: nothing opened (yet) */
	const char *type;      /* MOUNT_NEW: "tmpfs", "proc", … */
	const char *source;    /* host path of a bind; what mountinfo shows for a new one */
	const char *target;    /* inside the container, absolute and normal */
	struct mount_options options;
	const struct spec_id_maps *uids, *gids; /* maps of its own, or NULL */
	bool idmap_container;  /* seen through the container's user namespace (a volume) */
	bool is_file;	       /* the source is no folder: the target is made as a file */
	const char *content;   /* text for a small file that is bound instead of @source (hosts, resolv.conf), or NULL */
};

struct mount_list {
	struct mount_op *v;
	size_t n;
};

/* Close what is open. The strings belong to the arena or the spec. */
void mount_list_close(struct mount_list *l);

struct mount_context {
	bool private_userns; /* the container has a user namespace of its own */
	bool net_owned;	     /* its network namespace is owned by that user namespace: sysfs can be mounted */
	bool pid_owned;	     /* the same for the pid namespace and proc */
	const char *bundle;  /* relative bind sources are below it */
	const char *label;   /* mountLabel, or NULL */
};

/**
 * mount_list_from_spec() - The mounts of a configuration as operations. Pure: opens nothing
 * @ret:	Arrays and strings in @arena
 *
 * Refused: targets below /proc other than the few files that lxcfs offers, and /proc or /sys as a target of a kind that
 * would hide the checks (rule K4).
 *
 * Return: 0, or -EINVAL with @e filled ("mounts[3] (/data): …")
 */
int mount_list_from_spec(struct arena *arena, const struct spec_mounts *mounts, const struct mount_context *c,
			 struct mount_list *ret, struct err *e);

/**
 * mount_list_open() - Open the sources of binds as detached trees, with attributes set
 *
 * In the parent, before clone3, where it may; else in init before pivot. A missing source is an error that names it.
 *
 * Return: 0, or -errno with @e filled; what is open stays in the list for mount_list_close()
 */
int mount_list_open(struct mount_list *l, const struct mount_context *c, struct err *e);

/**
 * mount_list_idmap() - Give the trees that want it the container's user namespace; in the parent after clone3
 *
 * Return: 0, or -errno with @e filled
 */
int mount_list_idmap(struct mount_list *l, int userns, struct err *e);

/**
 * mount_list_run() - Do them, in order, in the container's mount namespace; in init
 * @root:	fd of the new root, attached in the calling mount namespace
 *
 * Return: 0, or -errno with @e filled ("mount /data: …")
 */
int mount_list_run(struct mount_list *l, int root, const struct mount_context *c, struct err *e);

#endif
