/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_job.h: a part of protocol.h: trees of files that become tar streams, and tar streams that become files of a tree which
 * others may be changing.
 *
 * The tree is a folder, or it is the root of a running container, as that sees it: then the worker joins the container's mount
 * namespace to make a mount of its own of that root, and its user namespace where it has one of its own. From there on it is
 * nobody whom the container's root is not, numbers of owners are the container's, and no path leads out.
 */
#ifndef IMAGES_TREE_JOB_H
#define IMAGES_TREE_JOB_H

#include <limits.h>

#include "base/util.h"

/* What the entries of a stream stand for, when they come to their destination. */
enum tree_source {
	TREE_STREAM,   /* a tar stream from outside: as they are, into a folder */
	TREE_FILE,     /* one of any kind but a folder; the stream's only entry */
	TREE_FOLDER,   /* a folder; each entry's first part is its name */
	TREE_CONTENTS, /* what is in a folder; named likewise */
	TREE_SOURCES,
};

struct tree_job {
	bool joins_mount, joins_user; /* in place of the tree there are one or two namespaces */
	bool submounts;		      /* what is mounted below the root is part of it */
	char path[PATH_MAX];	      /* in the tree: what to pack; where to extract to */
	/* pack */
	bool follow;		     /* a symbolic link at the end of the path is what it leads to */
	bool layer;		     /* the tree is an overlay's upper folder: whiteouts become the marks of a layer */
	char name[NAME_MAX + 1];     /* of the topmost entry; "": what is in the folder stands at the top */
	/* extract */
	enum tree_source source;
	bool owners;		     /* as the entries say, setuid bits and attributes too; else all is root's */
	bool overwrite;		     /* a folder may take the place of something else, and the other way round */
};

#endif
