// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"

#include <errno.h>
#include <limits.h>

#include "base/fd.h"
#include "base/sys.h"

static int open_in(int root, const char *path, int flags)
{
	return sys_openat2(root, *path ? path : "/", (uint64_t)(flags | O_CLOEXEC), 0,
			   RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int path_open_in(int root, const char *path, int flags, struct err *e)
{
	int fd = open_in(root, path, flags);

	if (fd < 0)
		return err_set(e, errno, "open %s", *path ? path : "/");
	return fd;
}

int path_open_beneath(int dir, const char *path, int flags, mode_t mode, struct err *e)
{
	int fd = sys_openat2(dir, path, (uint64_t)(flags | O_CLOEXEC),
			     flags & (O_CREAT | O_TMPFILE) ? mode : 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	return fd;
}

int path_open_dir(const char *path, int flags, struct err *e)
{
	int fd = open(path, (flags ? flags : O_PATH) | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	return fd;
}

/* Make one folder in the directory that @parent names; one that is there is fine. */
static int make_dir(int parent, const char *name, mode_t mode)
{
	if (mkdirat(parent, name, mode) < 0)
		return errno == EEXIST ? 0 : -errno;
	auto_fd int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	struct stat st;

	/*
	 * umask may have taken bits; the group's bit that a folder inherits is not ours to take. A name swapped meanwhile is
	 * somebody else's folder: leave it as it is.
	 */
	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) != mode)
		(void)sys_fchmod_path(fd, mode | (st.st_mode & S_ISGID));
	return 0;
}

/*
 * Open @path's folder part by part, making missing parts. *ret_name is the last part (into @path); with @whole the
 * last part is a folder too.
 */
static int walk(int root, const char *path, mode_t mode, bool whole, const char **ret_name, struct err *e)
{
	char sofar[PATH_MAX];
	size_t len = 0;
	auto_fd int fd = open_in(root, "/", O_PATH | O_DIRECTORY);

	if (fd < 0)
		return err_set(e, errno, "open the root folder");
	for (const char *p = path;;) {
		p += strspn(p, "/");
		size_t n = strcspn(p, "/");
		bool last = p[n + strspn(p + n, "/")] == '\0';

		if (n == 0 || (last && !whole)) {
			*ret_name = p;
			return fd_take(&fd);
		}
		if (len + n + 2 > sizeof(sofar) || n > NAME_MAX)
			return err_set(e, ENAMETOOLONG, "make folder %s", path);
		sofar[len++] = '/';
		memcpy(sofar + len, p, n);
		sofar[len += n] = '\0';
		int next = open_in(root, sofar, O_PATH | O_DIRECTORY);

		if (next < 0 && errno == ENOENT) {
			int r = make_dir(fd, sofar + len - n, mode);

			if (r < 0)
				return err_set(e, -r, "make folder %s", sofar);
			next = open_in(root, sofar, O_PATH | O_DIRECTORY);
		}
		if (next < 0)
			return err_set(e, errno, "open folder %s", sofar);
		fd_close(&fd);
		fd = next;
		p += n;
	}
}

int path_mkdirs_in(int root, const char *path, mode_t mode, struct err *e)
{
	const char *name;

	return walk(root, path, mode, true, &name, e);
}

int path_mkfile_in(int root, const char *path, mode_t mode, struct err *e)
{
	int fd = open_in(root, path, O_PATH);

	if (fd < 0 && errno != ENOENT)
		return err_set(e, errno, "open %s", path);
	if (fd < 0) {
		const char *last;
		char name[NAME_MAX + 1];
		auto_fd int dir = walk(root, path, 0755, false, &last, e);

		if (dir < 0)
			return dir;
		size_t n = strcspn(last, "/");

		if (n == 0 || n > NAME_MAX)
			return err_set(e, n ? ENAMETOOLONG : EISDIR, "make file %s", path);
		memcpy(name, last, n);
		name[n] = '\0';
		auto_fd int made = openat(dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, mode);

		if (made < 0 && errno != EEXIST)
			return err_set(e, errno, "make file %s", path);
		fd = open_in(root, path, O_PATH);
		if (fd < 0)
			return err_set(e, errno, "open %s", path);
	}
	struct stat st;

	if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(e, EISDIR, "make file %s", path);
	}
	return fd;
}

int path_mkdirs(const char *path, mode_t mode, struct err *e)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return err_set(e, len ? ENAMETOOLONG : ENOENT, "make folder %s", path);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	memcpy(part, path, len + 1);
	for (char *p = part + 1;; p++) {
		if (*p && *p != '/')
			continue;
		char end = *p;

		*p = '\0';
		/* only the last folder is ours alone; parents are ordinary ones */
		if (mkdir(part, end ? 0755 : mode) < 0 && errno != EEXIST)
			return err_set(e, errno, "make folder %s", part);
		*p = end;
		if (!end)
			break;
	}
	return path_open_dir(path, 0, e);
}

void path_normal(const char *path, char *ret)
{
	size_t len = 0;

	for (const char *p = path; *p;) {
		p += strspn(p, "/");
		size_t n = strcspn(p, "/");

		if (n == 2 && memcmp(p, "..", 2) == 0) {
			while (len > 0 && ret[--len] != '/')
				;
		} else if (n > 0 && !(n == 1 && *p == '.')) {
			ret[len++] = '/';
			memcpy(ret + len, p, n);
			len += n;
		}
		p += n;
	}
	if (len == 0)
		ret[len++] = '/';
	ret[len] = '\0';
}
