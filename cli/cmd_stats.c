// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/output.h"
#include "cli/pod_view.h"
#include "cli/stats_table.h"
#include "cli/stats_watch.h"
#include "cli/verbs.h"
#include "runtime/launch.h"

#define INTERVAL_DEFAULT_MS 1000
#define INTERVAL_MIN_MS	    100
#define INTERVAL_MAX_MS	    86400000
#define FIRST_MS	    250 /* between the first two looks: how busy it is shows between two */

struct stats {
	bool all, latest, no_stream, no_reset, no_trunc;
	const char *interval, *format;
};

static const struct option rows[] = {
	OPT_FLAG(struct stats, all, "all", 'a', "those that do not run, too"),
	LATEST_ROW(struct stats, latest),
	OPT_STRING(struct stats, interval, "interval", 'i', "SECONDS", "between two looks; default: 1"),
	OPT_FLAG(struct stats, no_stream, "no-stream", 0, "show them once"),
	OPT_FLAG(struct stats, no_reset, "no-reset", 0, "each table below the last one, not over it"),
	OPT_FLAG(struct stats, no_trunc, "no-trunc", 0, "whole ids, and every column however narrow the terminal is"),
	OPT_STRING(struct stats, format, "format", 0, "FORMAT", "table, json, or a template such as {{.CPUPerc}}"),
};

static int read_interval(const char *text, uint64_t *ret_ms, struct err *e)
{
	*ret_ms = INTERVAL_DEFAULT_MS;
	if (text && (str_to_milli(text, ret_ms) < 0 || *ret_ms < INTERVAL_MIN_MS || *ret_ms > INTERVAL_MAX_MS))
		return err_say(e, EINVAL, "--interval %s: seconds, please, from 0.1 to 86400", text);
	return 0;
}

/* The containers that were named: each must be there, and run where those that do not were not asked for. */
static int find_named(const struct call *c, const struct engine *g, const struct stats *o, struct strv *ret, struct err *e)
{
	char newest[CONTAINER_ID_MAX];
	int status = 0;

	if (o->latest) {
		int r = verb_named(c, g, true, newest, NULL, e);

		return r < 0 ? r : strv_add(c->arena, ret, newest) < 0 ? err_nomem(e) : 0;
	}

	for (size_t i = 0; i < c->n_args; i++) {
		char id[CONTAINER_ID_MAX];
		int r = verb_container(g, c->args[i], id, e);

		if (r >= 0 && !o->all)
			r = verb_running(g, id, e);
		if (r < 0) {
			output_error(c, e);
			status = 1;
		} else if (strv_add(c->arena, ret, id) < 0) {
			return err_nomem(e);
		}
	}
	return status;
}

/* ---- the terminal: each table is drawn over the last one ---- */

struct screen {
	bool live;		/* a terminal that can move its cursor, and a table */
	bool redraws;		/* the next one goes over it */
	bool plain;		/* it has no bars */
	struct winsize size;	/* as it was for the last table */
	size_t lines;		/* of that table; 0: there was none */
	size_t widths[TABLE_COLUMNS_MAX];
};

/* Do the texts that programs write here have characters beyond ASCII? As setlocale(3) decides it. */
static bool locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *v = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !(v && *v); i++)
		v = getenv(names[i]);
	return v && (strcasestr(v, "utf-8") || strcasestr(v, "utf8"));
}

static struct screen look_at_screen(const struct stats *o)
{
	const char *term = getenv("TERM");
	bool dumb = !term || !*term || streq(term, "dumb");
	bool live = isatty(STDOUT_FILENO) && !dumb && (!o->format || streq(o->format, "table"));

	return (struct screen){
		.live = live,
		.redraws = live && !o->no_stream && !o->no_reset,
		/* the kernel's own console has a font without the lower bars */
		.plain = dumb || streq(term, "linux") || !locale_is_utf8(),
	};
}

