// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/fd.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/when.h"
#include "runtime/journal.h"
#include "spec/text.h"

#define NS_PER_S 1000000000

struct events {
	const char *since, *until, *format;
	uint32_t stream, no_trunc; /* enum switch_state */
	bool no_stream;
	struct strv filters;
};

static const struct option rows[] = {
	OPT_LIST(struct events, filters, "filter", 'f', "KEY=VALUE",
		 "those with this container=, image=, volume=, network=, type=, event= or label="),
	OPT_STRING(struct events, since, "since", 0, "TIME",
		   "begin then: 2026-11-22T01:02:03Z, seconds since 1970, or 10m ago"),
	OPT_STRING(struct events, until, "until", 0, "TIME", "end then; 10m is in ten minutes, -10m was ten minutes ago"),
	OPT_SWITCH(struct events, stream, "stream", 0, "go on as things happen; the default"),
	OPT_FLAG(struct events, no_stream, "no-stream", 0, "what has happened until now, and no more"),
	OPT_STRING(struct events, format, "format", 0, "FORMAT", "json (a line each), or a template such as {{.Name}}"),
	OPT_SWITCH(struct events, no_trunc, "no-trunc", 0, "whole ids; the default"),
};

/* ---- filters ---- */

static bool by_container(const struct event *v, const char *value)
{
	return v->type == EVENT_CONTAINER && (streq(v->name, value) || str_after(v->id, value));
}

/* The image itself, or what was made of it; by its whole name, as people write it, or by its id. */
static bool by_image(const struct event *v, const char *value)
{
	const char *name = v->type == EVENT_IMAGE ? v->name : v->image;
	char text[IMAGE_REF_MAX];
	struct image_ref ref;
	struct err no_name;

	if (name && streq(name, value))
		return true;
	if (v->type == EVENT_IMAGE && *value && v->id && str_after(v->id, value))
		return true;
	return name && image_ref_parse(value, &ref, &no_name) == 0 && streq(name, image_ref_text(&ref, false, text));
}

static bool by_volume(const struct event *v, const char *value)
{
	return v->type == EVENT_VOLUME && streq(v->name, value);
}

static bool by_network(const struct event *v, const char *value)
{
	return v->type == EVENT_NETWORK && v->network && streq(v->network, value);
}

static bool by_type(const struct event *v, const char *value)
{
	return streq(event_type_names[v->type], value);
}

/* Words of docker for what podman, and we, call otherwise. */
static const struct {
	const char *word;
	enum event_status status;
} other_words[] = {
	{ "die", EVENT_DIED },	     { "destroy", EVENT_REMOVE }, { "delete", EVENT_REMOVE }, { "load", EVENT_LOAD },
	{ "exec_start", EVENT_EXEC }, { "exec_die", EVENT_EXEC_DIED },
};

static bool by_event(const struct event *v, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(other_words); i++)
		if (v->status == other_words[i].status && streq(other_words[i].word, value))
			return true;
	return streq(event_status_names[v->status], value);
}

static bool by_label(const struct event *v, const char *value)
{
	size_t n = strcspn(value, "=");

	for (size_t i = 0; i < v->attributes.n; i++) {
		const struct spec_pair *l = &v->attributes.v[i];

		if (strncmp(l->key, value, n) == 0 && !l->key[n] && (!value[n] || streq(l->value, value + n + 1)))
			return true;
	}
	return false;
}

static bool is_type(const char *value)
{
	for (size_t i = 0; i < EVENT_TYPE_COUNT; i++)
		if (streq(event_type_names[i], value))
			return true;
	return false;
}

static bool is_event(const char *value)
{
	for (size_t i = 0; i < EVENT_STATUS_COUNT; i++)
		if (by_event(&(struct event){ .status = (uint32_t)i }, value))
			return true;
	return false;
}

static const struct {
	const char *key;
	bool (*fits)(const struct event *v, const char *value);
	bool (*is_word)(const char *value); /* NULL: any text will do */
	const char *words;
} filters[] = {
	{ "container=", by_container, NULL, NULL },
	{ "image=", by_image, NULL, NULL },
	{ "volume=", by_volume, NULL, NULL },
	{ "network=", by_network, NULL, NULL },
	{ "label=", by_label, NULL, NULL },
	{ "type=", by_type, is_type, "container, image, volume or network" },
	{ "event=", by_event, is_event,
	  "create, start, oom, died, stop, kill, restart, pause, unpause, update, exec, exec_died, remove, loadfromarchive, tag, "
	  "untag, connect or disconnect" },
};

static int check_filter(const char *text, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		const char *value = str_after(text, filters[i].key);

		if (value && filters[i].is_word && !filters[i].is_word(value))
			return err_say(e, EINVAL, "--filter %s: it is %s", text, filters[i].words);
		if (value)
			return 0;
	}
	return err_say(e, EINVAL, "--filter %s: it is container=, image=, volume=, network=, type=, event= or label=", text);
}

/* Of each key that was given one value must fit. */
static bool is_wanted(const struct event *v, const struct strv *wanted)
{
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		bool given = false, fits = false;

		for (size_t k = 0; k < wanted->n; k++) {
			const char *value = str_after(wanted->v[k], filters[i].key);

			given |= value != NULL;
			fits |= value && filters[i].fits(v, value);
		}
		if (given && !fits)
			return false;
	}
	return true;
}

