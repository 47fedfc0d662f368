// SPDX-License-Identifier: Apache-2.0
#include "cli/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"

#define RANDOM_DIGITS 16

static int use_stdout(struct out_file *ret, struct err *e)
{
	if (isatty(STDOUT_FILENO)) {
		err_say(e, EINVAL, "standard output is a terminal");
		return err_hint(e, "name a file with -o FILE");
	}
	ret->fd = fd_dup(STDOUT_FILENO, e);
	return ret->fd < 0 ? ret->fd : 0;
}

/* Beside the place that it will have. */
static int create(const char *path, struct out_file *ret, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX], digits[RANDOM_DIGITS + 1];

	if (strlen(path) >= sizeof(folder))
		return err_set(e, ENAMETOOLONG, "create %s", path);
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	ret->name = slash ? slash + 1 : path;
	auto_fd int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = proc_random_hex(digits, RANDOM_DIGITS);

	if (dir < 0 || r < 0)
		return err_set(e, dir < 0 ? errno : -r, "create %s", path);
	snprintf(ret->temp, sizeof(ret->temp), ".%s.part", digits);
	ret->fd = openat(dir, ret->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (ret->fd < 0)
		return err_set(e, errno, "create %s", path);
	ret->dir = fd_take(&dir);
	return 0;
}

int out_file_open(const char *path, struct out_file *ret, struct err *e)
{
	struct stat st;

	*ret = (struct out_file)OUT_FILE_NONE;
	if (!path || streq(path, "-"))
		return use_stdout(ret, e);
	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return create(path, ret, e);
	ret->fd = open(path, O_WRONLY | O_CLOEXEC);
	return ret->fd < 0 ? err_set(e, errno, "open %s", path) : 0;
}

int out_file_finish(struct out_file *f, struct err *e)
{
	if (f->dir >= 0 && renameat(f->dir, f->temp, f->dir, f->name) < 0)
		return err_set(e, errno, "create %s", f->name);
	fd_close(&f->dir);
	return 0;
}

void out_file_close(struct out_file *f)
{
	if (f->dir >= 0)
		(void)unlinkat(f->dir, f->temp, 0);
	fd_close(&f->dir);
	fd_close(&f->fd);
}
