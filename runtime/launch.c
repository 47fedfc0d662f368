// SPDX-License-Identifier: Apache-2.0
/*
 * Starting a container and looking after it. The one who does holds its monitor lock from the first step to the last; the
 * lock goes over to the monitor by inheriting its fd, so there is no moment without an owner.
 */
#include "runtime/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/fd.h"
#include "base/sock.h"
#include "runtime/run.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS	 10000
#define LONG_RUN_S	 10 /* a run that lasted this long was no failure to start: the pauses begin anew */
#define STOP_LOOK_MS	 50

/* What the monitor tells the command that started it. */
struct report {
	struct err err; /* code 0: it runs */
	char warnings[1024]; /* lines */
};

struct care {
	const struct engine *g;
	const char *id;
	const struct launch_options *o;
	int dir, watch;
	int report; /* socket to the command; -1: none, or told */
	struct report first;
};

/* Said once after each boot: `paene inspect` and `paene info` go on saying it. */
static void describe_missing(const struct run *r, char *text, size_t size)
{
	auto_fd int said = r->missing.n ? openat(r->g->run, "said-missing", O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	size_t n;

	*text = '\0';
	if (said < 0)
		return;
	n = (size_t)snprintf(text, size, "this machine's cgroup2 lacks the controllers for default limits, not set:");
	for (size_t i = 0; i < r->missing.n && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, " %s", r->missing.v[i]);
}

static void say_started(struct care *c, const struct run *r)
{
	describe_missing(r, c->first.warnings, sizeof(c->first.warnings));
	if (c->report < 0)
		return;
	(void)sock_send(c->report, &c->first, sizeof(c->first), NULL, 0); /* the command may have been killed */
	fd_close(&c->report);
}

static int relay(struct care *c, struct run *r, bool *ret_signalled, struct err *e)
{
	struct log log = { .fd = -1 };
	bool front = !c->o->detach;
	struct relay relay = {
		.pidfd = r->created.pidfd,
		.console = r->created.console,
		.pipes = { r->ends.ours[0], r->ends.ours[1], r->ends.ours[2] },
		.in = front && c->o->input ? 0 : -1,
		.out = front ? 1 : -1,
		.err = front ? 2 : -1,
		.log = &log,
		.raw = front && c->o->terminal,
		.pass_signals = front,
	};
	struct err no_log;

	/* the log of what is removed at its end has no reader, unless it runs in the background */
	if (!r->settings.remove || c->o->detach)
		(void)log_open(c->dir, LOG_MAX_BYTES, &log, &no_log); /* without a log it still runs */
	int status = relay_run(&relay, e);

	log_close(&log);
	*ret_signalled = relay.signalled;
	memcpy(r->ends.ours, relay.pipes, sizeof(relay.pipes)); /* the input's end may be closed by now */
	return status;
}

static bool wants_restart(const struct care *c, const struct settings *s, int status, uint64_t restarts)
{
	if (s->restart == RESTART_NO || record_wants_stop(c->dir))
		return false;
	if (s->restart == RESTART_ALWAYS)
		return true;
	return status != 0 && (!s->restart_max.set || restarts < s->restart_max.v);
}

static int64_t now_s(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return t.tv_sec;
}

/* Return: false where a stop came meanwhile */
static bool pause_before_restart(const struct care *c, unsigned ms)
{
	const struct timespec slice = { .tv_nsec = STOP_LOOK_MS * 1000000L };

	for (unsigned done = 0; done < ms && !record_wants_stop(c->dir); done += STOP_LOOK_MS)
		(void)nanosleep(&slice, NULL);
	return !record_wants_stop(c->dir);
}

/* One run. Return: its exit status, or -errno with @e filled where it could not be started */
static int run_once(struct care *c, uint64_t restarts, bool *ret_again, struct err *e)
{
	struct run r;
	bool signalled = false;
	int status = run_start(c->g, c->dir, c->watch, &r, e);

	*ret_again = false;
	if (status < 0)
		return status;
	say_started(c, &r);
	status = relay(c, &r, &signalled, e);
	run_finish(&r, status < 0 ? 255 : status, restarts);
	*ret_again = !signalled && wants_restart(c, &r.settings, status, restarts);
	run_free(&r);
	return status;
}

/* Until it ends for good. Return: the last exit status, or -errno with @e filled */
static int look_after(struct care *c, struct err *e)
{
	unsigned backoff_ms = BACKOFF_FIRST_MS;
	bool again = true;
	int status = 0;

	for (uint64_t restarts = 0; again; restarts++) {
		int64_t began = now_s();

		status = run_once(c, restarts, &again, e);
		if (!again)
			break;
		if (now_s() - began >= LONG_RUN_S)
			backoff_ms = BACKOFF_FIRST_MS;
		if (!pause_before_restart(c, backoff_ms))
			break;
		backoff_ms = MIN(backoff_ms * 2, (unsigned)BACKOFF_MAX_MS);
	}
	return status;
}

static bool removes_itself(int dir)
{
	auto_settings struct settings s = { 0 };
	struct err ignored;

	return record_settings(dir, &s, &ignored) == 0 && s.remove;
}

static int care_to_the_end(struct care *c, struct err *e)
{
	int status = look_after(c, e);
	struct err ignored;

	if (removes_itself(c->dir))
		(void)record_destroy(c->g, c->id, &ignored); /* a sweep or `rm` finds what is left */
	return status;
}

static _Noreturn void monitor(struct care *c)
{
	struct err e;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	(void)prctl(PR_SET_NAME, "paene-monitor", 0, 0, 0);
	for (int fd = 0; fd < 3 && null_fd >= 0; fd++)
		(void)dup2(null_fd, fd);
	(void)!chdir("/");
	int r = care_to_the_end(c, &e);

	if (r < 0 && c->report >= 0) {
		c->first.err = e;
		(void)sock_send(c->report, &c->first, sizeof(c->first), NULL, 0);
	}
	_exit(r < 0 ? 125 : 0);
}

static int add_warnings(const char *text, struct arena *arena, struct strv *ret)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (strv_push(arena, ret, arena_strndup(arena, text, n)) < 0)
			return -ENOMEM;
		text += n + (text[n] == '\n');
	}
	return 0;
}

