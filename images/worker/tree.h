/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h: the folders of the layer that is being unpacked, seen together with the layers below it.
 *
 * One folder is open at a time, the one that the last entry was placed in: the next entry is mostly in the
 * same. Placing a file changes its folder's time, so the time is noted when a folder is opened and set again
 * when it is left: memory is bounded, and it does not matter where in the archive the folder's own entry
 * stands.
 *
 * A layer may leave out the folders of its files. They exist in the layers below, and there they may be
 * symbolic links: tree_folder() walks both trees at once, as overlayfs will show them, and makes what is
 * missing as it is below.
 */
#ifndef IMAGES_WORKER_TREE_H
#define IMAGES_WORKER_TREE_H

#include <limits.h>
#include <time.h>

#include "base/err.h"

#define TREE_DETAIL 80 /* as chain_detail of struct work_done */

struct tree {
	int root;    /* of the layer; readable, not owned */
	int lower;   /* root of all lower layers merged; -1: not given; not owned */
	bool lowest; /* there are none */

	bool needs_lower;	  /* the layer can't be completed without them… */
	char detail[TREE_DETAIL]; /* …because of this name */
	bool opaque_root;	  /* nothing of the lower layers is to be seen */
	bool acls;		  /* a folder passes an access control list on to what is made in it */

	int current; /* the folder that is open; -1: none */
	struct timespec current_mtime;
	char current_path[PATH_MAX];
};

/* Give the root what it has if no entry describes it: what it has below, or meta_default. Return: 0, or -errno */
int tree_begin(struct tree *t, struct err *e);

/**
 * tree_enter() - The folder that an entry is placed in
 * @folder:	As struct entry_name has it; symbolic links in it are followed, below the root
 *
 * Return: its fd, which stays the tree's and is good until the next call; -errno with @e filled, and needs_lower set
 * where that is why
 */
int tree_enter(struct tree *t, const char *folder, struct err *e);

/* Close the open folder, its time as it should be. */
int tree_leave(struct tree *t, struct err *e);

/* For every way out: close without setting anything. */
void tree_close(struct tree *t);

/*
 * Any folder, made with what is above it where it is missing. Return:
 * an fd owned by the caller, or -errno as above
 */
int tree_open(struct tree *t, const char *folder, struct err *e);

/* The same, step by step, with its path without symbolic links in @real. */
int tree_folder(struct tree *t, const char *path, char real[PATH_MAX], struct err *e);

/**
 * tree_lower() - Open what the lower layers have under a name, as it shows through this layer
 * @folder:	Of tree_folder(), without symbolic links
 * @flags:	O_PATH; O_RDONLY only where it is known to be a regular file
 *
 * Return: an fd owned by the caller; -ENOENT with @e as it was: there is nothing, or it is hidden; other -errno
 */
int tree_lower(struct tree *t, const char *folder, const char *name, int flags, struct err *e);

/* Note that the layer needs its lowers, because of @name. Return: -ENODATA with @e filled */
int tree_needs_lower(struct tree *t, const char *name, struct err *e);

/*
 * For opaque_root, at the end of the layer: whiteouts for all that the
 * lower layers have, since overlayfs merges roots.
 */
int tree_hide_lower_root(struct tree *t, struct err *e);

#endif
