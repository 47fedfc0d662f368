/* SPDX-License-Identifier: Apache-2.0 */
/* helper.h: one of the small programs that have rights, knowledge or libraries which we lack (newuidmap), run to its end. */
#ifndef BASE_HELPER_H
#define BASE_HELPER_H

#include "base/err.h"

/**
 * helper_run() - Run it and read what it says
 * @argv:	[0] is its absolute path; ends with NULL
 * @envp:	Ends with NULL; NULL: an empty environment
 * @stream:	STDOUT_FILENO or STDERR_FILENO: what to read; the other one is thrown away
 * @ret:	At most @size - 1 bytes of it, with a zero after them; the rest is read and forgotten
 *
 * Return: its exit status (0 to 255), or -errno with @e filled
 */
int helper_run(char *const argv[], char *const envp[], int stream, char *ret, size_t size, struct err *e);

#endif
