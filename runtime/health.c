// SPDX-License-Identifier: Apache-2.0
#include "runtime/health.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "runtime/engine_exec.h"
#include "runtime/journal.h"
#include "runtime/launch.h"
#include "runtime/notify.h"
#include "runtime/start.h"
#include "spec/text.h"

#define HEALTH_FILE  "health.json"
#define FILE_MAX     (64 << 10)
#define NS_PER_MS    1000000
#define NS_PER_S     1000000000
#define NOT_DONE     (-1)

static const struct field result_fields[] = {
	FIELD_STRING(struct health_result, start, "start", REQUIRED),
	FIELD_STRING(struct health_result, end, "end", REQUIRED),
	FIELD_I32(struct health_result, exit_code, "exitCode", OPTIONAL),
	FIELD_STRING(struct health_result, output, "output", OPTIONAL),
};

static const struct field record_fields[] = {
	FIELD_ENUM(struct health_record, status, "status", REQUIRED, health_status_names),
	FIELD_U32(struct health_record, failing_streak, "failingStreak", OPTIONAL),
	FIELD_U32(struct health_record, startup_successes, "startupSuccesses", OPTIONAL),
	FIELD_BOOL(struct health_record, started, "started", OPTIONAL),
	FIELD_LIST(struct health_record, log, "log", OPTIONAL, result_fields, struct health_result),
};

void health_record_free(struct health_record *h)
{
	arena_free(&h->arena);
}

int health_read(int dir, struct health_record *ret, struct err *e)
{
	struct health_record h = { 0 };
	auto_free char *text = NULL;
	size_t len;
	int r = file_read(dir, HEALTH_FILE, FILE_MAX, &text, &len, e);

	if (r >= 0)
		r = decode_text(text, len, HEALTH_FILE, record_fields, ARRAY_SIZE(record_fields), &h.arena, &h, e);
	if (r < 0)
		health_record_free(&h);
	else
		*ret = h;
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

enum health_status health_status_of(int dir)
{
	auto_health_record struct health_record h = { 0 };
	struct err ignored;

	return health_read(dir, &h, &ignored) > 0 ? (enum health_status)h.status : HEALTH_NONE;
}

static int write_record(int dir, const struct health_record *h, struct err *e)
{
	auto_free char *text = NULL;
	int r = encode_text(record_fields, ARRAY_SIZE(record_fields), h, &text, e);

	return r < 0 ? r : file_publish(dir, HEALTH_FILE, text, strlen(text), 0600, 0, e);
}

int health_begin(int dir, const struct settings *s, struct err *e)
{
	const struct health_record h = { .status = HEALTH_STARTING, .started = s->health.startup.test.n == 0 };

	return write_record(dir, &h, e);
}

int64_t health_interval_ms(const struct health_settings *h, bool startup)
{
	const struct health_check *c = startup ? &h->startup : &h->check;

	return c->test.n ? (int64_t)(c->interval_ns / NS_PER_MS) : 0;
}

/* "CMD" and words, or "CMD-SHELL" and a line for the shell. */
static int command_of(const struct health_check *check, struct arena *a, struct strv *ret, struct err *e)
{
	static const char *const shell[] = { "/bin/sh", "-c" };
	bool line = streq(check->test.v[0], "CMD-SHELL");
	int r = 0;

	for (size_t i = 0; line && i < ARRAY_SIZE(shell) && r >= 0; i++)
		r = strv_add(a, ret, shell[i]);
	for (size_t i = 1; i < check->test.n && r >= 0; i++)
		r = strv_add(a, ret, check->test.v[i]);
	return r < 0 ? err_nomem(e) : 0;
}

/* JSON holds UTF-8 only, and a terminal is to show it: what is neither is written as \xNN. */
static char *harmless(struct arena *a, const char *text)
{
	auto_free char *clean = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&clean, &len);

	if (!f)
		return NULL;
	str_harmless(f, text, strlen(text), true);
	return fclose(f) == 0 ? arena_strdup(a, clean) : NULL;
}

/* Run the command. What keeps it from running is a failed check, and the reason is its output. */
static int try_once(const struct engine *g, const struct container *c, int dir, const struct health_check *check,
		    struct health_record *h, struct health_result *ret, struct err *e)
{
	char output[HEALTH_OUTPUT_MAX + 1], now[TIMESTAMP_MAX];
	auto_spec struct spec s = { 0 };
	struct strv command = { 0 };
	struct err why;
	uint64_t timeout_ms = check->timeout_ns / NS_PER_MS;
	int r = record_spec(dir, &s, e);

	if (r >= 0)
		r = command_of(check, &h->arena, &command, e);
	if (r < 0)
		return r;
	ret->start = arena_strdup(&h->arena, timestamp_now(now));
	r = engine_exec_read(g, &c->settings, &s, command.v, timeout_ms ? (int)MIN(timeout_ms, (uint64_t)INT_MAX) : -1, output,
			     sizeof(output), &why);
	ret->end = arena_strdup(&h->arena, timestamp_now(now));
	ret->exit_code = r < 0 ? NOT_DONE : r;
	ret->output = harmless(&h->arena, r < 0 && !*output ? why.text : output);
	return ret->start && ret->end && ret->output ? 0 : err_nomem(e);
}

