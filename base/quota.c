// SPDX-License-Identifier: Apache-2.0
#include "base/quota.h"

#include <errno.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK 1024 /* the unit of limits, whatever the file system's own */

static int control(int fd, unsigned command, uint32_t project, void *data)
{
	return (int)syscall(SYS_quotactl_fd, fd, QCMD(command, PRJQUOTA), project, data);
}

int quota_available(int fd, struct err *e)
{
	struct fs_quota_statv state = { .qs_version = FS_QSTATV_VERSION1 };

	if (control(fd, Q_XGETQSTATV, 0, &state) == 0 && (state.qs_flags & FS_QUOTA_PDQ_ENFD))
		return 0;
	err_say(e, ENOTSUP, "the file system has no project quotas that are enforced");
	return err_hint(e, "xfs and ext4 have them when mounted with prjquota (ext4: `tune2fs -O project,quota` before)");
}

int quota_used(int fd, uint32_t project, uint64_t *ret_bytes, struct err *e)
{
	struct if_dqblk q = { 0 };

	if (control(fd, Q_GETQUOTA, project, &q) < 0 && errno != ENOENT) /* xfs has nothing of one that has nothing */
		return err_set(e, errno, "look at the quota of project %u", project);
	*ret_bytes = q.dqb_curspace;
	return 0;
}

int quota_limit(int fd, uint32_t project, uint64_t bytes, struct err *e)
{
	const uint64_t blocks = bytes / BLOCK + (bytes % BLOCK != 0);
	struct if_dqblk q = { .dqb_bhardlimit = blocks, .dqb_bsoftlimit = blocks, .dqb_valid = QIF_BLIMITS };

	return control(fd, Q_SETQUOTA, project, &q) < 0 ? err_set(e, errno, "limit project %u", project) : 0;
}

int quota_join(int dir, uint32_t project, struct err *e)
{
	struct fsxattr x;

	if (ioctl(dir, FS_IOC_FSGETXATTR, &x) < 0)
		return err_set(e, errno, "look at the project of a folder");
	x.fsx_projid = project;
	x.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return ioctl(dir, FS_IOC_FSSETXATTR, &x) < 0 ? err_set(e, errno, "set the project of a folder") : 0;
}
