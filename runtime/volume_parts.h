/* SPDX-License-Identifier: Apache-2.0 */
/* volume_parts.h: what the files about volumes share: their folders, and what their options ask for. */
#ifndef RUNTIME_VOLUME_PARTS_H
#define RUNTIME_VOLUME_PARTS_H

#include "runtime/volumes.h"

#define VOLUME_FRESH  "fresh"
#define VOLUME_RANDOM 64 /* digits of a name that nobody chose */

/* What its options ask for. */
struct volume_words {
	bool mounted; /* something is mounted on _data, by mount(8) */
	const char *type, *device, *o; /* for that; NULL: not given. Of the volume's own strings */
	uint32_t uid, gid;   /* else: whose it is */
	uint64_t size_bytes; /* and what goes into it; 0: not limited */
};

/* Return: 0, or -EINVAL with @e filled */
int volume_words(const struct volume *v, struct volume_words *ret, struct err *e);

/* The settings of one whose folder is open. Return: 0, or -errno with @e filled */
int volume_read(int dir, const char *name, struct volume *ret, struct err *e);

/* Its folder, locked as @how says, while it has its name. Return: the fd, or -ENOENT and others with @e filled */
int volume_lock(const struct engine *g, const char *name, int how, struct err *e);

/* What is mounted on _data is so no longer. Return: 0, also where nothing is, or -errno with @e filled */
int volume_unmount(const struct engine *g, int dir, const char *name, struct err *e);

#endif
