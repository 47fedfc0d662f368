// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/output.h"
#include "cli/pod_view.h"
#include "cli/verbs.h"
#include "cli/when.h"
#include "runtime/log.h"

#define NS_PER_S 1000000000

struct logs {
	bool follow, timestamps, raw, names, latest, color;
	const char *tail, *since, *until;
	const char *container; /* of a pod */
};

static const struct option rows[] = {
	OPT_STRING(struct logs, container, "container", 'c', "CONTAINER", "of this one alone"), /* of pods */
	OPT_FLAG(struct logs, follow, "follow", 'f', "go on until it has ended"),
	OPT_STRING(struct logs, tail, "tail", 'n', "LINES", "the last ones only"),
	OPT_STRING(struct logs, since, "since", 0, "TIME",
		   "from then on: 2026-11-22T01:02:03Z, seconds since 1970, or 10m ago"),
	OPT_STRING(struct logs, until, "until", 0, "TIME", "up to then"),
	OPT_FLAG(struct logs, timestamps, "timestamps", 't', "begin each line with its time"),
	OPT_FLAG(struct logs, names, "names", 0, "begin each line with the container's name"),
	OPT_FLAG(struct logs, color, "color", 0, "on a terminal each of several has a colour of its own"),
	OPT_FLAG(struct logs, latest, "latest", 'l', "the one that was made last"),
	OPT_FLAG(struct logs, raw, "raw", 0, "as it was written, control characters too"),
};

#define POD_ROWS 1 /* the first ones are for `pod logs` alone */