/* ---- what is printed ---- */

static void print_time(const struct event *v)
{
	time_t s = (time_t)v->time_s;
	struct tm tm;
	char text[64], of_zone[64];

	localtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	strftime(of_zone, sizeof(of_zone), "%z %Z", &tm);
	printf("%s.%09u %s", text, (unsigned)(v->time_ns % NS_PER_S), of_zone);
}

static void print_text(const char *before, const char *text)
{
	fputs(before, stdout);
	str_harmless(stdout, text, strlen(text), false);
}

static void print_pair(const char *key, const char *value)
{
	print_text(", ", key);
	print_text("=", value);
}

/* "TIME container died ID (image=…, name=…, LABEL=…)", as podman has it. */
static void print_line(const struct event *v)
{
	print_time(v);
	printf(" %s %s", event_type_names[v->type], event_status_names[v->status]);
	if (v->id)
		print_text(" ", v->id);
	if (v->type == EVENT_CONTAINER) {
		print_text(" (image=", v->image ? v->image : "");
		print_pair("name", v->name ? v->name : "");
		if (v->exit_code.set)
			printf(", containerExitCode=%u", v->exit_code.v);
		for (size_t i = 0; i < v->attributes.n; i++)
			print_pair(v->attributes.v[i].key, v->attributes.v[i].value);
		putchar(')');
	} else if (v->type == EVENT_NETWORK) {
		fputs(" (", stdout);
		if (v->name)
			print_text("container=", v->name);
		print_text(v->name ? ", name=" : "name=", v->network ? v->network : "");
		putchar(')');
	} else if (v->name) {
		print_text(" ", v->name);
	}
	if (v->error)
		print_text(": ", v->error);
	putchar('\n');
}

/* For templates every key is there, and two have further names, as with podman. */
static int complete(json_t *object, const struct event *v, struct err *e)
{
	static const char *const texts[] = { "ID", "Image", "Name", "Network", "Error", "ContainerExitCode" };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++)
		if (!json_object_get(object, texts[i]))
			r = json_object_set_new(object, texts[i], json_string(""));
	if (r == 0)
		r = json_object_set_new(object, "Time", json_integer((json_int_t)v->time_s));
	if (r == 0)
		r = json_object_set_new(object, "TimeNano", json_integer((json_int_t)v->time_ns));
	return r < 0 ? err_nomem(e) : 0;
}

static int print_formatted(const struct event *v, const char *format, struct err *e)
{
	json_auto_t *object = NULL;
	int r = event_encode(v, &object, e);

	if (r < 0)
		return r;
	if (!streq(format, "json")) {
		r = complete(object, v, e);
		return r < 0 ? r : output_template(object, format, e);
	}
	auto_free char *text = NULL;

	r = json_to_layout(object, JSON_COMPACT | JSON_ENSURE_ASCII, &text, e);
	if (r == 0)
		puts(text);
	return r;
}

static int show(const struct event *v, void *arg, struct err *e)
{
	const struct events *o = arg;
	struct event shown = *v;
	char id[ID_SHORT + 1];
	int r = 0;

	if (!is_wanted(v, &o->filters))
		return 0;
	if (v->id && o->no_trunc == SWITCH_OFF) {
		snprintf(id, sizeof(id), "%s", v->id);
		shown.id = id;
	}
	if (o->format)
		r = print_formatted(&shown, o->format, e);
	else
		print_line(&shown);
	if (r >= 0 && fflush(stdout) < 0)
		return err_set(e, errno, "write to standard output");
	return r;
}

static int check(const struct events *o, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < o->filters.n && r >= 0; i++)
		r = check_filter(o->filters.v[i], e);
	if (r >= 0 && o->format && !streq(o->format, "json") && !strstr(o->format, "{{"))
		return err_say(e, EINVAL, "--format %s: it is json, or a template such as {{.Name}}", o->format);
	if (r >= 0 && o->no_stream && o->stream == SWITCH_ON)
		return err_say(e, EINVAL, "--stream and --no-stream contradict each other");
	return r;
}

static int run(const struct call *c, struct err *e)
{
	const struct events *o = c->options;
	bool follow = !o->no_stream && o->stream != SWITCH_OFF;
	struct journal_query q = {
		.old = !follow || o->since || o->until,
		.follow = follow,
		.f = show,
		.arg = (void *)o,
	};
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = check(o, e);
	if (r >= 0)
		r = when_parse("--since", o->since, false, &q.since_ns, e);
	if (r >= 0)
		r = when_parse("--until", o->until, true, &q.until_ns, e);
	return r < 0 ? r : journal_read(&g, &q, e);
}

const struct verb verb_events = {
	.name = "events",
	.group = "Looking at them",
	.arguments = "",
	.help = "what happens to them",
	.about = "Show what happens to containers, images, volumes and networks, as it happens. With --since, --until or --no-stream also "
		 "what has happened: the last 1 to 2 MB of it are kept, over reboots too. Of filters with the same key one "
		 "must fit, of different keys all.",
	.options = OPTIONS(rows, struct events),
	.run = run,
};
