// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"
#include "base/timestamp.h"

#define REDRAW_US   100000
#define DIGITS	    12
#define BAR_MIN	    10
#define BAR_MAX	    40
#define STATE_WIDTH 34 /* "123.4 MB of 123.4 MB   12.3 MB/s" */

static const char *const words[] = {
	[STEP_READING] = "reading",   [STEP_WRITING] = "writing",   [STEP_COPYING] = "copying",  [STEP_FETCHING] = "fetching", [STEP_SENDING] = "sending",
	[STEP_UNPACKING] = "unpacking", [STEP_DONE] = "done",	    [STEP_HERE] = "already here",
	[STEP_THERE] = "already there",
};
static_assert(ARRAY_SIZE(words) == STEP_COUNT, "a word for each step");

void progress_begin(struct progress *p, bool quiet, enum progress_how otherwise)
{
	*p = (struct progress){ .how = quiet ? PROGRESS_SILENT : isatty(STDERR_FILENO) ? PROGRESS_BARS : otherwise };
}

static bool ended(const struct progress_row *row)
{
	return row->step == STEP_DONE || row->step == STEP_HERE || row->step == STEP_THERE;
}

/* The row of a blob, made where there is none; NULL on no memory: then it is not shown. */
static struct progress_row *row_of(struct progress *p, const char *blob)
{
	char name[sizeof(p->rows->blob)];

	snprintf(name, sizeof(name), "%.*s", DIGITS, blob ? blob : "");
	for (size_t i = 0; i < p->n; i++)
		if (streq(p->rows[i].blob, name))
			return &p->rows[i];
	if (p->n == p->room) {
		size_t room = p->room ? 2 * p->room : 16;
		struct progress_row *rows = arena_array(&p->arena, room, sizeof(*rows));

		if (!rows)
			return NULL;
		if (p->n)
			memcpy(rows, p->rows, p->n * sizeof(*rows));
		p->rows = rows;
		p->room = room;
	}
	p->rows[p->n] = (struct progress_row){ .step = STEP_COUNT };
	memcpy(p->rows[p->n].blob, name, sizeof(name));
	return &p->rows[p->n++];
}

static void draw_bar(const struct progress_row *row, size_t width)
{
	size_t full = row->total ? (size_t)((double)width * (double)row->done / (double)row->total) : 0;

	fputc('[', stderr);
	for (size_t i = 0; i < width; i++)
		fputc(i < full ? '=' : i == full ? '>' : ' ', stderr);
	fputs("] ", stderr);
}

static void draw_bytes(const struct progress_row *row, int64_t now_us)
{
	char done[STR_BYTES_MAX], total[STR_BYTES_MAX], rate[STR_BYTES_MAX];
	uint64_t passed_us = (uint64_t)(now_us - row->begun_us);

	fputs(str_bytes(row->done, done), stderr);
	if (row->total)
		fprintf(stderr, " of %s", str_bytes(row->total, total));
	if (passed_us > REDRAW_US && row->step != STEP_UNPACKING)
		fprintf(stderr, "  %s/s", str_bytes((uint64_t)((double)row->done * 1e6 / (double)passed_us), rate));
}

static void draw_row(const struct progress_row *row, size_t columns, int64_t now_us)
{
	size_t taken = DIGITS + 4 + STATE_WIDTH;
	size_t width = columns > taken + BAR_MIN ? MIN(columns - taken, (size_t)BAR_MAX) : 0;

	fprintf(stderr, "\r%s%s", row->blob, row->blob[0] ? " " : "");
	if (ended(row))
		fputs(words[row->step], stderr);
	else if (!row->blob[0] || (row->step == STEP_UNPACKING && row->total && width))
		fprintf(stderr, "%s ", words[row->step]);
	if (!ended(row) && width && row->total)
		draw_bar(row, row->step == STEP_UNPACKING && width > BAR_MIN ? width - BAR_MIN : width);
	if (!ended(row))
		draw_bytes(row, now_us);
	fputs("\033[K\n", stderr);
}

/* Where there are more layers than lines, those that have ended make room first. */
static void draw(struct progress *p, int64_t now_us)
{
	struct winsize size = { 0 };

	(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size); /* a terminal that does not know is taken for a usual one */
	size_t columns = size.ws_col ? size.ws_col : 80, lines = size.ws_row > 2 ? size.ws_row - 1U : 23U;
	size_t surplus = p->n > lines ? p->n - lines : 0, drawn = 0;

	if (p->drawn)
		fprintf(stderr, "\033[%zuA", p->drawn);
	for (size_t i = 0; i < p->n && drawn < lines; i++) {
		if (surplus && ended(&p->rows[i])) {
			surplus--;
			continue;
		}
		draw_row(&p->rows[i], columns, now_us);
		drawn++;
	}
	fputs("\033[J", stderr);
	fflush(stderr);
	p->drawn = drawn;
	p->drawn_us = now_us;
}

static void print_line(const struct progress_row *row)
{
	char bytes[STR_BYTES_MAX];

	fprintf(stderr, "%s%s%s", row->blob, row->blob[0] ? ": " : "", words[row->step]);
	if (!ended(row) && row->total)
		fprintf(stderr, " %s", str_bytes(row->total, bytes));
	fputc('\n', stderr);
}

void progress_show(const struct image_progress *now, void *arg)
{
	struct progress *p = arg;
	struct progress_row *row = p->how == PROGRESS_SILENT ? NULL : row_of(p, now->blob);

	if (!row || (row->step != STEP_COUNT && ended(row))) /* what comes late is of no interest */
		return;
	bool other = row->step != now->step;
	int64_t now_us = clock_us();

	if (other)
		row->begun_us = now_us;
	row->step = now->step;
	row->done = now->done;
	row->total = now->total;
	if (p->how == PROGRESS_LINES && other)
		print_line(row);
	if (p->how == PROGRESS_BARS && now_us - p->drawn_us >= REDRAW_US)
		draw(p, now_us);
}

void progress_end(struct progress *p, bool clear)
{
	if (p->how == PROGRESS_BARS && p->n) {
		draw(p, clock_us());
		if (clear)
			fprintf(stderr, "\033[%zuA\033[J", p->drawn);
		fflush(stderr);
	}
	arena_free(&p->arena);
	*p = (struct progress){ 0 };
}
