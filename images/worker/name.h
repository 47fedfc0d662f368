/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h: the name of an entry: its folder, its last part, and what a layer means by it (image-spec layer.md,
 * "Whiteouts"). Pure words: nothing here looks at a file system.
 */
#ifndef IMAGES_WORKER_NAME_H
#define IMAGES_WORKER_NAME_H

#include <limits.h>

#include "base/err.h"

#define NAME_WHITEOUT_PREFIX ".wh."
#define NAME_OPAQUE_MARK     ".wh..wh..opq"

enum name_kind {
	NAME_PLAIN,
	NAME_ROOT,     /* "./" and the like: the layer's root itself; folder and last are "" */
	NAME_WHITEOUT, /* ".wh.NAME": @last is NAME, of a lower layer, which is to vanish */
	NAME_OPAQUE,   /* ".wh..wh..opq": all that lower layers have in @folder is to vanish */
	NAME_IGNORED,  /* other ".wh..wh.", and what is in such a folder: marks of aufs, which concern no file */
};

struct entry_name {
	enum name_kind kind;
	char folder[PATH_MAX]; /* "usr/bin"; "" is the root */
	char last[NAME_MAX + 1];
};

/**
 * name_clean() - A path of an archive, below its root, without "." parts and doubled slashes
 * @raw:	"./usr//bin/x", "/usr/bin/x"
 * @ret:	"usr/bin/x"; "" for the root
 *
 * A leading slash is the archive's root.
 *
 * Return: 0, or -EINVAL with @e filled (".." as a part), -ENAMETOOLONG
 */
int name_clean(const char *raw, char ret[PATH_MAX], struct err *e);

/*
 * The parts of an entry's name. Return: 0, or as name_clean(); -EINVAL
 * for a whiteout of nothing or with something in it
 */
int name_parse(const char *raw, struct entry_name *ret, struct err *e);

/* The same for the target of a hard link, to which ".wh." means nothing. */
int name_parse_target(const char *raw, struct entry_name *ret, struct err *e);

#endif
