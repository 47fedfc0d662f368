/* SPDX-License-Identifier: Apache-2.0 */
/* commit.h: an image of what a container has made of its own. */
#ifndef RUNTIME_COMMIT_H
#define RUNTIME_COMMIT_H

#include "images/derive.h"
#include "runtime/engine.h"

struct commit_options {
	const char *name;	   /* of the image; NULL: none */
	const struct strv *changes; /* --change, see images/changes.h */
	const char *message, *author; /* NULL: none */
	bool docker;		   /* docker's manifest, else OCI's */
	bool squash;		   /* one layer with everything, instead of one more */
	bool pause;		   /* freeze its processes meanwhile, if it runs */
	void (*progress)(const struct image_progress *p, void *arg); /* called now and then; NULL: not wanted */
	void *progress_arg;
};

/**
 * container_commit() - What the container has written becomes a layer on top of its image
 * @ret:	The new image
 *
 * Its config is the image's with what the container was started with: command, environment, user, working folder, labels. One
 * that runs is frozen while it is read, unless it was frozen before, and thawed again.
 *
 * Return: 0, or -errno with @e filled
 */
int container_commit(const struct engine *g, const char *id, const struct commit_options *o, struct derived *ret,
		     struct err *e);

#endif
