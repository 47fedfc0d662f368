/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_maps.h: id maps written as a mount option, in crun's way: "idmap=uids=0-1-10#10-11-10;gids=0-100-10". Each triple is
 * the first id in the file system, the first id that is seen, and how many; with "@" before it the second is an id of the
 * container. Pure.
 */
#ifndef NAMESPACES_MOUNT_MAPS_H
#define NAMESPACES_MOUNT_MAPS_H

#include "base/err.h"
#include "spec/spec.h"

struct mount_maps {
	struct spec_id_maps uids, gids;
};

/**
 * mount_maps_parse() - Read such maps
 * @text:	What follows "idmap="
 * @container:	The container's own maps, for triples with "@"
 * @ret:	Lists in @arena
 *
 * Return: 0, or -EINVAL or -ENOMEM with @e filled
 */
int mount_maps_parse(struct arena *arena, const char *text, const struct mount_maps *container, struct mount_maps *ret,
		     struct err *e);

#endif
