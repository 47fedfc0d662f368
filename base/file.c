// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdalign.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/fd.h"

#define READ_STEP    4096
#define EACH_STEP    8192
#define REMOVE_DEPTH 32
#define REMOVE_TRIES 100 /* rounds, where somebody puts things into what is being removed */

typedef int (*each_function)(int dir, const char *name, void *arg, struct err *e);

struct each {
	bool dots; /* names that begin with a dot, too */
	each_function f;
	void *arg;
};

/* @size: what is known of it; 0: nothing, as of files of the kernel's, which say 0 or one page */
static int read_whole(int fd, const char *what, size_t size, size_t max, char **ret, size_t *ret_len, struct err *e)
{
	size_t room = size ? MIN(size, max + 1) + 1 : READ_STEP, len = 0;
	auto_free char *buf = malloc(room);

	if (!buf)
		return err_nomem(e);
	for (;;) {
		ssize_t n = fd_read_all(fd, buf + len, room - len - 1);

		if (n < 0)
			return err_set(e, (int)-n, "read %s", what);
		len += (size_t)n;
		if (len > max)
			return err_say(e, EFBIG, "%s has more than %zu bytes", what, max);
		if (len < room - 1 || len == size)
			break;
		char *more = realloc(buf, room * 2);

		if (!more)
			return err_nomem(e);
		buf = more;
		room *= 2;
	}
	buf[len] = '\0';
	*ret = buf;
	buf = NULL;
	if (ret_len)
		*ret_len = len;
	return 0;
}

int file_read_fd(int fd, const char *what, size_t max, char **ret, size_t *ret_len, struct err *e)
{
	return read_whole(fd, what, 0, max, ret, ret_len, e);
}

int file_read(int dir, const char *name, size_t max, char **ret, size_t *ret_len, struct err *e)
{
	auto_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_set(e, errno, "open %s", name);
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at %s", name);
	if (!S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "%s is not a regular file", name);
	return read_whole(fd, name, (size_t)st.st_size, max, ret, ret_len, e);
}

int file_write(int dir, const char *name, const char *text, struct err *e)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open %s", name);
	int r = fd_write_all(fd, text, strlen(text));

	if (r < 0)
		return err_set(e, -r, "write \"%.80s\" to %s", text, name);
	return 0;
}

static void temporary_name(const char *name, char buf[NAME_MAX + 1])
{
	unsigned char r[6];

	if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
		memset(r, 0, sizeof(r)); /* O_EXCL below still keeps two writers apart */
	snprintf(buf, NAME_MAX + 1, ".%.200s.%02x%02x%02x%02x%02x%02x", name, r[0], r[1], r[2], r[3], r[4], r[5]);
}

static int write_and_name(int fd, int dir, const char *temp, const char *name, const void *data, size_t len,
			  mode_t mode, unsigned flags)
{
	int r = fd_write_all(fd, data, len);

	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0)
		return -errno;
	if ((flags & FILE_SYNC) && fsync(fd) < 0)
		return -errno;
	r = flags & FILE_EXCL ? linkat(dir, temp, dir, name, 0) : renameat(dir, temp, dir, name);
	if (r < 0)
		return -errno;
	if (flags & FILE_EXCL)
		(void)unlinkat(dir, temp, 0); /* a second name of the same file: litter at worst */
	if (!(flags & FILE_SYNC))
		return 0;
	auto_fd int folder = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return folder < 0 || fsync(folder) < 0 ? -errno : 0;
}

int file_publish(int dir, const char *name, const void *data, size_t len, mode_t mode, unsigned flags, struct err *e)
{
	char temp[NAME_MAX + 1];

	temporary_name(name, temp);
	auto_fd int fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(e, errno, "create %s", name);
	int r = write_and_name(fd, dir, temp, name, data, len, mode, flags);

	if (r < 0) {
		(void)unlinkat(dir, temp, 0);
		return err_set(e, -r, "write %s", name);
	}
	return 0;
}

/* One name after the other of what getdents64() gave. */
static int each_entry(int fd, char *at, const char *end, const struct each *each, struct err *e)
{
	int r = 0;

	while (r == 0 && at < end) {
		const struct dirent64 *entry = (const struct dirent64 *)at;
		const char *n = entry->d_name;

		at += entry->d_reclen;
		if (n[0] != '.' || (each->dots && n[1] && (n[1] != '.' || n[2])))
			r = each->f(fd, n, each->arg, e);
	}
	return r;
}

