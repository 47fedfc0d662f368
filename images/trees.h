/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trees.h: trees of files that go out as tar streams, and come in: the parent's side of the worker's jobs on them
 * (tree_job.h). Who calls it opens the tree, and reads nothing of it.
 */
#ifndef IMAGES_TREES_H
#define IMAGES_TREES_H

#include "images/images.h"
#include "images/protocol.h"

/* Where a tree is. */
struct tree_at {
	int folder;	       /* its root, O_PATH will do; -1: it is the root of a running container … */
	int mount_ns, user_ns; /* … whose namespaces these are; user_ns -1: it has none of its own */
	bool top_only;	       /* what is mounted in it is no part of it */
};
#define TREE_NOWHERE { -1, -1, -1, false }
void tree_close(struct tree_at *t);
#define auto_tree __attribute__((cleanup(tree_close)))

struct tree_out {
	const struct tree_at *at;
	const char *path; /* what of it; "": all */
	const char *name; /* what to call it in the stream; "": what is in the folder stands at the top */
	bool follow, layer; /* as struct tree_job has them */
	enum work_compression compression; /* none, gzip, zstd */
};

struct tree_in {
	const struct tree_at *at;
	const char *path; /* where to */
	bool owners, overwrite; /* as struct tree_job has them */
};

struct tree_options {
	const char *worker; /* path of the paene-worker program */
	void (*progress)(const struct image_progress *p, void *arg); /* called now and then; NULL: not wanted */
	void *progress_arg;
};

/**
 * tree_pack() - A tree to a tar stream
 * @output:	File or pipe; not consumed
 * @ret:	Entries, bytes, digests; NULL: not wanted
 *
 * Return: 0, or -errno with @e filled
 */
int tree_pack(const struct tree_out *out, int output, const struct tree_options *o, struct work_done *ret, struct err *e);

/* A tar stream from outside, plain or compressed, into a folder of a tree. Return: 0, or -errno with @e filled */
int tree_extract(int input, const struct tree_in *in, const struct tree_options *o, struct err *e);

/**
 * tree_copy() - From one tree to another, by the rules of `docker cp` (worker/aim.h)
 * @out:	Its name counts where the destination is a folder
 * @contents:	What is in the folder, not the folder itself
 *
 * Return: 0, or -errno with @e filled
 */
int tree_copy(const struct tree_out *out, bool contents, const struct tree_in *in, const struct tree_options *o,
	      struct err *e);

/**
 * tree_store() - A tar stream from outside becomes a layer's blob
 * @work:	Folder that gets the file WORK_LAYER_FILE
 * @compression: Of the blob
 * @ret:	Bytes and digests
 *
 * It is not looked into: that is done when the layer is unpacked. Return: 0, or -errno with @e filled
 */
int tree_store(int input, int work, enum work_compression compression, const struct tree_options *o,
	       struct work_done *ret, struct err *e);

#endif
