/* SPDX-License-Identifier: Apache-2.0 */
/* host_ps.h: what this machine's own ps says, of some processes only. */
#ifndef CLI_HOST_PS_H
#define CLI_HOST_PS_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

/* Where it is, or NULL: there is none. */
const char *host_ps_path(void);

/**
 * host_ps_print() - Run it, and print its titles and the lines of these processes
 * @path:	From host_ps_path()
 * @options:	Its options; ends with NULL; none: -ef. One of its columns must be PID
 *
 * Return: 0, or -errno with @e filled
 */
int host_ps_print(const char *path, char *const *options, const pid_t *pids, size_t n, struct arena *arena, struct err *e);

#endif
