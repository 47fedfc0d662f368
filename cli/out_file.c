// SPDX-License-Identifier: Apache-2.0
#include "cli/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
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

/* A name beside the one that it will have. */
static int choose_name(const char *path, struct out_file *ret, struct err *e)
{
	char folder[PATH_MAX], digits[RANDOM_DIGITS + 1];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	size_t start = len;

	while (start > 0 && path[start - 1] != '/')
		start--;
	if (start >= sizeof(folder) || len - start > NAME_MAX)
		return err_set(e, ENAMETOOLONG, "create %.60s…", path);
	snprintf(folder, sizeof(folder), "%.*s", start ? (int)start : 1, start ? path : ".");
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)(len - start), path + start);
	int r = proc_random_hex(digits, RANDOM_DIGITS);

	snprintf(ret->temp, sizeof(ret->temp), ".%s.part", digits);
	ret->dir = r < 0 ? r : open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return ret->dir < 0 ? err_set(e, r < 0 ? -r : errno, "create %s", path) : 0;
}

static int create(const char *path, struct out_file *ret, struct err *e)
{
	int r = choose_name(path, ret, e);

	if (r < 0)
		return r;
	ret->fd = openat(ret->dir, ret->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	return ret->fd < 0 ? err_set(e, errno, "create %s", path) : 0;
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

int out_file_open_folder(const char *path, struct out_file *ret, struct err *e)
{
	*ret = (struct out_file)OUT_FILE_NONE;
	int r = choose_name(path, ret, e);

	if (r < 0)
		return r;
	if (mkdirat(ret->dir, ret->temp, 0777) < 0)
		return err_set(e, errno, "create %s", path);
	ret->fd = openat(ret->dir, ret->temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return ret->fd < 0 ? err_set(e, errno, "create %s", path) : 0;
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
	struct err ignored;

	if (f->dir >= 0)
		(void)file_remove(f->dir, f->temp, &ignored);
	fd_close(&f->dir);
	fd_close(&f->fd);
}
