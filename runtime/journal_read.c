// SPDX-License-Identifier: Apache-2.0
/* Reading events, and following them over the file's renames: see journal.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "runtime/journal.h"

struct reader {
	const struct journal_query *q;
	int dir;
	FILE *aside, *now; /* the file that was put aside last, whose writers may not be through; the one after it */
};

static void reader_guard(struct reader *r)
{
	if (r->aside)
		fclose(r->aside);
	if (r->now)
		fclose(r->now);
}
#define auto_reader __attribute__((cleanup(reader_guard)))

static FILE *open_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? NULL : fdopen(fd, "r");
}

static bool is_same(FILE *a, FILE *b)
{
	struct stat x, y;

	return a && b && fstat(fileno(a), &x) == 0 && fstat(fileno(b), &y) == 0 && x.st_ino == y.st_ino;
}

/*
 * The file that comes after ours, NULL where there is none yet. Opened in this order, for files move from the first name to the
 * second: what is under the second is ours, or came before the first, or has been under the first a moment ago.
 */
static FILE *next_file(const struct reader *r)
{
	FILE *newest = open_file(r->dir, JOURNAL_FILE);

	if (is_same(newest, r->now)) {
		fclose(newest);
		return NULL;
	}
	FILE *older = open_file(r->dir, JOURNAL_OLD_FILE);

	if (!older)
		return newest;
	bool skipped = !is_same(older, r->now);
	FILE *unused = skipped ? newest : older;

	if (unused)
		fclose(unused);
	return skipped ? older : newest;
}

static int pass_on(const struct journal_query *q, const char *line, size_t len, struct err *e)
{
	auto_event struct event v = { 0 };
	struct err no_event;

	if (event_decode(line, len, &v, &no_event) < 0)
		return 0;
	if (v.time_ns < q->since_ns || (q->until_ns && v.time_ns > q->until_ns))
		return 0;
	return q->f(&v, q->arg, e);
}

static off_t size_of(FILE *f)
{
	struct stat st;

	return f && fstat(fileno(f), &st) == 0 ? st.st_size : 0;
}

/* What was not read yet. @end: its size */
static int read_file(FILE *f, off_t end, const struct journal_query *q, struct err *e)
{
	auto_free char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int r = 0;

	clearerr(f);
	while (r >= 0 && ftello(f) < end && (n = getline(&line, &room, f)) > 0) {
		if (line[n - 1] != '\n') { /* it is being written */
			(void)fseek(f, -n, SEEK_CUR);
			break;
		}
		r = pass_on(q, line, (size_t)n, e);
	}
	return r;
}

/*
 * Up to what is now the end of the newest file. Who has told one event in the file that was put aside, and then another one in
 * the new file, is read in that order: the size of the new one is asked before the other one is read.
 */
static int read_on(struct reader *r, struct err *e)
{
	for (;;) {
		FILE *next = next_file(r); /* asked first: what comes to ours after that is of late writers */
		off_t end = size_of(r->now);
		int n = r->aside ? read_file(r->aside, size_of(r->aside), r->q, e) : 0;

		if (n >= 0 && r->now)
			n = read_file(r->now, end, r->q, e);
		if (!next)
			return n;
		if (r->aside)
			fclose(r->aside);
		r->aside = r->now;
		r->now = next;
		if (n < 0)
			return n;
	}
}

static void skip_old(struct reader *r)
{
	r->now = open_file(r->dir, JOURNAL_FILE);
	if (!r->now)
		r->now = open_file(r->dir, JOURNAL_OLD_FILE); /* put aside, and nothing told since */
	if (r->now)
		(void)fseek(r->now, 0, SEEK_END);
}

/* Return: milliseconds, -1: for ever, 0: it is over */
static int time_left(const struct journal_query *q)
{
	struct timespec t = { 0 };

	if (!q->follow || !q->until_ns)
		return q->follow ? -1 : 0;
	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail with this clock */
	uint64_t now_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;

	return now_ns >= q->until_ns ? 0 : (int)MIN((q->until_ns - now_ns) / 1000000 + 1, (uint64_t)INT_MAX);
}

static int watch_folder(int dir, struct err *e)
{
	auto_fd int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[FD_PATH_MAX];

	if (watch < 0 || inotify_add_watch(watch, fd_path(dir, path), IN_MODIFY | IN_CREATE) < 0)
		return err_set(e, errno, "watch the journal");
	return fd_take(&watch);
}

static int wait_for_more(int watch, int timeout_ms, struct err *e)
{
	struct pollfd p = { .fd = watch, .events = POLLIN };
	char events[4096];

	if (poll(&p, 1, timeout_ms) < 0 && errno != EINTR)
		return err_set(e, errno, "wait for events");
	while (read(watch, events, sizeof(events)) > 0)
		;
	return 0;
}

int journal_read(const struct engine *g, const struct journal_query *q, struct err *e)
{
	auto_reader struct reader reader = { .q = q, .dir = g->data };
	auto_fd int watch = q->follow ? watch_folder(g->data, e) : -1; /* first: what is told from here on is read, or waited for */
	int r = q->follow ? watch : 0;

	if (r >= 0 && !q->old)
		skip_old(&reader);
	while (r >= 0) {
		int left_ms = time_left(q);

		r = read_on(&reader, e);
		if (r < 0 || !left_ms)
			break;
		r = wait_for_more(watch, left_ms, e);
	}
	return r < 0 ? r : 0;
}
