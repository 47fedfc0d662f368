/* SPDX-License-Identifier: Apache-2.0 */
/* take_fds.h: --preserve-fds. */
#ifndef CLI_TAKE_FDS_H
#define CLI_TAKE_FDS_H

#include <stdint.h>

#include "base/err.h"

#define TAKE_FDS_MAX 1024

/**
 * take_fds() - How many descriptors, from 3 on, go on to the container
 * @option:	--preserve-fds, or NULL
 * @at_least:	Asked for in another way
 *
 * To be called before anything of ours is open: a number beyond what the caller has open would hand descriptors of the host to
 * the container.
 *
 * Return: 0, or -EINVAL and -EBADF with @e filled
 */
int take_fds(const char *option, uint64_t at_least, unsigned *ret, struct err *e);

#endif
