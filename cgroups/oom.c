// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cgroups/cgroups.h"
#include "cgroups/text.h"

int cgroup_oom_open(int cgroup)
{
	int fd = openat(cgroup, "memory.events", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cgroup_oom_kills(int fd, uint64_t *ret)
{
	char text[CGROUP_SMALL_FILE];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return cgroup_text_value(text, "oom_kill", ret) ? 0 : -ENODATA;
}
