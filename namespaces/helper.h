/* SPDX-License-Identifier: Apache-2.0 */
/* helper.h: one of the small programs that have rights or knowledge which we lack (newuidmap, getsubids), run to its end. */
#ifndef NAMESPACES_HELPER_H
#define NAMESPACES_HELPER_H

#include "base/err.h"

/**
 * helper_run() - Run it and read what it says
 * @argv:	[0] is its absolute path; ends with NULL
 * @stream:	STDOUT_FILENO or STDERR_FILENO: what to read; the other one is thrown away
 * @ret:	At most @size - 1 bytes of it, with a zero after them; the rest is read and forgotten
 *
 * Return: its exit status (0 to 255), or -errno with @e filled
 */
int helper_run(char *const argv[], int stream, char *ret, size_t size, struct err *e);

#endif
