/* SPDX-License-Identifier: Apache-2.0 */
/* mount_sources.h: the sources of binds as detached trees with their attributes set, seen through id maps where asked. */
#ifndef NAMESPACES_MOUNT_SOURCES_H
#define NAMESPACES_MOUNT_SOURCES_H

#include "namespaces/mount_list.h"

/**
 * mount_list_open() - Open the sources of binds as detached trees, with attributes, propagation and maps of their own set
 *
 * In the parent, before clone3. Without rights in the host nothing is opened, nor with mount_context.in_order, and sources that
 * earlier mounts of the list reach are not yet there: init opens them in mount_list_run(). A missing source is an error that
 * names it.
 *
 * A bind keeps the attributes of its source where the options name none, else see mount_context.keep_attributes. In a private
 * user namespace ro, nosuid, nodev and noexec stay in any case: options that would have it otherwise are an error. Nothing
 * mounted inside can reach the host by a shared bind then.
 *
 * Return: 0, or -errno with @e filled ("mount /data: open /no/such: …"); what is open stays in the list for
 * mount_list_close()
 */
int mount_list_open(struct mount_list *l, const struct mount_context *c, struct err *e);

/* One of them, in whatever mount namespace we are; @root: where op->inside begins. Return: 0, or -errno with @e filled. */
int mount_source_open(struct mount_op *op, int root, const struct mount_context *c, struct err *e);

/**
 * mount_source_idmap() - Map the ids of a tree that init has cloned, and sent; in the parent
 * @op:		One that mount_op_asks() is true of
 * @userns:	The container's
 *
 * Return: 0, or -errno with @e filled ("mount /data: …")
 */
int mount_source_idmap(const struct mount_op *op, int tree, int userns, struct err *e);

/**
 * mount_list_idmap() - Give the trees that want it the container's user namespace; in the parent after clone3
 *
 * Return: 0, or -errno with @e filled
 */
int mount_list_idmap(struct mount_list *l, int userns, struct err *e);

#endif
