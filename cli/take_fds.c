// SPDX-License-Identifier: Apache-2.0
#include "cli/take_fds.h"

#include <errno.h>
#include <fcntl.h>

#include "base/str.h"

int take_fds(const char *option, uint64_t at_least, unsigned *ret, struct err *e)
{
	uint64_t n = 0;

	if (option && str_to_u64(option, TAKE_FDS_MAX, &n) < 0)
		return err_say(e, EINVAL, "--preserve-fds %s: it is a number up to %d", option, TAKE_FDS_MAX);
	n = MAX(n, at_least); /* podman says the same number in both ways */
	for (int fd = 3; fd < 3 + (int)n; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return err_set(e, errno, "--preserve-fds %d: descriptor %d", (int)n, fd);
	*ret = (unsigned)n;
	return 0;
}