/* Add a result, and forget the oldest. */
static int remember(struct health_record *h, const struct health_result *new, struct err *e)
{
	size_t keep = MIN(h->log.n, (size_t)HEALTH_LOG_MAX - 1);
	struct health_result *v = arena_array(&h->arena, keep + 1, sizeof(*v));

	if (!v)
		return err_nomem(e);
	for (size_t i = 0; i < keep; i++)
		v[i] = h->log.v[h->log.n - keep + i];
	v[keep] = *new;
	h->log = (struct health_results){ v, keep + 1 };
	return 0;
}

static bool in_start_period(const struct container *c)
{
	int64_t began, now;
	char text[TIMESTAMP_MAX];

	if (!c->run.started || timestamp_parse(c->run.started, &began) < 0 || timestamp_parse(timestamp_now(text), &now) < 0)
		return false;
	return now - began < (int64_t)(c->settings.health.start_period_ns / NS_PER_S);
}

static void judge(const struct container *c, struct health_record *h, bool well)
{
	const struct health_settings *set = &c->settings.health;

	if (well) {
		h->failing_streak = 0;
		h->status = HEALTH_HEALTHY;
	} else if (h->status != HEALTH_STARTING || !in_start_period(c)) {
		h->failing_streak++;
		if (h->failing_streak >= MAX(set->check.retries, 1U))
			h->status = HEALTH_UNHEALTHY;
	}
}

/* Return: true where it has failed too often, and is to begin anew */
static bool judge_startup(const struct container *c, struct health_record *h, bool well)
{
	const struct health_settings *set = &c->settings.health;

	h->startup_successes = well ? h->startup_successes + 1 : 0;
	h->failing_streak = well ? 0 : h->failing_streak + 1;
	h->started = h->startup_successes >= MAX(set->startup_successes, 1U);
	return set->startup.retries && h->failing_streak >= set->startup.retries;
}

static void tell(const struct engine *g, const struct container *c, const struct health_record *h)
{
	struct event v = event_of(&c->settings, EVENT_HEALTH_STATUS);

	v.detail = (struct spec_pair){ (char *)"health_status", (char *)health_status_names[h->status] };
	journal_tell(g, &v);
}

static void say_ready(const struct container *c)
{
	struct err ignored; /* the container is well, whoever hears of it */

	if (c->run.notify_socket)
		(void)notify_ready(c->run.notify_socket, (pid_t)c->run.notify_pid, &ignored);
}

static int restart(const struct engine *g, const char *id, struct err *e)
{
	static const struct launch_options how = { .detach = true };
	int status, r = engine_stop(g, id, 0, -1, e);

	return r < 0 ? r : launch(g, id, &how, &status, e);
}

static int act(const struct engine *g, const char *id, uint32_t action, struct err *e)
{
	switch (action) {
	case HEALTH_ACTION_KILL: /* as if it had died: its restart policy says what comes then */
		return container_kill(g->states, id, SIGKILL, false, e);
	case HEALTH_ACTION_RESTART:
		return restart(g, id, e);
	case HEALTH_ACTION_STOP:
		return engine_stop(g, id, 0, -1, e);
	default:
		return 0;
	}
}

static int check_running(const struct engine *g, const struct container *c, int dir, struct err *e)
{
	auto_health_record struct health_record h = { .status = HEALTH_STARTING };
	struct health_result result = { 0 };
	const char *id = c->settings.id;
	int r = health_read(dir, &h, e);

	if (r < 0)
		return r;
	enum health_status before = (enum health_status)h.status;
	bool startup = !h.started && c->settings.health.startup.test.n, again = false;

	r = try_once(g, c, dir, startup ? &c->settings.health.startup : &c->settings.health.check, &h, &result, e);
	if (r >= 0)
		r = remember(&h, &result, e);
	if (r < 0)
		return r;
	bool well = result.exit_code == 0;

	if (startup)
		again = judge_startup(c, &h, well);
	else
		judge(c, &h, well);
	r = write_record(dir, &h, e);
	if (r < 0)
		return r;
	if (h.status != before)
		tell(g, c, &h);
	if (h.status == HEALTH_HEALTHY && before != HEALTH_HEALTHY && c->settings.sdnotify == SDNOTIFY_HEALTHY)
		say_ready(c);
	if (again)
		r = restart(g, id, e);
	else if (h.status == HEALTH_UNHEALTHY)
		r = act(g, id, c->settings.health.on_failure, e);
	if (r < 0)
		return r;
	return startup && !h.started ? VERDICT_STARTUP : well ? VERDICT_WELL : VERDICT_UNWELL;
}

int health_check(const struct engine *g, const char *id, char **argv, struct err *e)
{
	auto_container struct container c = { 0 };
	auto_fd int dir = record_open(g, id, e);
	int r = dir < 0 ? dir : container_load(g, id, &c, e);

	if (r < 0)
		return r;
	if (!c.settings.health.check.test.n) {
		err_say(e, EINVAL, "nothing says how container %s is to be checked", c.settings.name);
		return err_hint(e, "run it with --health-cmd");
	}
	if (c.phase != PHASE_RUNNING)
		return err_say(e, ESRCH, "container %s is not running: it is %s", c.settings.name, phase_names[c.phase]);
	r = engine_exec_seal(g, &c.settings, argv, e);
	return r < 0 ? r : check_running(g, &c, dir, e);
}

int launch_check_health(const struct engine *g, const struct monitor_words *w, char **argv, struct err *e)
{
	return health_check(g, w->text[MONITOR_ID], argv, e);
}
