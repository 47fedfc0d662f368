// SPDX-License-Identifier: Apache-2.0
#include "network/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"

int folder_open(int networks, const char *network, const char *sub, struct err *e)
{
	char path[160];
	int r = str_check_name(network, "network name", e);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s%s%s", network, sub ? "/" : "", sub ? sub : "");
	int fd = path_open_beneath(networks, path, O_RDONLY | O_DIRECTORY, 0, e);

	return fd == -ENOENT ? err_say(e, ENOENT, "no such network: %s", network) : fd;
}

int folder_lock(int folder, struct err *e)
{
	/* a lock belongs to an open file: this one is nobody else's, even where @folder is shared or O_PATH */
	auto_fd int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open a network's folder");
	int r = fd_lock(fd, LOCK_EX);

	return r < 0 ? err_set(e, -r, "lock a network's folder") : fd_take(&fd);
}
