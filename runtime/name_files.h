/* SPDX-License-Identifier: Apache-2.0 */
/* name_files.h: /etc/hosts, /etc/resolv.conf and /etc/hostname of a run, by the network that it is on. */
#ifndef RUNTIME_NAME_FILES_H
#define RUNTIME_NAME_FILES_H

#include "runtime/run.h"

/**
 * name_files_take() - Take its addresses, write its files and have them bound into it; find the namespace that it is to join
 *
 * Return: 0, or -errno with @e filled; what was leased by then is the caller's to give back
 */
int name_files_take(struct run *r, struct err *e);

#endif
