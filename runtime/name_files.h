/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name_files.h: files that a run has of its own: /etc/hosts, /etc/resolv.conf and /etc/hostname, by the network that it is on;
 * /etc/passwd and /etc/group, where a user keeps their id.
 */
#ifndef RUNTIME_NAME_FILES_H
#define RUNTIME_NAME_FILES_H

#include "runtime/run.h"

/**
 * name_files_take() - Take its addresses, write its files and have them bound into it; find the namespace that it is to join
 *
 * Return: 0, or -errno with @e filled; what was leased by then is the caller's to give back
 */
int name_files_take(struct run *r, struct err *e);

/**
 * name_files_accounts() - The image's accounts with that of the user, bound over them, where settings ask for it
 * @root:	The container's root, without these binds; made for the first start, and kept with what the container writes there
 *
 * Return: 0, or -errno with @e filled
 */
int name_files_accounts(struct run *r, int root, struct err *e);

#endif
