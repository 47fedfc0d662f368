// SPDX-License-Identifier: Apache-2.0
#include "images/worker/whiteout.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "images/worker/meta.h"

bool whiteout_is(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

int whiteout_make(int dir, const char *name)
{
	if (mknodat(dir, name, S_IFCHR, 0) == 0) /* 5.8: needs no capability */
		return 0;
	if (errno != EEXIST)
		return -errno;
	auto_fd int folder = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder >= 0)
		return meta_set_opaque(folder);
	return errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
}
