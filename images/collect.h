/* SPDX-License-Identifier: Apache-2.0 */
/* collect.h: take away the content of an image that no record refers to. */
#ifndef IMAGES_COLLECT_H
#define IMAGES_COLLECT_H

#include "images/images.h"

/**
 * collect_orphans() - Move what only this image had out of the store
 * @work:	A work folder, locked by us; the content goes there, to be removed with it
 * @record:	File in it: the image's record, which is no longer, or not yet, in records/
 *
 * What another command holds stays: it is about to refer to it, or collects it itself if it fails.
 *
 * Return: 0, or -errno with @e filled (what was moved stays moved: asking again goes on)
 */
int collect_orphans(const struct store *s, int work, const char *record, struct err *e);

/**
 * collect_strays() - Content that no record names and nobody is at work on: what only a power cut or a hand can have left
 * @work:	Where it goes, to be removed; -1: it stays
 * @f:		Told of each; @kind: "blob" or "layer"
 *
 * Return: 0, or -errno with @e filled; a result of @f other than 0 ends it
 */
int collect_strays(const struct store *s, int work, int (*f)(const char *kind, const char *name, void *arg, struct err *e),
		   void *arg, struct err *e);

#endif
