/* SPDX-License-Identifier: Apache-2.0 */
/* copyup.h: the contents of a folder copied into a new tmpfs that will hide it (mount option "tmpcopyup"). */
#ifndef NAMESPACES_COPYUP_H
#define NAMESPACES_COPYUP_H

#include "base/err.h"

/**
 * copyup() - Copy what is in one folder into another, with owners, modes and times; nothing is followed
 * @from:	Folder of the container (an O_PATH fd will do)
 * @to:		Empty folder that nobody else sees
 *
 * Device nodes that may not be made here are left out. @to itself is not changed; extended attributes are not copied.
 *
 * Return: 0, or -errno with @e filled
 */
int copyup(int from, int to, struct err *e);

#endif
