/* SPDX-License-Identifier: Apache-2.0 */
/* target.h: mount points inside a root that is not ours: found or made, held by fd, and never walked to again (rules K1, K3). */
#ifndef NAMESPACES_TARGET_H
#define NAMESPACES_TARGET_H

#include "base/err.h"

enum target_flags {
	TARGET_FILE = BIT(0),	  /* make a file where there is nothing; else a folder, which it must be */
	TARGET_NOFOLLOW = BIT(1), /* a link at the end is itself the target */
	TARGET_REAL = BIT(2),	  /* no link anywhere on the way: /proc and /sys (S05) */
};

/**
 * target_open() - The mount point for @path, made where it is missing
 * @root:	fd of the container's root
 * @path:	Absolute and normal, as the container sees it
 * @flags:	enum target_flags
 * @ret_made:	Whether it had to be made; may be NULL
 *
 * Links lead where they do inside @root. One that leads nowhere is followed too, and what it names is made inside @root:
 * images have such links, /etc/resolv.conf into /run for one.
 *
 * Return: an O_PATH fd owned by the caller, or -errno with @e filled
 */
int target_open(int root, const char *path, unsigned flags, bool *ret_made, struct err *e);

#endif
