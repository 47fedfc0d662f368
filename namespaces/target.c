// SPDX-License-Identifier: Apache-2.0
#include "namespaces/target.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"

#define LINKS_MAX 40 /* as many as the kernel follows */

static int open_in(int root, const char *path, uint64_t flags, uint64_t resolve)
{
	return sys_openat2(root, path, O_PATH | O_CLOEXEC | flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
}

/*
 * Replace the first link of @path that leads nowhere by what it says. The new path is walked inside the root as any other:
 * whoever exchanges links meanwhile gains nothing.
 *
 * Return: 1 replaced, 0 there is none, or -errno
 */
static int follow_dangling(int root, char path[PATH_MAX])
{
	char part[PATH_MAX], link[PATH_MAX], whole[PATH_MAX];

	for (size_t start = 0, end = 0; path[end]; start = end) {
		start += strspn(path + start, "/");
		end = start + strcspn(path + start, "/");
		memcpy(part, path, end);
		part[end] = '\0';
		auto_fd int fd = open_in(root, part, O_NOFOLLOW, 0);

		if (fd < 0)
			return 0;
		ssize_t n = readlinkat(fd, "", link, sizeof(link) - 1);
		auto_fd int behind = n > 0 ? open_in(root, part, 0, 0) : -1;

		if (n <= 0 || behind >= 0 || errno != ENOENT)
			continue;
		link[n] = '\0';
		n = snprintf(whole, sizeof(whole), "%.*s/%s%s", link[0] == '/' ? 0 : (int)start, path, link, path + end);
		if (n >= (ssize_t)sizeof(whole))
			return -ENAMETOOLONG;
		memcpy(path, whole, (size_t)n + 1);
		return 1;
	}
	return 0;
}

static int make(int root, const char *path, unsigned flags, struct err *e)
{
	char real[PATH_MAX];
	int r = 1;

	if (strlen(path) >= sizeof(real))
		return err_set(e, ENAMETOOLONG, "open %s", path);
	memcpy(real, path, strlen(path) + 1);
	for (int i = 0; r == 1 && !(flags & (TARGET_NOFOLLOW | TARGET_REAL)); i++)
		r = i < LINKS_MAX ? follow_dangling(root, real) : -ELOOP;
	if (r < 0)
		return err_set(e, -r, "open %s", path);
	return flags & TARGET_FILE ? path_mkfile_in(root, real, 0644, e) : path_mkdirs_in(root, real, 0755, e);
}

/*
 * A link of the image may lead into the container's /proc, where the list of mounts would be refused: what is mounted over
 * files there could redirect those who write to them (rule K4).
 */
static int check_proc(int fd, const char *path, struct err *e)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return err_set(e, errno, "look at %s", path);
	return fs.f_type == PROC_SUPER_MAGIC ? err_say(e, EPERM, "%s leads into /proc", path) : 0;
}

int target_open(int root, const char *path, unsigned flags, bool *ret_made, struct err *e)
{
	uint64_t how = (flags & TARGET_FILE ? 0 : O_DIRECTORY) | (flags & TARGET_NOFOLLOW ? O_NOFOLLOW : 0);
	auto_fd int fd = open_in(root, path, how, RESOLVE_NO_SYMLINKS); /* mostly that is all */
	bool real = flags & TARGET_REAL;

	if (ret_made)
		*ret_made = false;
	if (fd >= 0)
		return fd_take(&fd);
	if (errno != ENOENT && real)
		return err_say(e, errno, "%s must be mounted on ordinary directory, in the root it is a link or no folder", path);
	if (errno != ENOENT)
		fd = open_in(root, path, how, 0);
	if (fd < 0 && errno != ENOENT)
		return err_set(e, errno, "open %s", path);
	if (fd < 0) {
		fd = make(root, path, flags, e);
		if (ret_made)
			*ret_made = true;
	}
	if (fd >= 0 && real) { /* no link may have come in between */
		fd_close(&fd);
		fd = open_in(root, path, how, RESOLVE_NO_SYMLINKS);
		if (fd < 0)
			return err_set(e, errno, "open %s", path);
	}
	int r = fd < 0 ? fd : check_proc(fd, path, e);

	return r < 0 ? r : fd_take(&fd);
}
