// SPDX-License-Identifier: Apache-2.0
#include "runtime/block_device.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

#define SYS_MAX 128

/* File systems whose device is a number without a disk. */
static const struct {
	long magic;
	const char *name;
} file_systems[] = {
	{ TMPFS_MAGIC, "tmpfs" },   { OVERLAYFS_SUPER_MAGIC, "overlay" }, { BTRFS_SUPER_MAGIC, "btrfs" },
	{ NFS_SUPER_MAGIC, "nfs" }, { FUSE_SUPER_MAGIC, "fuse" },	  { PROC_SUPER_MAGIC, "proc" },
	{ SYSFS_MAGIC, "sysfs" },   { RAMFS_MAGIC, "ramfs" },
};

static int no_disk(const char *path, struct err *e)
{
	const char *name = "a file system";
	struct statfs fs;

	for (size_t i = 0; statfs(path, &fs) == 0 && i < ARRAY_SIZE(file_systems); i++)
		if (fs.f_type == file_systems[i].magic)
			name = file_systems[i].name;
	err_say(e, ENOTBLK, "%s lies on %s, which has no block device of its own", path, name);
	return err_hint(e, "name the disk, such as /dev/sda");
}

/* A partition's requests are counted on its disk, and can be limited there alone. */
static int whole_disk(const char *path, dev_t dev, int64_t *ret_major, int64_t *ret_minor, struct err *e)
{
	auto_free char *text = NULL;
	char sys[SYS_MAX];
	unsigned disk_major = major(dev), disk_minor = minor(dev);

	snprintf(sys, sizeof(sys), "/sys/dev/block/%u:%u/partition", disk_major, disk_minor);
	if (access(sys, F_OK) == 0) {
		snprintf(sys, sizeof(sys), "/sys/dev/block/%u:%u/../dev", disk_major, disk_minor);
		int r = file_read(AT_FDCWD, sys, SYS_MAX, &text, NULL, e);

		if (r < 0)
			return err_wrap(e, "the disk of %s", path);
		if (sscanf(text, "%u:%u", &disk_major, &disk_minor) != 2)
			return err_say(e, EIO, "the disk of %s: %s has no numbers", path, sys);
	}
	*ret_major = disk_major;
	*ret_minor = disk_minor;
	return 0;
}

int block_device_find(const char *path, int64_t *ret_major, int64_t *ret_minor, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(e, errno, "%s", path);
	if (S_ISBLK(st.st_mode))
		return whole_disk(path, st.st_rdev, ret_major, ret_minor, e);
	if (S_ISCHR(st.st_mode))
		return err_say(e, ENOTBLK, "%s is no block device", path);
	if (major(st.st_dev) == 0)
		return no_disk(path, e);
	return whole_disk(path, st.st_dev, ret_major, ret_minor, e);
}

char *block_device_path(int64_t major, int64_t minor, struct arena *a)
{
	auto_free char *text = NULL;
	char sys[SYS_MAX];
	struct err unknown;

	snprintf(sys, sizeof(sys), "/sys/dev/block/%" PRId64 ":%" PRId64 "/uevent", major, minor);
	const char *name = file_read(AT_FDCWD, sys, 4096, &text, NULL, &unknown) == 0 ? strstr(text, "DEVNAME=") : NULL;

	if (!name)
		return arena_printf(a, "%" PRId64 ":%" PRId64, major, minor);
	name += strlen("DEVNAME=");
	return arena_printf(a, "/dev/%.*s", (int)strcspn(name, "\n"), name);
}
