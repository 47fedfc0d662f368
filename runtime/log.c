// SPDX-License-Identifier: Apache-2.0
#include "runtime/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/fd.h"
#include "base/timestamp.h"

#define FOLLOW_POLL_MS 1000 /* how soon the end of the container is noticed without output */

static const char *const stream_names[LOG_STREAM_COUNT] = { "stdout", "stderr" };

int log_open(int dir, uint64_t max_bytes, struct log *ret, struct err *e)
{
	struct stat st;
	int fd = openat(dir, LOG_FILE, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(e, errno, "open the container's log");
	if (fstat(fd, &st) < 0)
		st.st_size = 0;
	*ret = (struct log){ .dir = dir, .fd = fd, .bytes = (uint64_t)st.st_size, .max_bytes = max_bytes };
	return 0;
}

static void rotate(struct log *l)
{
	if (renameat(l->dir, LOG_FILE, l->dir, LOG_OLD_FILE) < 0)
		return;
	int fd = openat(l->dir, LOG_FILE, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return; /* go on with the old one */
	close(l->fd);
	l->fd = fd;
	l->bytes = 0;
}

void log_write(struct log *l, enum log_stream stream, const char *data, size_t len)
{
	char now[TIMESTAMP_MAX], head[TIMESTAMP_MAX + 16];

	if (l->fd < 0)
		return;
	if (l->bytes >= l->max_bytes)
		rotate(l);
	timestamp_now(now);
	while (len > 0) {
		const char *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) + 1 : len;
		int h = snprintf(head, sizeof(head), "%s %s %c ", now, stream_names[stream], end ? 'F' : 'P');
		struct iovec parts[] = {
			{ .iov_base = head, .iov_len = (size_t)h },
			{ .iov_base = (void *)data, .iov_len = n },
			{ .iov_base = "\n", .iov_len = end ? 0 : 1 },
		};
		ssize_t written = writev(l->fd, parts, ARRAY_SIZE(parts));

		if (written > 0)
			l->bytes += (uint64_t)written;
		data += n;
		len -= n;
	}
}

void log_close(struct log *l)
{
	fd_close(&l->fd);
}

/* One line of the file, its newline with it, to the stream it came from. The text can hold any byte. */
static void show(const char *line, size_t len, const struct log_query *q, FILE *out, FILE *err)
{
	const char *kind = strchr(line, ' '), *flag = kind ? strchr(kind + 1, ' ') : NULL;
	const char *text = flag && flag[1] && flag[2] == ' ' ? flag + 3 : NULL;

	if (!text)
		return; /* not in our form */
	if (q->since_s || q->until_s) {
		int64_t t;

		if (timestamp_parse(line, &t) < 0)
			return;
		if ((q->since_s && t < q->since_s) || (q->until_s && t > q->until_s))
			return;
	}
	FILE *to = str_after(kind + 1, stream_names[LOG_STDERR]) ? err : out;
	size_t n = len - (size_t)(text - line);

	if (flag[1] == 'P' && n > 0)
		n--;
	if (q->timestamps)
		fprintf(to, "%.*s ", (int)(kind - line), line);
	fwrite(text, 1, n, to);
}

static uint64_t count_lines(FILE *f)
{
	auto_free char *line = NULL;
	size_t room = 0;
	uint64_t n = 0;

	while (getline(&line, &room, f) > 0)
		n++;
	rewind(f);
	return n;
}

static void show_file(FILE *f, uint64_t skip, const struct log_query *q, FILE *out, FILE *err)
{
	auto_free char *line = NULL;
	size_t room = 0;
	ssize_t n;

	for (uint64_t i = 0; (n = getline(&line, &room, f)) > 0; i++) {
		if (line[n - 1] != '\n') { /* being written, or cut short by a crash */
			(void)fseek(f, -n, SEEK_CUR);
			return;
		}
		if (i >= skip)
			show(line, (size_t)n, q, out, err);
	}
}

static FILE *open_log(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? NULL : fdopen(fd, "r");
}

/* A full file is put aside, and its name given to a new one. Return: that, or NULL where @f is still the one */
static FILE *next_file(int dir, FILE *f)
{
	struct stat named, ours;

	if (fstatat(dir, LOG_FILE, &named, AT_SYMLINK_NOFOLLOW) < 0 || fstat(fileno(f), &ours) < 0)
		return NULL;
	return named.st_ino == ours.st_ino ? NULL : open_log(dir, LOG_FILE);
}

/* Show what comes, until the container has ended and everything is read. @f: becomes another one when the log is rotated */
static int follow(int dir, FILE **f, const struct log_query *q, FILE *out, FILE *err, struct err *e)
{
	auto_fd int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char link[FD_PATH_MAX], events[4096];

	if (watch < 0 || inotify_add_watch(watch, fd_path(dir, link), IN_MODIFY | IN_CREATE) < 0)
		return err_set(e, errno, "watch the log");
	for (;;) {
		/* both asked before reading: what is written until then is shown */
		int alive = q->running(q->arg);
		FILE *next = next_file(dir, *f);

		clearerr(*f);
		show_file(*f, 0, q, out, err);
		if (next) {
			fclose(*f);
			*f = next;
			continue;
		}
		fflush(out);
		fflush(err);
		if (!alive)
			return 0;
		struct pollfd p = { .fd = watch, .events = POLLIN };

		if (poll(&p, 1, FOLLOW_POLL_MS) > 0)
			while (read(watch, events, sizeof(events)) > 0)
				;
	}
}

int log_read(int dir, const struct log_query *q, FILE *out, FILE *err, struct err *e)
{
	static const char *const files[] = { LOG_OLD_FILE, LOG_FILE };
	uint64_t total = 0, skip;
	FILE *open_files[ARRAY_SIZE(files)];
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		open_files[i] = open_log(dir, files[i]);
		if (open_files[i] && q->tail != UINT64_MAX)
			total += count_lines(open_files[i]);
	}
	skip = q->tail < total ? total - q->tail : 0;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		FILE *f = open_files[i];

		if (!f)
			continue;
		uint64_t here = q->tail != UINT64_MAX ? count_lines(f) : 0, skipped = MIN(skip, here);

		show_file(f, skipped, q, out, err);
		skip -= skipped;
	}
	if (q->follow && open_files[1])
		r = follow(dir, &open_files[1], q, out, err, e);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (open_files[i])
			fclose(open_files[i]);
	return r;
}
