/* SPDX-License-Identifier: Apache-2.0 */
/* container_tree.h: the files of a container, for whoever copies them: as it sees them while it runs, else its root alone. */
#ifndef RUNTIME_CONTAINER_TREE_H
#define RUNTIME_CONTAINER_TREE_H

#include "images/trees.h"
#include "runtime/engine.h"

struct container_tree {
	struct tree_at at;
	int watch; /* of one that does not run: it cannot be started meanwhile; -1: it runs */
};
#define CONTAINER_TREE_NONE { TREE_NOWHERE, -1 }

/**
 * container_tree_open() - Get hold of a container's files
 *
 * Of one that runs: its namespaces, so that volumes and binds are seen. Of others: its layers and its own one, mounted together
 * and attached nowhere; volumes are not there.
 *
 * Return: 0, or -errno with @e filled (-EBUSY: it is just starting; -EOPNOTSUPP: it does not run and has no layers)
 */
int container_tree_open(const struct engine *g, const char *id, struct container_tree *ret, struct err *e);
void container_tree_close(struct container_tree *t);
#define auto_container_tree __attribute__((cleanup(container_tree_close)))

#endif
