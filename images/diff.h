/* SPDX-License-Identifier: Apache-2.0 */
/* diff.h: what an overlay's upper folder changes of what is below it: what `diff` lists. */
#ifndef IMAGES_DIFF_H
#define IMAGES_DIFF_H

#include "base/arena.h"
#include "base/err.h"

enum change_kind {
	CHANGE_MODIFIED,
	CHANGE_ADDED,
	CHANGE_DELETED,
	CHANGE_KINDS,
};

struct change_entry {
	enum change_kind kind;
	char *path; /* absolute */
};

struct changes {
	struct arena arena;
	struct change_entry *v; /* a folder before what is in it, by name */
	size_t n, room;
};

struct diff {
	int upper; /* whiteouts as overlayfs has them */
	int lower; /* all that is below, merged; -1: nothing */
	/* Is this path none of the container's doing? NULL: none is. A folder that changed only by what is ignored did not */
	bool (*ignore)(const char *path, const void *arg);
	const void *arg;
};

/**
 * diff_layers() - Compare names and metadata; no file is read
 * @ret:	To be freed with arena_free(&ret->arena)
 *
 * Return: 0, or -errno with @e filled
 */
int diff_layers(const struct diff *d, struct changes *ret, struct err *e);

#endif
