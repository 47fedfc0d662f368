/* SPDX-License-Identifier: Apache-2.0 */
/* tree_size.h: how much room trees of files take on the disk. */
#ifndef BASE_TREE_SIZE_H
#define BASE_TREE_SIZE_H

#include <sys/types.h>

#include "base/err.h"

struct tree_inode {
	dev_t dev;
	ino_t ino; /* 0: none */
};

struct tree_size {
	uint64_t bytes; /* as stored: blocks */
	struct tree_inode *seen; /* files with several names: each counts once, in whatever trees its names are */
	size_t n_seen, room;
};
void tree_size_free(struct tree_size *t);
#define auto_tree_size __attribute__((cleanup(tree_size_free)))

/**
 * tree_size_add() - Add a file, or a folder with all that lies below it
 * @name:	In @dir; one that is not there adds nothing
 *
 * However deep folders are, one descriptor is open; those below a path of PATH_MAX are not counted, nor what goes meanwhile.
 *
 * Return: 0, or -errno with @e filled
 */
int tree_size_add(struct tree_size *t, int dir, const char *name, struct err *e);

#endif
