/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_root.h: this machine's own root as a container's: which of its file systems get an overlay, which are bound read-only,
 * and which stay outside. overlayfs shows of a lower folder only what is in its own file system: so one overlay for each.
 */
#ifndef NAMESPACES_HOST_ROOT_H
#define NAMESPACES_HOST_ROOT_H

#include "base/arena.h"
#include "base/err.h"

/* One line of mountinfo that the container gets. */
struct host_mount {
	uint64_t id;	  /* as statx(2) says it, STATX_MNT_ID */
	const char *path; /* unescaped */
	const char *type;
	bool overlay;  /* else bound read-only */
	bool writable; /* in the host */
};

/**
 * host_root_parse() - What of a mountinfo belongs to a container made of the host, parents before children. Pure
 * @ret:	In @arena
 *
 * Left out: file systems that are the kernel's own face, of which the container has its own (proc, sysfs, cgroup2, …), those
 * of other containers (overlay), and all below /proc, /sys, /dev, /run and /tmp. File systems with a device get an overlay,
 * unless overlayfs can't use them; the others are bound. The root gets an overlay, whatever it is.
 *
 * Mounts that are hidden by others are still in the list: only the kernel knows (compare @id).
 *
 * Return: 0, or -errno with @e filled
 */
int host_root_parse(struct arena *arena, const char *mountinfo, struct host_mount **ret, size_t *ret_n, struct err *e);

/**
 * host_root_name() - The name of a mount's folders below upper/ and work/: the same for the same path each time. Pure
 *
 * Return: in @arena, or NULL where there is no memory
 */
char *host_root_name(struct arena *arena, const char *path);

#endif
