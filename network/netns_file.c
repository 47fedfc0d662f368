// SPDX-License-Identifier: Apache-2.0
#include "network/netns_file.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"

int netns_file_make(const char *path, int netns, struct err *e)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	auto_fd int made = path_mkdirs(folder, 0700, e);

	if (made < 0)
		return made;
	auto_fd int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);

	if (file < 0)
		return err_set(e, errno, "create %s", path);
	auto_fd int tree = open_tree(netns, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (tree < 0 || move_mount(tree, "", file, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_set(e, errno, "mount the network namespace on %s", path);
	return 0;
}

bool netns_file_is_there(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

int netns_file_remove(const char *path, struct err *e)
{
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return err_set(e, errno, "unmount %s", path);
	return unlink(path) < 0 && errno != ENOENT ? err_set(e, errno, "remove %s", path) : 0;
}
