/* SPDX-License-Identifier: Apache-2.0 */
/* place.h: one entry of a layer, put on disk. */
#ifndef IMAGES_WORKER_PLACE_H
#define IMAGES_WORKER_PLACE_H

#include "images/worker/name.h"
#include "images/worker/tar.h"
#include "images/worker/tree.h"

struct place {
	struct tree *tree;
	struct tar *tar;
	bool one_id;	 /* all files belong to 0: there is nobody else */
	bool no_devices; /* they can't be made here: skip them */
	uint64_t bytes;	 /* of all files placed, holes included */
};

/**
 * place_entry() - Make the file, folder, link or whiteout that an entry describes; what the layer had there
 * before goes
 * @entry:	The current one of @p->tar
 * @name:	Of name_parse()
 *
 * Return: 0, or -errno with @e filled; with tree->needs_lower set: nothing is wrong with the entry
 */
int place_entry(struct place *p, const struct tar_entry *entry, const struct entry_name *name, struct err *e);

#endif
