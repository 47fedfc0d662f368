/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract.h: the job of making a tar stream files of a tree that is there already, and that others may change meanwhile: a
 * running container.
 *
 * The tree is the worker's whole world (sandbox.h), so nothing can lead out of it. Within it, only a destination that the user
 * named and the folders of a stream from outside are walked through symbolic links, below the root. Everything else is looked up
 * from the fd of its folder and follows nothing; a file is made anew, exclusively, and given its owner and mode by its fd.
 */
#ifndef IMAGES_WORKER_EXTRACT_H
#define IMAGES_WORKER_EXTRACT_H

#include "images/tree_job.h"
#include "images/worker/stream.h"

struct extract {
	struct stream_options stream;
	int root;		 /* of the tree */
	const struct tree_job *job;
};

/* Return: 0, or -errno with @e filled: what came before it stays */
int extract_stream(const struct extract *x, struct work_done *ret, struct err *e);

#endif
