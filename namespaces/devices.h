/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.h: device nodes of a container: the default ones that the runtime-spec demands, and those of linux.devices.
 *
 * Where the parent has the rights, it makes the whole /dev as a detached tmpfs (nodes with owners of the container's map), and
 * init only attaches it. Without them, and where the configuration mounts nothing on /dev: init makes nodes, or binds the
 * host's where mknod is not allowed, verified by their numbers (rule K5).
 */
#ifndef NAMESPACES_DEVICES_H
#define NAMESPACES_DEVICES_H

#include "base/err.h"
#include "namespaces/mount_list.h"
#include "spec/spec.h"

/* null, zero, full, random, urandom, tty: c 1:3 … mode 0666. Ends with a NULL path. */
extern const struct spec_device devices_default[];

/**
 * devices_make_tmpfs() - A detached tmpfs for /dev with nodes, links (fd, stdin, stdout, stderr, ptmx, core) and the folders
 * pts, shm, mqueue; in the parent
 * @op:		The configuration's tmpfs on /dev: its options count
 * @devices:	All that the container gets, the default ones too; those elsewhere than below /dev are passed over
 * @uids, @gids: The container's maps (n 0: none): owners are given in them
 *
 * Return: the tree's fd, owned by the caller, or -errno with @e filled
 */
int devices_make_tmpfs(const struct mount_op *op, const struct spec_devices *devices, const struct spec_id_maps *uids,
		       const struct spec_id_maps *gids, struct err *e);

/**
 * devices_make_in() - Make or bind what is missing of them below a root; in init, before pivot
 * @bind:	Bind the host's nodes instead of mknod (a user namespace without rights)
 * @links:	The links fd, stdin, stdout, stderr, ptmx and core too
 *
 * Return: 0, or -errno with @e filled
 */
int devices_make_in(int root, const struct spec_devices *devices, bool bind, bool links, struct err *e);

/* The same for those alone that are elsewhere than below /dev, where devices_make_tmpfs() has made the others. */
int devices_make_elsewhere(int root, const struct spec_devices *devices, bool bind, struct err *e);

#endif