/* Go back to where the last table began. Where the terminal has another size by now, its lines lie elsewhere: begin anew. */
static void rewind_screen(struct screen *s)
{
	struct winsize size = { 0 };

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size); /* a terminal that does not know has no size */
	if (s->redraws && s->lines && size.ws_row == s->size.ws_row && size.ws_col == s->size.ws_col)
		printf("\033[%zuA\r\033[J", s->lines);
	s->size = size;
}

/* ---- one table ---- */

struct frame {
	const struct call *call;
	const struct stats *options;
	const struct watch_list *list;
	struct screen *screen;
	uint64_t now_s;
};

static int add_container(const struct frame *f, const struct watched *w, struct listing *l, struct err *e)
{
	uint64_t started_s = (uint64_t)MAX(w->started_s, INT64_C(0));
	const struct stats_source from = {
		.id = w->id,
		.name = w->settings.name,
		.whole_id = f->options->no_trunc,
		.before = w->looks > 1 ? &w->before : NULL,
		.now = w->looks > 0 ? &w->now : NULL,
		.up_s = started_s && f->now_s > started_s ? f->now_s - started_s : 0,
		.cpu = &w->cpu,
		.memory = w->now.cgroup.has_memory ? &w->memory : NULL,
		.plain = f->screen->plain,
	};
	struct stats_entry entry;
	int r = stats_describe(&from, l->table.arena, &entry, e);

	return r < 0 ? r : listing_add(l, &entry, e);
}

/* Columns that have nothing to say here. */
static uint32_t hidden_columns(const struct frame *f)
{
	bool lines = f->screen->live && !f->options->no_stream, memory = false, merging = false;

	for (size_t i = 0; i < f->list->n; i++) {
		const struct watched *w = f->list->v[i];

		memory |= w->looks && w->now.cgroup.has_memory;
		merging |= w->looks && w->now.ksm.merged_bytes;
	}
	return (lines ? 0 : BIT(STATS_CPU_LINE)) | (lines && memory ? 0 : BIT(STATS_MEMORY_LINE)) |
	       (merging ? 0 : BIT(STATS_KSM));
}

/* How many containers a table may show, so that its first line can be reached again. */
static size_t rows_of(const struct screen *s)
{
	return s->redraws && s->size.ws_row > 3 ? s->size.ws_row - 3U : SIZE_MAX;
}

/* Those that run, or were asked for. @ret_shown, @ret_more: rows, and containers that have no place. */
static int add_containers(const struct frame *f, struct listing *l, size_t *ret_shown, size_t *ret_more, struct err *e)
{
	const struct watch_list *list = f->list;
	size_t shown = 0, more = 0;
	int r = 0;

	for (size_t i = 0; i < list->n && r >= 0; i++) {
		const struct watched *w = list->v[i];

		if (!w->runs && !list->only && !list->all)
			continue; /* it is about to start, or has just ended */
		bool fits = shown < rows_of(f->screen);

		r = fits ? add_container(f, w, l, e) : 0;
		shown += fits;
		more += !fits;
	}
	*ret_shown = shown;
	*ret_more = more;
	return r;
}

static int draw(const struct frame *f, struct arena *arena, struct err *e)
{
	struct screen *s = f->screen;
	struct call call = *f->call;
	auto_listing struct listing l = {
		.table = { .columns = stats_columns, .n_columns = STATS_COLUMN_COUNT, .whole = f->options->no_trunc,
			   .hidden = hidden_columns(f), .leave_out = stats_leave_out, .n_leave_out = stats_n_leave_out },
		.fields = stats_fields,
		.n_fields = stats_n_fields,
		.add_row = stats_add_row,
	};
	size_t shown, more;

	call.arena = arena; /* what a table needs goes with it */
	int r = listing_begin(&l, &call, f->options->format, e);

	if (s->live) {
		rewind_screen(s);
		l.table.fit = f->options->no_trunc ? 0 : s->size.ws_col;
		l.table.widths = s->widths;
	}
	if (r >= 0)
		r = add_containers(f, &l, &shown, &more, e);
	if (r >= 0)
		r = listing_end(&l, e);
	if (r < 0)
		return r;
	if (more)
		printf("… and %zu more\n", more);
	s->lines = 1 + shown + (more > 0);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : err_set(e, errno ? errno : EIO, "write to standard output");
}

