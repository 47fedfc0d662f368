/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay.h: an overlay of folders that are named relative to the current directory, as overlayfs itself wants them.
 *
 * Always with `userxattr`, whoever mounts: whiteouts and opaque folders are then the same for root and in user namespaces, so
 * that one store serves all containers. The kernel has neither redirects nor metacopy with it, whatever the parameters of its
 * module say: where an image brings a redirect as an attribute it is refused. What else those parameters could change is given:
 * no index (it ties an upper folder to the very layers it was first used with, and it needs what not every file system has),
 * and inode numbers that are unique where layers lie on several file systems and these leave room for it.
 *
 * What a container sees, as with others' containers: a folder that comes from a layer cannot be renamed (EXDEV, mv(1) copies);
 * a file of a layer with several names is one of its own by the name that it is written to by; inode numbers of others stay
 * when they are written to.
 */
#ifndef NAMESPACES_OVERLAY_H
#define NAMESPACES_OVERLAY_H

#include "base/err.h"

#define OVERLAY_LAYERS_MAX 500 /* the kernel's limit */

struct overlay {
	const char *below;    /* "lower/": put in front of each of @lowers */
	char *const *lowers;  /* lowest first */
	size_t n_lowers;
	const char *upper, *work;
	bool transient; /* what is written need not outlive the mount: no sync, neither by the container nor at its end. Upper and
			 * work cannot be mounted again */
	bool classic;	/* by mount(2), as it is done before Linux 6.5 anyway */
};

/**
 * overlay_new() - Mount it, not attached anywhere
 *
 * The layers must be attached in the calling mount namespace. The working directory stays what it is.
 *
 * Return: the tree's fd, owned by the caller, or -errno with @e filled (-EINVAL: not with these folders; -ENODEV: the kernel has
 *	   no overlayfs; -E2BIG: too many layers)
 */
int overlay_new(const struct overlay *o, struct err *e);

#endif
