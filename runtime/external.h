/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external.h: what of a container lies outside of it, and so is not in a checkpoint: the sources of its binds, namespaces that
 * it shares, its standard streams. criu is told of each by a name when it dumps, and what has this name when it restores: from
 * the configuration and from us, never from the image.
 */
#ifndef RUNTIME_EXTERNAL_H
#define RUNTIME_EXTERNAL_H

#include "runtime/criu.h"
#include "runtime/plan.h"

/**
 * external_mounts() - Binds, devices that are bound, masks of files
 * @root:	fd of the container's root with everything mounted: a mount's name is where it really lies
 * @restore:	Name and source; otherwise place and name
 *
 * Return: 0, or -errno with @e filled
 */
int external_mounts(struct wire *o, const struct plan *p, int root, bool restore, struct err *e);

/* Namespaces joined by path that criu shall leave out. Return: 0, or -errno with @e filled. */
int external_namespaces_dump(struct wire *o, const struct spec *s, pid_t init, struct err *e);

#define EXTERNAL_NAMESPACES_MAX 2 /* network and pid */

/**
 * external_namespaces_restore() - Those that the configuration names now
 * @ret_fds:	Owned by the caller, to be kept open in criu from CRIU_FIRST_KEPT on
 * @ret_n:	Their number, after a failure too
 *
 * Return: 0, or -errno with @e filled
 */
int external_namespaces_restore(struct wire *o, const struct spec *s, int ret_fds[EXTERNAL_NAMESPACES_MAX], size_t *ret_n,
				struct err *e);

/* Write down which pipes the first process has as its streams: descriptors.json in the folder of the images. */
int external_streams_save(int images, pid_t init, struct err *e);

/* Our own streams shall take their places. */
int external_streams_restore(struct wire *o, int images, struct err *e);

#endif
