// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/when.h"
#include "runtime/log.h"

#define NS_PER_S 1000000000

struct logs {
	bool follow, timestamps, raw;
	const char *tail, *since, *until;
};

static const struct option rows[] = {
	OPT_FLAG(struct logs, follow, "follow", 'f', "go on until it has ended"),
	OPT_STRING(struct logs, tail, "tail", 'n', "LINES", "the last ones only"),
	OPT_STRING(struct logs, since, "since", 0, "TIME",
		   "from then on: 2026-11-22T01:02:03Z, seconds since 1970, or 10m ago"),
	OPT_STRING(struct logs, until, "until", 0, "TIME", "up to then"),
	OPT_FLAG(struct logs, timestamps, "timestamps", 't', "begin each line with its time"),
	OPT_FLAG(struct logs, raw, "raw", 0, "as it was written, control characters too"),
};

/* A stream in front of another that lets nothing through which a terminal obeys. */
struct filter {
	FILE *out;
	char rest[4]; /* the beginning of a character whose end has not come yet */
	size_t n_rest;
};

/* How many bytes at the end are a character's beginning only. */
static size_t unfinished(const char *s, size_t len)
{
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		unsigned char c = (unsigned char)s[len - back];
		size_t needs = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

		if ((c & 0xc0) != 0x80)
			return needs > back ? back : 0;
	}
	return 0;
}

static ssize_t filter_write(void *cookie, const char *data, size_t len)
{
	struct filter *f = cookie;
	size_t all = f->n_rest + len;
	auto_free char *text = malloc(all + 1);

	if (!text)
		return 0;
	memcpy(text, f->rest, f->n_rest);
	memcpy(text + f->n_rest, data, len);
	f->n_rest = unfinished(text, all);
	memcpy(f->rest, text + all - f->n_rest, f->n_rest);
	str_harmless(f->out, text, all - f->n_rest, true);
	fflush(f->out);
	return (ssize_t)len;
}

static int filter_close(void *cookie)
{
	struct filter *f = cookie;

	str_harmless(f->out, f->rest, f->n_rest, true);
	return 0;
}

static FILE *open_filter(struct filter *f, FILE *out)
{
	*f = (struct filter){ .out = out };
	return fopencookie(f, "w", (cookie_io_functions_t){ .write = filter_write, .close = filter_close });
}

struct watched {
	const struct engine *g;
	const char *id;
};

static int is_running(void *arg)
{
	const struct watched *w = arg;
	auto_container struct container c = { 0 };
	struct err gone;

	if (container_load(w->g, w->id, &c, &gone) < 0)
		return false;
	return c.watched || c.phase == PHASE_RUNNING || c.phase == PHASE_PAUSED;
}

static int show(int dir, const struct log_query *q, bool raw, struct err *e)
{
	struct filter filters[2];

	if (raw)
		return log_read(dir, q, stdout, stderr, e);
	FILE *out = open_filter(&filters[0], stdout), *err = open_filter(&filters[1], stderr);
	int r = out && err ? log_read(dir, q, out, err, e) : err_nomem(e);

	if (out)
		(void)fclose(out); /* what could not be written shows on stdout itself */
	if (err)
		(void)fclose(err);
	return r;
}

static int run(const struct call *c, struct err *e)
{
	const struct logs *o = c->options;
	char id[CONTAINER_ID_MAX];
	auto_engine struct engine g;
	auto_fd int dir = -1;
	struct watched watched = { &g, id };
	uint64_t since_ns = 0, until_ns = 0;
	struct log_query q = {
		.timestamps = o->timestamps,
		.follow = o->follow,
		.tail = UINT64_MAX,
		.running = is_running,
		.arg = &watched,
	};
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = verb_container(&g, c->args[0], id, e);
	if (r >= 0)
		r = dir = record_open(&g, id, e);
	if (r >= 0)
		r = when_parse("--since", o->since, false, &since_ns, e);
	if (r >= 0)
		r = when_parse("--until", o->until, false, &until_ns, e);
	if (r < 0)
		return r;
	q.since_s = (int64_t)(since_ns / NS_PER_S);
	q.until_s = (int64_t)(until_ns / NS_PER_S);
	if (o->tail && !streq(o->tail, "all") && str_to_u64(o->tail, UINT64_MAX - 1, &q.tail) < 0)
		return err_say(e, EINVAL, "--tail %s: a number of lines, or all, please", o->tail);
	return show(dir, &q, o->raw, e);
}

const struct verb verb_logs = {
	.name = "logs",
	.group = "Looking at them",
	.arguments = "CONTAINER",
	.help = "what it has written",
	.about = "Show what a container has written, its standard error on ours. Characters that a terminal would obey "
		 "are shown as \\xNN, unless --raw is given.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct logs),
	.run = run,
};
