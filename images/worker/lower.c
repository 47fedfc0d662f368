// SPDX-License-Identifier: Apache-2.0
#include "images/worker/lower.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"
#include "images/worker/meta.h"

#define COPY_BYTES (256 << 10)

/* [from, to) of the file. */
static int copy_range(int in, int out, off_t from, off_t to, char *buf, struct err *e)
{
	while (from < to) {
		ssize_t n = pread(in, buf, (size_t)MIN(to - from, (off_t)COPY_BYTES), from);

		if (n > 0)
			n = pwrite(out, buf, (size_t)n, from);
		if (n <= 0)
			return err_set(e, n < 0 ? errno : EIO, "copy a file of a lower layer");
		from += n;
	}
	return 0;
}

static int copy_content(int in, int out, off_t size, struct err *e)
{
	auto_free char *buf = malloc(COPY_BYTES);
	off_t at = 0;

	if (!buf)
		return err_nomem(e);
	while (at < size) {
		off_t data = lseek(in, at, SEEK_DATA), hole = data < 0 ? -1 : lseek(in, data, SEEK_HOLE);

		if (data < 0 && errno == ENXIO) /* a hole up to the end */
			break;
		if (hole < 0)
			return err_set(e, errno, "copy a file of a lower layer");
		int r = copy_range(in, out, data, MIN(hole, size), buf, e);

		if (r < 0)
			return r;
		at = hole;
	}
	return ftruncate(out, size) < 0 ? err_set(e, errno, "copy a file of a lower layer") : 0;
}

static int copy_file(struct tree *t, int dir, const char *name, int from, const struct stat *st, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct meta m;
	auto_fd int out = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (out < 0)
		return err_set(e, errno, "create a copy");
	int r = meta_read(from, &a, &m, e);

	if (r == 0)
		r = copy_content(from, out, st->st_size, e);
	return r < 0 ? r : meta_apply(out, &m, t->acls, e);
}

static int copy_other(int dir, const char *name, int from, const struct stat *st, struct err *e)
{
	char target[PATH_MAX];
	struct meta m;
	int r = 0;

	if (S_ISLNK(st->st_mode)) {
		ssize_t n = readlinkat(from, "", target, sizeof(target) - 1);

		if (n < 0)
			return err_set(e, errno, "read a link");
		target[n] = '\0';
		r = symlinkat(target, dir, name);
	} else {
		r = mknodat(dir, name, st->st_mode & S_IFMT, st->st_rdev);
	}
	if (r < 0)
		return err_set(e, errno, "create a copy");
	meta_from_stat(st, &m);
	return meta_apply_at(dir, name, &m, e);
}

int lower_copy_up(struct tree *t, int dir, const char *real, const char *name, struct err *e)
{
	struct stat st, folder;
	auto_fd int below = tree_lower(t, real, name, O_PATH, e);

	if (below < 0)
		return below;
	if (fstat(below, &st) < 0 || fstat(dir, &folder) < 0)
		return err_set(e, errno, "look at a file of a lower layer");
	if (S_ISDIR(st.st_mode))
		return -ENOENT;
	int r = 0;

	if (S_ISREG(st.st_mode)) {
		auto_fd int from = tree_lower(t, real, name, O_RDONLY, e);

		r = from < 0 ? from : copy_file(t, dir, name, from, &st, e);
	} else {
		r = copy_other(dir, name, below, &st, e);
	}
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, folder.st_mtim };

	if (r == 0 && futimens(dir, times) < 0)
		r = err_set(e, errno, "set the time of a folder");
	return r;
}