/* A stream in front of another that lets nothing through which a terminal obeys. */
struct filter {
	FILE *out;
	const char *prefix; /* of each line; NULL: none */
	bool in_line;
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

static void write_lines(struct filter *f, const char *text, size_t len)
{
	while (len > 0) {
		const char *end = f->prefix ? memchr(text, '\n', len) : NULL;
		size_t n = end ? (size_t)(end - text) + 1 : len;

		if (f->prefix && !f->in_line)
			fprintf(f->out, "%s ", f->prefix);
		f->in_line = !end;
		str_harmless(f->out, text, n, true);
		text += n;
		len -= n;
	}
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
	write_lines(f, text, all - f->n_rest);
	fflush(f->out);
	return (ssize_t)len;
}

static int filter_close(void *cookie)
{
	struct filter *f = cookie;

	str_harmless(f->out, f->rest, f->n_rest, true);
	return 0;
}

static FILE *open_filter(struct filter *f, FILE *out, const char *prefix)
{
	*f = (struct filter){ .out = out, .prefix = prefix };
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

static int show(int dir, const struct log_query *q, bool raw, const char *prefix, struct err *e)
{
	struct filter filters[2];

	if (raw)
		return log_read(dir, q, stdout, stderr, e);
	FILE *out = open_filter(&filters[0], stdout, prefix), *err = open_filter(&filters[1], stderr, prefix);
	int r = out && err ? log_read(dir, q, out, err, e) : err_nomem(e);

	if (out)
		(void)fclose(out); /* what could not be written shows on stdout itself */
	if (err)
		(void)fclose(err);
	return r;
}

struct showing {
	const struct logs *options;
	struct log_query query;
	bool several;
};

/* Is there anything that could be read here? */
static int check_driver(const struct settings *s, struct err *e)
{
	if (s->log_driver == LOG_K8S_FILE || s->log_driver == LOG_JSON_FILE)
		return 0;
	err_say(e, EOPNOTSUPP, "container %s writes no log that is kept here: its log driver is %s", s->name,
		log_driver_names[s->log_driver]);
	return s->log_driver == LOG_JOURNALD ? err_hint(e, "`journalctl CONTAINER_ID_FULL=%s` shows it", s->id) : -e->code;
}

#define PREFIX_MAX 160
#define RED	   31 /* the first of six colours of a terminal */

/* What each line begins with: its name, or its id; an id has its own colour. */
static const char *prefix_of(const struct logs *o, const char *id, const char *name, char buf[PREFIX_MAX])
{
	char text[PREFIX_MAX / 2 + 64];

	snprintf(text, sizeof(text), o->names ? "%s" : "%.12s", o->names ? name : id);
	if (o->color && output_is_coloured(stdout))
		snprintf(buf, PREFIX_MAX, "\033[%dm%s\033[0m", RED + id[0] % 6, text);
	else
		snprintf(buf, PREFIX_MAX, "%s", text);
	return buf;
}

static int show_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct showing *s = arg;
	auto_settings struct settings settings = { 0 };
	auto_fd int dir = record_open(g, id, e);
	struct watched watched = { g, id };
	struct log_query q = s->query;
	char prefix[PREFIX_MAX];
	int r = dir < 0 ? dir : record_settings(dir, &settings, e);

	if (r >= 0)
		r = check_driver(&settings, e);
	if (r < 0)
		return r;
	q.driver = settings.log_driver;
	q.files = settings.log_files;
	q.arg = &watched;
	bool prefixed = s->options->names || s->several;

	return show(dir, &q, s->options->raw, prefixed ? prefix_of(s->options, id, settings.name, prefix) : NULL, e);
}

/* Several are followed by a process each. */
static int follow_all(const struct call *c, const struct engine *g, const struct showing *s, struct err *e)
{
	int status = 0, result = 0;

	for (size_t i = 0; i < c->n_args; i++) {
		char id[CONTAINER_ID_MAX];
		int r = verb_container(g, c->args[i], id, e);
		pid_t child = r < 0 ? -1 : fork();

		if (child == 0) {
			r = show_one(g, id, s, e);
			if (r < 0)
				output_error(c, e);
			fflush(stdout);
			_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
		}
		if (r < 0)
			output_error(c, e);
		result |= child < 0;
	}
	while (wait(&status) > 0)
		result |= status != 0;
	return result ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int show_all(const struct call *c, const struct engine *g, bool several, bool latest, struct err *e)
{
	const struct logs *o = c->options;
	const struct verb_choice choice = { .latest = latest };
	const struct verb_each how = { .choice = &choice, .silent = true };
	uint64_t since_ns = 0, until_ns = 0;
	struct showing s = { .options = o, .several = several };
	struct log_query *q = &s.query;
	int r;

	*q = (struct log_query){ .timestamps = o->timestamps, .follow = o->follow, .tail = UINT64_MAX, .running = is_running };
	r = when_parse("--since", o->since, false, &since_ns, e);
	if (r >= 0)
		r = when_parse("--until", o->until, false, &until_ns, e);
	if (r < 0)
		return r;
	q->since_s = (int64_t)(since_ns / NS_PER_S);
	q->until_s = (int64_t)(until_ns / NS_PER_S);
	if (o->tail && !streq(o->tail, "all") && str_to_u64(o->tail, UINT64_MAX - 1, &q->tail) < 0)
		return err_say(e, EINVAL, "--tail %s: a number of lines, or all, please", o->tail);
	if (o->raw && (o->names || s.several))
		return err_say(e, EINVAL, "--raw shows one container's bytes, and nothing else");
	return o->follow && c->n_args > 1 ? follow_all(c, g, &s, e) : verb_each(c, g, &how, show_one, &s, e);
}

static int run(const struct call *c, struct err *e)
{
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	return r < 0 ? r : show_all(c, &g, c->n_args > 1, ((const struct logs *)c->options)->latest, e);
}

/* One of its containers, if it is one. */
static int choose(const struct engine *g, const char *name, struct call *c, struct err *e)
{
	char id[CONTAINER_ID_MAX];
	int r = verb_container(g, name, id, e);

	for (size_t i = 0; i < c->n_args && r >= 0; i++)
		if (streq(c->args[i], id)) {
			c->args += i;
			c->n_args = 1;
			return 0;
		}
	return r < 0 ? r : err_say(e, ENOENT, "--container %s: the pod has no such container", name);
}

static int run_pod(const struct call *c, struct err *e)
{
	const struct logs *o = c->options;
	auto_engine struct engine g;
	struct call named;
	int r = verb_engine(c, &g, e);

	if (r >= 0 && !c->n_args && !o->latest)
		r = err_say(e, EINVAL, "name a pod, or give --latest");
	if (r >= 0)
		r = pod_containers(c, &g, o->latest, false, &named, e);
	if (r >= 0 && o->container)
		r = choose(&g, o->container, &named, e);
	return r < 0 || !named.n_args ? r : show_all(&named, &g, !o->container, false, e);
}

const struct verb verb_logs = {
	.name = "logs",
	.group = "Looking at them",
	.arguments = "[CONTAINER…]",
	.help = "what it has written",
	.about = "Show what containers have written, their standard errors on ours; with several each line begins with whose it is. "
		 "Characters that a terminal would obey are shown as \\xNN, unless --raw is given.",
	.max_args = ARGS_ANY,
	.options = { rows + POD_ROWS, ARRAY_SIZE(rows) - POD_ROWS, sizeof(struct logs) },
	.run = run,
};

const struct verb verb_pod_logs = {
	.name = "logs",
	.above = &verb_pod,
	.arguments = "[POD]",
	.help = "what their containers have written",
	.about = "Show what the containers of a pod have written, as `logs` does.",
	.max_args = 1,
	.options = OPTIONS(rows, struct logs),
	.run = run_pod,
};
