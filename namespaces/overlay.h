/* SPDX-License-Identifier: Apache-2.0 */
/* overlay.h: an overlay of folders that are named relative to the current directory, as overlayfs itself wants them. */
#ifndef NAMESPACES_OVERLAY_H
#define NAMESPACES_OVERLAY_H

#include "base/err.h"

struct overlay {
	const char *below;    /* "lower/": put in front of each of @lowers */
	char *const *lowers;  /* lowest first */
	size_t n_lowers;
	const char *upper, *work;
	bool transient; /* what is written need not outlive the mount: no sync, neither by the container nor at its end */
};

/**
 * overlay_new() - Mount it, not attached anywhere
 *
 * The layers must be attached in the calling mount namespace. Whiteouts and opaque folders are those of `userxattr`, whoever
 * mounts, so that one store serves all containers.
 *
 * Return: the tree's fd, owned by the caller, or -errno with @e filled
 */
int overlay_new(const struct overlay *o, struct err *e);

#endif
