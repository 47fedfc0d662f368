// SPDX-License-Identifier: Apache-2.0
#include "namespaces/copyup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/fd.h"

#define DEPTH_MAX   128       /* each level holds three fds */
#define COPY_STEP   (1 << 30) /* bytes of one sendfile(2) */

static int copy_folder(int from, int to, int depth, struct err *e);

static int copy_file(int from_dir, int to_dir, const char *name, struct err *e)
{
	auto_fd int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (from < 0 || to < 0)
		return err_set(e, errno, "copy %s", name);
	do
		n = sendfile(to, from, NULL, COPY_STEP);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? err_set(e, errno, "copy %s", name) : 0;
}

static int copy_link(int from_dir, int to_dir, const char *name, struct err *e)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, text, sizeof(text) - 1);

	if (n < 0)
		return err_set(e, errno, "copy %s", name);
	text[n] = '\0';
	return symlinkat(text, to_dir, name) < 0 ? err_set(e, errno, "copy %s", name) : 0;
}

static int copy_subfolder(int from_dir, int to_dir, const char *name, int depth, struct err *e)
{
	auto_fd int from = openat(from_dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (from < 0 || mkdirat(to_dir, name, 0700) < 0)
		return err_set(e, errno, "copy %s", name);
	auto_fd int to = openat(to_dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return to < 0 ? err_set(e, errno, "copy %s", name) : copy_folder(from, to, depth + 1, e);
}

/* Return: 0, 1 where it is left out, or -errno with @e filled */
static int copy_contents(int from, int to, const char *name, const struct stat *st, int depth, struct err *e)
{
	if (S_ISDIR(st->st_mode))
		return copy_subfolder(from, to, name, depth, e);
	if (S_ISREG(st->st_mode))
		return copy_file(from, to, name, e);
	if (S_ISLNK(st->st_mode))
		return copy_link(from, to, name, e);
	if (mknodat(to, name, st->st_mode & S_IFMT, st->st_rdev) < 0)
		return errno == EPERM ? 1 : err_set(e, errno, "copy %s", name);
	return 0;
}

static int copy_one(int from, int to, const char *name, int depth, struct err *e)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "look at %s", name);
	int r = copy_contents(from, to, name, &st, depth, e);

	if (r != 0)
		return MIN(r, 0);
	const struct timespec times[] = { st.st_atim, st.st_mtim };

	/* the owner first: a change of it takes setuid bits away */
	if (fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (!S_ISLNK(st.st_mode) && fchmodat(to, name, st.st_mode & 07777, 0) < 0) ||
	    utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "copy %s", name);
	return 0;
}

static int copy_folder(int from, int to, int depth, struct err *e)
{
	if (depth > DEPTH_MAX)
		return err_set(e, ELOOP, "copy a folder");
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* an O_PATH fd can't be read */
	auto_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		return err_set(e, errno, "read a folder");
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(d);

		if (!entry)
			return errno ? err_set(e, errno, "read a folder") : 0;
		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		int r = copy_one(fd, to, entry->d_name, depth, e);

		if (r < 0)
			return r;
	}
}

int copyup(int from, int to, struct err *e)
{
	return copy_folder(from, to, 0, e);
}