/* Return: 0 when the monitor says that it runs, or its error */
static int detach(struct care *c, struct err *e)
{
	auto_fd int ours = -1, theirs = -1;
	int r = sock_pair(&ours, &theirs, e);

	if (r < 0)
		return r;
	pid_t pid = fork();

	if (pid < 0)
		return err_set(e, errno, "start a monitor");
	if (pid == 0) {
		fd_close(&ours);
		c->report = theirs;
		monitor(c);
	}
	fd_close(&theirs);
	ssize_t n = sock_recv(ours, &c->first, sizeof(c->first), NULL, 0);

	if (n != (ssize_t)sizeof(c->first))
		return err_say(e, EPIPE, "the monitor ended before the container was there");
	if (c->first.err.code == 0)
		return 0;
	*e = c->first.err;
	return -e->code;
}

/* What an earlier run left because its monitor was killed. */
static int clear_old_run(struct care *c, struct err *e)
{
	auto_settings struct settings s = { 0 };
	auto_state struct state state = { 0 };
	struct err absent;

	if (state_load(c->g->states, c->id, &state, &absent) < 0)
		return 0;
	if (state.status != STATUS_STOPPED)
		return err_say(e, EBUSY, "container %.12s is already running", c->id);
	int r = record_settings(c->dir, &s, e);

	return r < 0 ? r : run_release(c->g, &s, e);
}

int launch(const struct engine *g, const char *id, const struct launch_options *o, int *ret_status, struct arena *arena,
	   struct strv *ret_warnings, struct err *e)
{
	auto_fd int dir = record_open(g, id, e), watch = -1;
	struct care c = { .g = g, .id = id, .o = o, .dir = dir, .report = -1 };

	if (dir < 0)
		return dir;
	c.watch = watch = record_watch(dir, false, e);
	if (watch == -EBUSY)
		return err_say(e, EBUSY, "container %.12s is already running", id);
	if (watch < 0)
		return watch;
	int r = clear_old_run(&c, e);

	if (r >= 0)
		r = record_set_stop(dir, false, e);
	if (r < 0)
		return r;
	relay_block_signals();
	r = o->detach ? detach(&c, e) : care_to_the_end(&c, e);
	if (r < 0)
		return r;
	if (!o->detach)
		*ret_status = r;
	return add_warnings(c.first.warnings, arena, ret_warnings) < 0 ? err_nomem(e) : 0;
}
