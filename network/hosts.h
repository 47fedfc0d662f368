/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hosts.h: names by hosts files. Each container has a file of its own, which is bind-mounted: it is rewritten in place,
 * since a renamed one would leave the old one mounted. Only the lines between our two marks change; a container's own lines
 * stay.
 */
#ifndef NETWORK_HOSTS_H
#define NETWORK_HOSTS_H

#include "base/str.h"
#include "network/network.h"

/**
 * hosts_refresh() - Bring the hosts files of a network's containers up to date, under the network's lock
 * @names:	Folder fd of the network's names/
 *
 * A file that cannot be written is somebody else's failure, and passed over.
 *
 * Return: 0, or -errno with @e filled
 */
int hosts_refresh(int names, const struct net_network *n, struct err *e);

/* Take a network's names out of one container's file, best effort: it may be gone. */
void hosts_clear(const char *path, const char *network);

/* Give a network that is not ours its lines in one container's file: its own names. Return: 0, or -errno with @e filled */
int hosts_put(const char *path, const char *network, const struct net_addr *addresses, const struct strv *names, struct err *e);

/**
 * hosts_replace() - A text with a network's block in the place of its older one, or behind the rest; pure
 * @old:	@len bytes that a container may have written
 * @block:	With both marks, or ""
 * @ret:	Freed by the caller; it may have zero bytes inside, as @old may
 *
 * Return: 0, or -ENOMEM with @e filled
 */
int hosts_replace(const char *old, size_t len, const char *network, const char *block, char **ret, size_t *ret_len,
		  struct err *e);

#endif
