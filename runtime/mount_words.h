/* SPDX-License-Identifier: Apache-2.0 */
/* mount_words.h: what -v and --mount ask for, read by tables. Pure: nothing is looked at on the disk. */
#ifndef RUNTIME_MOUNT_WORDS_H
#define RUNTIME_MOUNT_WORDS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum mount_type {
	MOUNT_TYPE_BIND,
	MOUNT_TYPE_VOLUME,
	MOUNT_TYPE_TMPFS,
	MOUNT_TYPE_IMAGE,
	MOUNT_TYPE_GLOB, /* a bind for each path that fits the source */
	MOUNT_TYPE_DEVPTS,
	MOUNT_TYPE_RAMFS,
	MOUNT_TYPE_COUNT,
};
extern const char *const mount_type_names[MOUNT_TYPE_COUNT];

struct mount_words {
	enum mount_type type;
	char *source, *target; /* source NULL: a volume without a name */
	char *subpath;
	const char *propagation, *maps; /* "rslave"; of idmap=MAPS, "": the container's; NULL: not given */
	char *upper, *work;		/* of an overlay, where they are not the container's own */
	bool readonly, writable;	/* the latter: of an image, which is read-only else */
	bool no_idmap, no_exec, dev, suid, not_recursive, no_copy, copy_up, chown, overlay;
	struct strv data; /* of a new file system: size=, mode= … */
};

/**
 * mount_words_volume() - "[SOURCE:]TARGET[:OPTION,…]"
 * @ret:	Strings in @a; what has no SOURCE, or one that begins with neither '/' nor '.', is a volume
 *
 * Return: 0, or -EINVAL or -ENOMEM with @e filled ("--volume WORD: …")
 */
int mount_words_volume(struct arena *a, const char *word, struct mount_words *ret, struct err *e);

/* "type=TYPE,KEY=VALUE,OPTION,…". Return: as mount_words_volume() */
int mount_words_mount(struct arena *a, const char *word, struct mount_words *ret, struct err *e);

#endif