/* ---- again and again ---- */

/* Return: whether somebody has asked for the end meanwhile */
static bool wait_ms(const sigset_t *end, uint64_t ms)
{
	const struct timespec t = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

	return sigtimedwait(end, NULL, &t) > 0;
}

static int stream(const struct call *c, struct watch_list *list, uint64_t interval_ms, struct err *e)
{
	const struct stats *o = c->options;
	struct screen screen = look_at_screen(o);
	struct frame f = { .call = c, .options = o, .list = list, .screen = &screen };
	sigset_t end;

	fd_allow_many(); /* two folders are held of each container; those beyond are shown without numbers */
	int r = watch_list_look(list, e);

	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &end, NULL);
	(void)setvbuf(stdout, NULL, _IOFBF, 1 << 16); /* a table in one write: it does not flicker */
	for (bool stop = wait_ms(&end, FIRST_MS); r >= 0 && !stop; stop = o->no_stream || wait_ms(&end, interval_ms)) {
		auto_arena struct arena arena = { 0 };

		r = watch_list_look(list, e);
		f.now_s = (uint64_t)time(NULL);
		if (r >= 0)
			r = draw(&f, &arena, e);
		if (list->only && list->n == 0) /* those that were named have been removed */
			break;
	}
	return r;
}

static int run(const struct call *c, struct err *e)
{
	const struct stats *o = c->options;
	auto_engine struct engine g;
	struct strv only = { 0 };
	uint64_t interval_ms;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = read_interval(o->interval, &interval_ms, e);
	if (r >= 0)
		r = find_named(c, &g, o, &only, e);
	if (r != 0)
		return r;
	auto_watch_list struct watch_list list = { .g = &g, .only = only.n ? &only : NULL, .all = o->all };

	return stream(c, &list, interval_ms, e);
}

/* Of the containers of pods that run now. */
static int run_pods(const struct call *c, struct err *e)
{
	const struct stats *o = c->options;
	auto_engine struct engine g;
	struct strv only = { 0 };
	struct call named;
	uint64_t interval_ms;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = read_interval(o->interval, &interval_ms, e);
	if (r >= 0)
		r = pod_containers(c, &g, o->latest, !o->all, &named, e);
	for (size_t i = 0; r >= 0 && i < named.n_args; i++)
		if (strv_push(c->arena, &only, named.args[i]) < 0)
			return err_nomem(e);
	if (r < 0)
		return r;
	auto_watch_list struct watch_list list = { .g = &g, .only = &only, .all = o->all };

	return stream(c, &list, interval_ms, e);
}

const struct verb verb_stats = {
	.name = "stats",
	.group = "Looking at them",
	.arguments = "[CONTAINER…]",
	.help = "what they use, live",
	.about = "Show what containers use, again and again until Ctrl-C: of processors (100 % is one of them), of memory (without "
		 "copies of files that have not been used for long) and its limit, of swap, what they have sent, received, read and "
		 "written, their processes and threads, and PRESSURE: the share of the last 10 seconds in which some of them waited for "
		 "a processor/for memory/for a disk, in percent. The small lines are the last moments of both. -- is what this machine "
		 "does not count. Without names: all that run. A terminal that is too narrow has fewer columns.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct stats),
	.run = run,
};

const struct verb verb_pod_stats = {
	.name = "stats",
	.above = &verb_pod,
	.arguments = "[POD…]",
	.help = "what their containers use, live",
	.about = "Show what the containers of pods use, as `stats` does; without names: of all pods.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct stats),
	.run = run_pods,
};
