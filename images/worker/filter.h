/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h: the system calls of the worker. */
#ifndef IMAGES_WORKER_FILTER_H
#define IMAGES_WORKER_FILTER_H

#include "base/err.h"

/**
 * filter_load() - From here on this process can read, place files, talk on the sockets it has, and start threads
 *
 * Any other call gives ENOSYS: the C library then takes its older way where it has one.
 *
 * Return: 0, or -errno with @e filled
 */
int filter_load(struct err *e);

#endif