/* Without a DIR: for a small folder, its set-up takes longer than the reading. */
static int walk_folder(int fd, const struct each *each, struct err *e)
{
	alignas(struct dirent64) char buf[EACH_STEP];

	for (;;) {
		ssize_t n = getdents64(fd, buf, sizeof(buf));

		if (n == 0 || (n < 0 && errno == ENOENT)) /* it has been removed: then there is nothing in it */
			return 0;
		if (n < 0)
			return err_set(e, errno, "read a folder");
		int r = each_entry(fd, buf, buf + n, each, e);

		if (r != 0)
			return r;
	}
}

/* Names in one folder, including those that begin with a dot. */
static int each_name(int dir, bool dots, each_function f, void *arg, struct err *e)
{
	const struct each each = { .dots = dots, .f = f, .arg = arg };
	auto_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "read a folder") : walk_folder(fd, &each, e);
}

int file_each_in(int dir, const char *name, int (*f)(int dir, const char *name, void *arg, struct err *e), void *arg,
		 struct err *e)
{
	const struct each each = { .f = f, .arg = arg };
	auto_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open folder %s", name) : walk_folder(fd, &each, e);
}

int file_each(int dir, int (*f)(int dir, const char *name, void *arg, struct err *e), void *arg, struct err *e)
{
	return each_name(dir, false, f, arg, e);
}

int file_each_any(int dir, int (*f)(int dir, const char *name, void *arg, struct err *e), void *arg, struct err *e)
{
	return each_name(dir, true, f, arg, e);
}

struct listing {
	struct arena *arena;
	struct strv *list;
};

static int add_name(int dir, const char *name, void *arg, struct err *e)
{
	const struct listing *l = arg;

	(void)dir;
	return strv_add(l->arena, l->list, name) < 0 ? err_nomem(e) : 0;
}

int file_names(int dir, struct arena *arena, struct strv *list, struct err *e)
{
	return each_name(dir, true, add_name, &(struct listing){ arena, list }, e);
}

/* How far the removal of a folder has come. */
struct removal {
	int top;	 /* the folder */
	unsigned depth;	 /* where we are below it */
	unsigned raised; /* how many folders were moved up to it */
};

/* Return: 0 where it is gone, 1 where it is a folder, or -errno with @e filled */
static int remove_file(int dir, const char *name, struct err *e)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	return errno == EISDIR || errno == EPERM ? 1 : err_set(e, errno, "remove %s", name);
}

static int remove_empty(int dir, const char *name, struct err *e)
{
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove folder %s", name);
	return 0;
}

static int open_to_remove(int dir, const char *name, struct err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EACCES) { /* overlayfs leaves a work folder of mode 000, which its owner may open up */
		auto_fd int closed = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		char link[FD_PATH_MAX];

		if (closed >= 0 && chmod(fd_path(closed, link), 0700) == 0)
			fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	return fd < 0 ? err_set(e, errno, "remove %s", name) : fd;
}

/* Move a folder up to the top, where a later round finds it. */
static int raise_folder(struct removal *r, int dir, const char *name, struct err *e)
{
	char raised[32];
	int failed;

	do {
		snprintf(raised, sizeof(raised), ".raised.%u", r->raised++);
		failed = renameat2(dir, name, r->top, raised, RENAME_NOREPLACE) < 0 ? errno : 0;
	} while (failed == EEXIST);
	return failed ? err_set(e, failed, "remove folder %s", name) : 0;
}

static int remove_entry(int dir, const char *name, void *arg, struct err *e)
{
	struct removal *removal = arg;
	int r = remove_file(dir, name, e);

	if (r <= 0)
		return r;
	if (removal->depth == REMOVE_DEPTH)
		return raise_folder(removal, dir, name, e);
	auto_fd int fd = open_to_remove(dir, name, e);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	removal->depth++;
	r = each_name(fd, true, remove_entry, removal, e);
	removal->depth--;
	return r < 0 ? r : remove_empty(dir, name, e);
}

/* A container can make folders in folders without end, more than there are descriptors: so the depth has a limit. */
static int empty_folder(int fd, struct err *e)
{
	struct removal removal = { .top = fd };
	unsigned raised;
	int r;

	do {
		raised = removal.raised;
		r = each_name(fd, true, remove_entry, &removal, e);
	} while (r == 0 && removal.raised != raised);
	return r;
}

int file_remove(int dir, const char *name, struct err *e)
{
	int r = remove_file(dir, name, e);

	if (r <= 0)
		return r;
	auto_fd int fd = open_to_remove(dir, name, e);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	for (int i = 0; i < REMOVE_TRIES; i++) {
		r = empty_folder(fd, e);
		if (r >= 0)
			r = remove_empty(dir, name, e);
		if (r != -ENOTEMPTY) /* else somebody has put something into it meanwhile */
			break;
	}
	return r;
}
