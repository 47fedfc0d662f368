/* SPDX-License-Identifier: Apache-2.0 */
/* idrange.h: ranges of 65,536 host ids, one for each container that has a user namespace of its own. */
#ifndef NAMESPACES_IDRANGE_H
#define NAMESPACES_IDRANGE_H

#include "base/err.h"

#define IDMAP_RANGE 65536 /* ids of one container, and the alignment of a range */

/**
 * idmap_take_range() - Reserve a range for a container
 * @ranges:	Folder fd of idranges/
 * @id:		Container id
 * @ret_start:	First host id
 *
 * A range in use is a symbolic link idranges/START that reads as the container's id: taken in one step, with its owner's name,
 * by the one process whose symlinkat(2) succeeds. One that @id has already (a creation that was killed) is taken again.
 *
 * Ranges come from the `paene` entries of /etc/subuid and /etc/subgid (both must allow it); where there is no such entry,
 * from 1,879,048,192 to 2,147,483,647, which systemd leaves free above its own containers. Ranges that another entry or a user
 * of /etc/passwd lies in are passed over.
 *
 * Return: 0, or -errno with @e filled (-ENOSPC: all are in use)
 */
int idmap_take_range(int ranges, const char *id, uint32_t *ret_start, struct err *e);

/**
 * idmap_share_range() - Have a range together with the container that it was taken for: it stays until the last has given it back
 *
 * The link becomes a folder, idranges/START/, with a link of this kind for each of them by its name. Whoever shares the ids of
 * a container looks afterwards whether that one still runs: only then was the range its own.
 *
 * Return: 1, or 0 where nobody has this range, or -errno with @e filled
 */
int idmap_share_range(int ranges, const char *id, uint32_t start, struct err *e);

/* Give it back, if it is @id's, too. What is not there is fine. Return: 0, or -errno with @e filled. */
int idmap_release_range(int ranges, const char *id, uint32_t start, struct err *e);

/* For a sweep: of what is named @name in @ranges, nobody has it that @is_there does not know any more. Best effort. */
void idmap_sweep_range(int ranges, const char *name, bool (*is_there)(const char *id, void *arg), void *arg);

#endif
