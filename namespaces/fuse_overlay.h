/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_overlay.h: an overlay by the program fuse-overlayfs, where the kernel mounts none: the folder that is written to lies on
 * an overlay itself or on a network file system, or its file system knows no idmapped mounts.
 *
 * We make the mount and hand the program /dev/fuse, with the layers' and the container's folder as fds. So the mount is nowhere
 * until the container's init attaches it, and nowhere but there: it ends with the container's mount namespace, and the program
 * with it, however either came to its end. Nothing has to be unmounted by anybody.
 *
 * The program maps ids itself. What it writes is in a form of its own (opaque folders as `.wh..wh..opq`): a container stays
 * with it.
 */
#ifndef NAMESPACES_FUSE_OVERLAY_H
#define NAMESPACES_FUSE_OVERLAY_H

#include "base/err.h"
#include "spec/spec.h"

#define FUSE_OVERLAY_PROGRAM "/usr/bin/fuse-overlayfs"

struct fuse_overlay {
	const char *layers;    /* folder of the layers */
	char *const *lowers;   /* names in it, lowest first */
	size_t n_lowers;
	const char *container; /* folder with upper/ and work/ */
	const struct spec_id_maps *uids, *gids; /* empty: as on the host */
	bool transient;	       /* as in struct overlay */
};

/**
 * fuse_overlay_new() - Start the program on a new mount, not attached anywhere
 * @ret_alive:	Reading end of a pipe that nobody writes to: its end of file says that the program has ended
 *
 * Return: the tree's fd, owned by the caller, or -errno with @e filled, with the program's own words
 */
int fuse_overlay_new(const struct fuse_overlay *o, int *ret_alive, struct err *e);

#endif
