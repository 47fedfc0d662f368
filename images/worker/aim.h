/* SPDX-License-Identifier: Apache-2.0 */
/* aim.h: where what is copied goes, given what is there: the rules of `docker cp` as words. Pure. */
#ifndef IMAGES_WORKER_AIM_H
#define IMAGES_WORKER_AIM_H

#include "base/err.h"
#include "images/tree_job.h"

enum aim_there {
	AIM_NOTHING,
	AIM_FOLDER,
	AIM_OTHER, /* a file, a device, … */
	AIM_THERES,
};

enum aim {
	AIM_INTO,   /* into the folder that is there, under their own names */
	AIM_AS,	    /* in its place, or where nothing is: the first part of each name is replaced by the destination's */
	AIM_WITHIN, /* into the folder that is there, the first part of each name left out */
};

/**
 * aim() - Where to
 * @slash:	The destination ends in "/" or "/.": it must be a folder
 * @overwrite:	A folder may take the place of a file
 *
 * Return: enum aim, or -errno with @e filled (it does not name the destination)
 */
int aim(enum tree_source source, enum aim_there there, bool slash, bool overwrite, struct err *e);

/* Does this path say that it is a folder: does it end in "/", "/." or "/.."? */
bool aim_says_folder(const char *path);

#endif
