/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h: the lock-in, before the first byte from outside is read. Afterwards the process
 *
 *  - has a mount namespace with one folder in it, its job's, as the root: nothing there can be executed, is a
 *    device that opens, or is trusted with setuid bits; other folders only as fds, read-only, that lead nowhere else;
 *  - has network, IPC and UTS namespaces of its own with nothing in them;
 *  - keeps the capabilities that placing files needs, and can gain none;
 *  - makes no system call but those of its filter (filter.h), which reach no other process;
 *  - leaves no core, can't be traced, and has bounded memory.
 *
 * It stays in its user namespace: root must give files to any uid, and without root the parent has made one already. But for
 * one job, that on a running container: the root is then the container's, as that sees it, and so is the user namespace.
 */
#ifndef IMAGES_WORKER_SANDBOX_H
#define IMAGES_WORKER_SANDBOX_H

#include <sys/capability.h>

#include "base/err.h"

struct sandbox_container {
	int mount_ns;
	int user_ns; /* -1: it has none of its own */
};

struct sandbox {
	int root;	/* folder that becomes "/"; not consumed */
	const struct sandbox_container *container; /* whose root becomes "/" instead; NULL: nobody's */
	bool top_only;	/* what is mounted below the root stays away */
	bool root_readonly; /* nothing can be written below the root */
	int *readonly;	/* a further folder fd, replaced by one that can't be written through; NULL or -1: none */
	const cap_value_t *caps;
	size_t n_caps;
};

/**
 * sandbox_enter() - Lock this process in; it must have one thread
 *
 * On failure the process may be half-way in: the caller reports and ends.
 *
 * Return: an fd of the new root, readable; or -errno with @e filled
 */
int sandbox_enter(const struct sandbox *s, struct err *e);

/* Its parts, for a process that keeps the network (images/fetch). */

/* Make a mount that is attached nowhere the root of this mount namespace, and let go of the old one. */
int sandbox_change_root(int tree, struct err *e);

/* Memory and files are bounded, capabilities are none but those of @s, and no new ones can be gained. */
int sandbox_give_up(const struct sandbox *s, struct err *e);

#endif
