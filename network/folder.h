/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h: a network's folder: settings, leases/, names/. */
#ifndef NETWORK_FOLDER_H
#define NETWORK_FOLDER_H

#include "base/err.h"

#define FOLDER_SETTINGS "settings"
#define FOLDER_LEASES	"leases"
#define FOLDER_NAMES	"names"

/**
 * folder_open() - Open a network's folder, or one in it
 * @sub:	FOLDER_LEASES, FOLDER_NAMES, or NULL for the network's own
 *
 * Return: the fd, owned by the caller, or -errno with @e filled (-ENOENT: no such network)
 */
int folder_open(int networks, const char *network, const char *sub, struct err *e);

/* An exclusive lock on a folder, waiting for it. Return: the fd that holds it until it is closed, or -errno; @e filled */
int folder_lock(int folder, struct err *e);

#endif
