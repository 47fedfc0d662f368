// SPDX-License-Identifier: Apache-2.0
/* Reading a container's log; log.c writes it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/timestamp.h"
#include "runtime/log.h"
#include "spec/decode.h"

#define FOLLOW_POLL_MS 1000 /* how soon the end of the container is noticed without output */

struct line {
	const char *time, *text;
	size_t time_len, len;
	bool is_err;
};

/* What each way of writing reads: false where it is not in that form. */
static bool read_k8s(const char *line, size_t len, struct arena *a, struct line *ret)
{
	const char *kind = strchr(line, ' '), *flag = kind ? strchr(kind + 1, ' ') : NULL;
	const char *text = flag && flag[1] && flag[2] == ' ' ? flag + 3 : NULL;

	(void)a;
	if (!text)
		return false;
	*ret = (struct line){
		.time = line,
		.time_len = (size_t)(kind - line),
		.text = text,
		.len = len - (size_t)(text - line),
		.is_err = str_after(kind + 1, log_stream_names[LOG_STDERR]) != NULL,
	};
	if (flag[1] == 'P' && ret->len > 0)
		ret->len--;
	return true;
}

struct json_line {
	char *log, *stream, *time;
};
static const struct field json_fields[] = {
	FIELD_STRING(struct json_line, log, "log", REQUIRED),
	FIELD_STRING(struct json_line, stream, "stream", REQUIRED),
	FIELD_STRING(struct json_line, time, "time", REQUIRED),
};

static bool read_json(const char *line, size_t len, struct arena *a, struct line *ret)
{
	struct json_line j = { 0 };
	struct err ignored;

	if (decode_text(line, len, "log", json_fields, ARRAY_SIZE(json_fields), a, &j, &ignored) < 0)
		return false;
	*ret = (struct line){
		.time = j.time,
		.time_len = strlen(j.time),
		.text = j.log,
		.len = strlen(j.log),
		.is_err = streq(j.stream, log_stream_names[LOG_STDERR]),
	};
	return true;
}

/* One line of the file, its newline with it, to the stream it came from. The text can hold any byte. */
static void show(const char *line, size_t len, const struct log_query *q, FILE *out, FILE *err)
{
	struct line l = { 0 };
	auto_arena struct arena a = { 0 };
	bool read = (q->driver == LOG_JSON_FILE ? read_json : read_k8s)(line, len, &a, &l);

	if (!read)
		return; /* not in our form */
	if (q->since_s || q->until_s) {
		int64_t t;

		if (timestamp_parse(l.time, &t) < 0)
			return;
		if ((q->since_s && t < q->since_s) || (q->until_s && t > q->until_s))
			return;
	}
	FILE *to = l.is_err ? err : out;

	if (q->timestamps)
		fprintf(to, "%.*s ", (int)l.time_len, l.time);
	fwrite(l.text, 1, l.len, to);
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
	const struct log_config config = { .files = q->files };
	unsigned n = log_files(&config);
	FILE *files[LOG_FILES_MAX] = { NULL };
	uint64_t total = 0, skip;
	int r = 0;

	n = MIN(n, (unsigned)LOG_FILES_MAX);
	for (unsigned i = 0; i < n; i++) {
		char name[LOG_NAME_MAX];

		files[i] = open_log(dir, log_file_name(i, name));
		if (files[i] && q->tail != UINT64_MAX)
			total += count_lines(files[i]);
	}
	skip = q->tail < total ? total - q->tail : 0;
	for (unsigned i = n; i-- > 0;) {
		FILE *f = files[i];

		if (!f)
			continue;
		uint64_t here = q->tail != UINT64_MAX ? count_lines(f) : 0, skipped = MIN(skip, here);

		show_file(f, skipped, q, out, err);
		skip -= skipped;
	}
	if (q->follow && files[0])
		r = follow(dir, &files[0], q, out, err, e);
	for (unsigned i = 0; i < n; i++)
		if (files[i])
			fclose(files[i]);
	return r;
}
