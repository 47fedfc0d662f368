/* SPDX-License-Identifier: Apache-2.0 */
/* update.h: other limits for a container that exists. */
#ifndef RUNTIME_UPDATE_H
#define RUNTIME_UPDATE_H

#include "runtime/state.h"

struct update_request {
	struct spec_resources resources; /* what changes; device rules in it are not looked at, as runc has it */
	const struct spec_device_rules *devices; /* the new ones; NULL: as they are */
	struct spec_map wishes;		 /* cgroup files and values: written where the file is there */
	const char *l3_cache_schema, *mem_bw_schema; /* of its resctrl group; NULL: as they are */
};

/**
 * container_update() - Set limits; a write that the kernel refuses undoes those before it
 *
 * Return: 0, or -errno with @e filled ("container not running")
 */
int container_update(int root, const char *id, const struct update_request *q, struct err *e);

#endif
