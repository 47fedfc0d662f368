/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.h: the job of writing a tree as a tar stream: sorted by name, so that the same tree gives the same bytes.
 *
 * Others may change the tree meanwhile. Every name is looked at and opened from the fd of its folder, following nothing; what
 * has gone by then is left out, and a file has the size that it had when it was opened.
 */
#ifndef IMAGES_WORKER_PACK_H
#define IMAGES_WORKER_PACK_H

#include "images/worker/tar_out.h"

struct pack {
	int root;	  /* of the tree; readable */
	const char *path; /* what of it, as found below the root; "": all of it. With "/" or "/." at its end it must be a folder */
	bool follow;	  /* if the path's last part is a symbolic link: what it leads to */
	const char *name; /* what to call it in the archive; "" where the entries of a folder stand at the top */
	bool layer;	  /* an overlay's upper folder: whiteouts and opaque folders become the marks of a layer */
	/* called once, before the first byte is written; NULL: not wanted */
	void (*found)(void *arg, bool is_folder);
	void *found_arg;
};

/* @to: where the stream goes. Return: 0, or -errno with @e filled */
int pack_tree(const struct pack *p, const struct sink_options *to, struct work_done *ret, struct err *e);

#endif
