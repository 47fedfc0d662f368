/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h: the system calls that are left to a process that reads bytes from outside. */
#ifndef IMAGES_WORKER_FILTER_H
#define IMAGES_WORKER_FILTER_H

#include <seccomp.h>

#include "base/err.h"

/* A call that is allowed where one of its arguments is so. */
struct filter_limit {
	int call;
	struct scmp_arg_cmp arg;
};

/* What a program needs beside memory, threads, and the files and sockets that it has. */
struct filter {
	const int *calls;
	size_t n_calls;
	const struct filter_limit *limits;
	size_t n_limits;
};

/* Placing the files of a layer. */
extern const struct filter filter_places_files;

/**
 * filter_load() - From here on this process can read and write what it has open, start threads, and do what @own has
 *
 * Any other call gives ENOSYS: the C library then takes its older way where it has one.
 *
 * Return: 0, or -errno with @e filled
 */
int filter_load(const struct filter *own, struct err *e);

#endif
