/* SPDX-License-Identifier: Apache-2.0 */
/* chown_tree.h: all that is in a mounted tree given to one owner (-v SOURCE:TARGET:U). */
#ifndef NAMESPACES_CHOWN_TREE_H
#define NAMESPACES_CHOWN_TREE_H

#include <sys/types.h>

#include "base/err.h"

/**
 * chown_tree() - Give it away; nothing is followed
 * @tree:	A folder or a file, as an O_PATH fd
 *
 * Return: 0, or -errno with @e filled (-EPERM: whose it is now is nobody whom this user namespace knows)
 */
int chown_tree(int tree, uid_t uid, gid_t gid, struct err *e);

#endif
