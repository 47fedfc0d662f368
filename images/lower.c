// SPDX-License-Identifier: Apache-2.0
#include "images/lower.h"

#include <errno.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/sys.h"

#define MOUNT_FLAGS (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define OPTION_MAX  256 /* fsconfig(2) takes strings of up to 255 bytes */

/* Overlayfs wants at least two folders where nothing is to be written: one alone is bound. */
static int bind_one(int dir, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_FLAGS };
	auto_fd int fd = open_tree(dir, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "bind the lower layer");
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_set(e, errno, "make the lower layer read-only");
	return fd_take(&fd);
}

/* 6.5 and newer: a string for each folder. */
static int name_each(int fs, const int *dirs, size_t n)
{
	char path[FD_PATH_MAX];

	for (size_t i = 0; i < n; i++)
		if (fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", fd_path(dirs[i], path), 0) < 0)
			return -errno;
	return 0;
}

/* Before: all in one string. */
static int name_all(int fs, const int *dirs, size_t n)
{
	char option[OPTION_MAX], path[FD_PATH_MAX];
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		int add = snprintf(option + len, sizeof(option) - len, "%s%s", i ? ":" : "", fd_path(dirs[i], path));

		len += (size_t)add;
		if (len >= sizeof(option))
			return -E2BIG;
	}
	return fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", option, 0) < 0 ? -errno : 0;
}

typedef int (*name_layers)(int fs, const int *dirs, size_t n);

/* Return: the mount's fd, or -errno with @e filled */
static int mount_overlay(name_layers name, const int *dirs, size_t n, struct err *e)
{
	auto_fd int fs = fsopen("overlay", FSOPEN_CLOEXEC);

	if (fs < 0)
		return err_set(e, errno, "overlay the lower layers");
	int r = name(fs, dirs, n);

	if (r < 0)
		return err_set(e, -r, "name %zu lower layers", n);
	if (fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_set(e, errno, "overlay the lower layers");
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_FLAGS);

	return fd < 0 ? err_set(e, errno, "mount the lower layers") : fd;
}

int lower_open(const int *dirs, size_t n, struct err *e)
{
	if (n == 1)
		return bind_one(dirs[0], e);
	int fd = mount_overlay(name_each, dirs, n, e);

	if (fd == -EINVAL) /* an older kernel says so at the name, or only when all is put together */
		fd = mount_overlay(name_all, dirs, n, e);
	if (fd == -E2BIG) {
		err_say(e, E2BIG, "a layer depends on %zu layers below it", n);
		return err_hint(e, "a kernel before 6.5 shows about %d at once", OPTION_MAX / 17);
	}
	return fd;
}
