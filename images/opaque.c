// SPDX-License-Identifier: Apache-2.0
#include "images/opaque.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/str.h"

#define FUSE_EMPTY    ".wh..wh..opq"
#define FUSE_WHITEOUT ".wh..opq"

bool opaque_has_attribute(int folder)
{
	char value;

	return fgetxattr(folder, OPAQUE_ATTRIBUTE, &value, 1) == 1 && value == 'y';
}

bool opaque_folder(int folder)
{
	struct stat st;

	if (opaque_has_attribute(folder))
		return true;
	return fstatat(folder, FUSE_WHITEOUT, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

bool opaque_file(const char *name)
{
	return streq(name, FUSE_EMPTY) || streq(name, FUSE_WHITEOUT);
}
