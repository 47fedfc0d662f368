// SPDX-License-Identifier: Apache-2.0
/*
 * Starting a container and looking after it. The one who does holds its monitor lock from the first step to the last; the
 * lock goes over to the monitor by inheriting its fd, so there is no moment without an owner.
 */
#include "runtime/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

#include "base/fd.h"
#include "base/sock.h"
#include "base/timestamp.h"
#include "runtime/attach.h"
#include "runtime/backoff.h"
#include "runtime/health.h"
#include "runtime/journal.h"
#include "runtime/notify.h"
#include "runtime/pods.h"
#include "runtime/run.h"
#include "runtime/storage.h"
#include "runtime/volumes.h"

#define STOP_LOOK_MS	 50
#define NEEDED_TRIES	 200 /* of as long each */
#define STATUS_UNKNOWN	 255
#define STATUS_ENGINE	 125 /* it was never there */

/* What the monitor tells the command that started it. */
struct report {
	struct err err; /* code 0: it runs */
	char warning[1024]; /* "": none */
};

struct care {
	const struct engine *g;
	const char *id;
	const struct launch_options *o;
	int dir, watch;
	int viewer; /* who looks on from the start: attach.h; -1: nobody */
	int size;   /* a terminal whose size it has; -1: none */
	int report; /* socket to the command that waits; closed by the exec of paene-monitor; -1: none */
	struct report first;
	uint64_t restarts;
	unsigned backoff_ms; /* the last pause before a restart */
	int64_t began_s;
};

static void describe_missing(const struct run *r, char *text, size_t size)
{
	if (!r->record.missing.n || !engine_say_once(r->g, "said-missing"))
		return;
	size_t n = (size_t)snprintf(text, size, "this machine's cgroup2 lacks files for defaults, which are not set:");

	for (size_t i = 0; i < r->record.missing.n && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, " %s", r->record.missing.v[i]);
}

static void describe_served(const struct run *r, char *text, size_t size)
{
	if (!r->serve || r->settings.storage_driver != STORAGE_AUTO || !engine_say_once(r->g, "said-served"))
		return;
	size_t n = strlen(text);

	snprintf(text + n, size - n, "%sthe kernel cannot overlay folders of %s with ids mapped: fuse-overlayfs does, slower",
		 n ? "; " : "", r->g->data_path);
}

static void describe_unlimited(const struct run *r, char *text, size_t size)
{
	if (!r->g->rootless || r->settings.cgroup_manager != CGROUP_MANAGER_DISABLED || !engine_say_once(r->g, "said-unlimited"))
		return;
	size_t n = strlen(text);

	snprintf(text + n, size - n, "%sno cgroup is given to you: nothing limits or counts what containers use", n ? "; " : "");
}

/* Where ports are published: asked until it has been said. */
static void describe_foreign(const struct run *r, char *text, size_t size)
{
	static const char mark[] = "said-forward";
	char foreign[NET_FOREIGN_MAX];
	struct err ignored; /* that nobody knows is not worth a word */

	if (!r->wiring.hold.n || r->g->rootless || faccessat(r->g->run, mark, F_OK, 0) == 0 || network_foreign(foreign, &ignored) <= 0 ||
	    !engine_say_once(r->g, mark))
		return;
	size_t n = strlen(text);

	snprintf(text + n, size - n, "%s%s", n ? "; " : "", foreign);
}

static void warn(const struct care *c)
{
	if (*c->first.warning && c->o->warn)
		c->o->warn(c->first.warning, c->o->warn_arg);
}

/* --sdnotify conmon and container: this process will be the monitor. */
static void say_ready(const struct care *c, const struct run *r)
{
	const char *socket = getenv(NOTIFY_ENV);
	struct err ignored; /* it runs, whoever hears of it */

	bool ours = c->o->tell_ready || r->settings.sdnotify == SDNOTIFY_CONMON;

	if (ours && socket && *socket)
		(void)notify_ready(socket, getpid(), &ignored);
	if (r->created.notify >= 0)
		(void)notify_wait_aside(r->created.notify, socket, r->created.pidfd, getpid(), &ignored);
}

static void say_started(struct care *c, const struct run *r)
{
	say_ready(c, r);
	journal_container(c->g, &r->settings, EVENT_START);
	if (c->restarts)
		journal_container(c->g, &r->settings, EVENT_RESTART);
	*c->first.warning = '\0';
	describe_missing(r, c->first.warning, sizeof(c->first.warning));
	describe_served(r, c->first.warning, sizeof(c->first.warning));
	describe_unlimited(r, c->first.warning, sizeof(c->first.warning));
	describe_foreign(r, c->first.warning, sizeof(c->first.warning));
	if (c->report < 0) {
		warn(c);
		return;
	}
	(void)sock_send(c->report, &c->first, sizeof(c->first), NULL, 0); /* the command may have been killed */
}

struct told {
	const struct engine *g;
	const struct settings *settings;
};

static void tell_oom(void *arg)
{
	const struct told *t = arg;

	journal_container(t->g, t->settings, EVENT_OOM);
}

int launch_tell_oom(const struct engine *g, const struct monitor_words *w, struct err *e)
{
	auto_settings struct settings s = { 0 };
	int64_t dir;
	int r = monitor_number(w, MONITOR_DIR, &dir, e);

	if (r >= 0)
		r = record_settings((int)dir, &s, e);
	if (r >= 0)
		journal_container(g, &s, EVENT_OOM);
	return r;
}

static uint64_t log_max_bytes(const struct settings *s)
{
	return s->log_max_bytes.set ? s->log_max_bytes.v : LOG_MAX_BYTES;
}

/* When a run that begins now is killed; 0: never */
static int64_t kill_at(const struct settings *s)
{
	return s->run_timeout_s ? clock_us() + s->run_timeout_s * INT64_C(1000000) : 0;
}

/* In the foreground: to our own standard streams. Return: the exit status, or -errno with @e filled */
static int relay(struct care *c, struct run *r, struct relay *ret, struct err *e)
{
	struct log log = { .fd = -1 };
	struct told told = { c->g, &r->settings };
	const struct net_hold *hold = &r->wiring.hold;
	const struct settings *s = &r->settings;

	*ret = (struct relay){
		.pidfd = r->created.pidfd,
		.console = r->created.console,
		.pipes = { r->ends.ours[0], r->ends.ours[1], r->ends.ours[2] },
		.in = c->o->view.input ? STDIN_FILENO : -1,
		.out = c->o->view.no_out ? -1 : STDOUT_FILENO,
		.err = c->o->view.no_err ? -1 : STDERR_FILENO,
		.log = &log,
		.raw = c->o->view.terminal,
		.pass_signals = !c->o->view.keep_signals,
		.oom = r->oom,
		.on_oom = r->oom >= 0 ? tell_oom : NULL,
		.on_oom_arg = &told,
		.served = r->root >= 0,
		.root = r->root,
		.ports = net_hold_relay(hold),
		.ports_netns = net_hold_netns(hold),
		.ports_to = hold->relay ? &hold->to : NULL,
		.kill_at_us = kill_at(s),
	};
	const struct log_config kept = {
		.driver = s->log_driver, .max_bytes = log_max_bytes(s), .files = s->log_files,
		.id = s->id, .name = s->name, .image = s->image, .tag = s->log_tag,
	};
	struct err no_log;

	if (!s->remove || s->log_driver == LOG_JOURNALD) /* the log of what is removed at its end has no reader */
		(void)log_open_as(c->dir, &kept, &log, &no_log); /* without a log it still runs */
	int status = relay_run(ret, e);

	log_close(&log);
	ret->log = NULL;
	ret->on_oom = NULL;
	ret->ports_to = NULL;
	memcpy(r->ends.ours, ret->pipes, sizeof(ret->pipes)); /* the input's end may be closed by now */
	return status;
}

static bool wants_restart(const struct care *c, const struct settings *s, int status)
{
	if (s->restart == RESTART_NO || record_wants_stop(c->dir))
		return false;
	if (s->restart != RESTART_ON_FAILURE)
		return true;
	return status != 0 && (!s->restart_max.set || c->restarts < s->restart_max.v);
}

/* `update` may have changed the policy since the run began. */
static void read_policy(const struct care *c, struct settings *s)
{
	auto_settings struct settings now = { 0 };
	struct err ignored; /* then it stays as it was */

	if (s->restart == RESTART_NO || record_settings(c->dir, &now, &ignored) < 0)
		return;
	s->restart = now.restart;
	s->restart_max = now.restart_max;
}

static int64_t now_s(void)
{
	return clock_us() / 1000000;
}

/* Return: false where a stop came meanwhile */
static bool pause_before_restart(struct care *c)
{
	const struct timespec slice = { .tv_nsec = STOP_LOOK_MS * 1000000L };

	c->backoff_ms = backoff_ms(c->backoff_ms, now_s() - c->began_s);
	for (unsigned done = 0; done < c->backoff_ms && !record_wants_stop(c->dir); done += STOP_LOOK_MS)
		(void)nanosleep(&slice, NULL);
	c->restarts++;
	return !record_wants_stop(c->dir);
}

static int start(struct care *c, struct run *r, struct err *e)
{
	int err;

	c->began_s = now_s();
	err = run_start(c->g, c->dir, c->size, r, e);
	if (err >= 0)
		say_started(c, r);
	return err;
}

/* After the last run: nothing looks after it any more. @finished: of run_finish() */
static void end(struct care *c, const struct settings *s, int finished)
{
	struct err ignored;

	pod_member_ended(c->g, s);
	if (!s->remove || finished < 0)
		return;
	volume_remove_anonymous(c->g, s);
	if (record_destroy(c->g, c->id, s->name, &ignored) <= 0)
		return; /* a sweep or `rm` finds what is left */
	storage_release(c->g, s);
	journal_container(c->g, s, EVENT_REMOVE);
}

/* It could not be started: what removes itself goes, of others that is on record. */
static void end_unstarted(struct care *c, const struct err *why)
{
	auto_settings struct settings s = { 0 };
	char now[TIMESTAMP_MAX];
	struct err ignored;
	const struct exit_record x = {
		.status = why->exit_status ? why->exit_status : STATUS_ENGINE,
		.finished = (char *)timestamp_now(now),
		.error = (char *)why->text,
		.restarts = c->restarts,
	};

	if (record_settings(c->dir, &s, &ignored) < 0)
		return;
	record_tell_waiters(c->watch, x.status);
	if (!s.remove)
		(void)record_write_exit(c->dir, &x, &ignored); /* the user reads the words anyway */
	/* all is given back already, but for what failed then */
	end(c, &s, run_release(c->g, c->dir, &s, false, &ignored));
}

/* Until it ends for good. Return: the last exit status, or -errno with @e filled */
static int stand_by(struct care *c, struct err *e)
{
	for (;;) {
		struct run r;
		struct relay way;
		int status = start(c, &r, e);

		if (status < 0) {
			end_unstarted(c, e);
			return status;
		}
		status = relay(c, &r, &way, e);
		int its_own = status >= 0 ? status : way.lost ? 0 : STATUS_UNKNOWN;
		const struct run_end how = {
			.status = its_own,
			.oom_killed = way.oom_kills > 0,
			.root_lost = way.root_lost,
			.restarts = c->restarts,
		};
		int finished = run_finish(c->g, c->dir, c->watch, &r.settings, &how);

		read_policy(c, &r.settings);
		bool again = !way.signalled && wants_restart(c, &r.settings, its_own) && pause_before_restart(c);

		if (!again)
			end(c, &r.settings, finished);
		run_free(&r);
		if (!again)
			return status;
	}
}

/* ---- detached: see monitor.h ---- */

static void say(struct monitor_words *w, enum monitor_word which, long long v)
{
	snprintf(w->text[which], MONITOR_WORD_MAX, "%lld", v);
}

static int listen_for_viewers(const struct care *c)
{
	char name[RECORD_ID_LENGTH + sizeof("/" ATTACH_SOCKET)];
	struct err ignored;

	snprintf(name, sizeof(name), "%s/" ATTACH_SOCKET, c->id);
	return sock_listen(c->g->states, name, SOCK_SEQPACKET, &ignored);
}

/* Turn into paene-monitor. Return: only on failure */
static int become_monitor(struct care *c, struct run *r, struct err *e)
{
	const struct net_hold *hold = &r->wiring.hold;
	const struct settings *s = &r->settings;
	struct monitor_words w = { 0 };
	auto_fd int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_fd int monitor = open(c->g->monitor, O_RDONLY | O_CLOEXEC);

	auto_fd int listen = listen_for_viewers(c); /* without it nobody attaches */

	if (self < 0 || monitor < 0)
		return err_set(e, errno, "open %s", self < 0 ? "this program" : c->g->monitor);
	snprintf(w.text[MONITOR_DATA], MONITOR_WORD_MAX, "%s", c->g->data_path);
	snprintf(w.text[MONITOR_RUN], MONITOR_WORD_MAX, "%s", c->g->run_path);
	snprintf(w.text[MONITOR_ID], MONITOR_WORD_MAX, "%s", c->id);
	if (hold->relay)
		net_addr_text(&hold->to, false, w.text[MONITOR_PORTS_TO]);
	snprintf(w.text[MONITOR_NAME], MONITOR_WORD_MAX, "%s", s->name);
	snprintf(w.text[MONITOR_IMAGE], MONITOR_WORD_MAX, "%s", s->image);
	snprintf(w.text[MONITOR_TAG], MONITOR_WORD_MAX, "%s", s->log_tag ? s->log_tag : "");
	say(&w, MONITOR_LOG_DRIVER, s->log_driver);
	say(&w, MONITOR_LOG_BYTES, (long long)log_max_bytes(s));
	say(&w, MONITOR_LOG_FILES, s->log_files);
	say(&w, MONITOR_HEALTH_MS, health_interval_ms(&s->health, false));
	say(&w, MONITOR_STARTUP_MS, health_interval_ms(&s->health, true));
	say(&w, MONITOR_KILL_US, kill_at(s));
	say(&w, MONITOR_PROGRAM, self);
	say(&w, MONITOR_WATCH, c->watch);
	say(&w, MONITOR_DIR, c->dir);
	say(&w, MONITOR_PIDFD, r->created.pidfd);
	say(&w, MONITOR_CONSOLE, r->created.console);
	say(&w, MONITOR_IN, r->ends.ours[0]);
	say(&w, MONITOR_OUT, r->ends.ours[1]);
	say(&w, MONITOR_ERR, r->ends.ours[2]);
	say(&w, MONITOR_OOM, MAX(r->oom, -1));
	say(&w, MONITOR_ROOT, r->root);
	say(&w, MONITOR_PORTS, net_hold_relay(hold));
	say(&w, MONITOR_PORTS_PREFIX, hold->to.prefix);
	say(&w, MONITOR_PORTS_NETNS, net_hold_netns(hold));
	say(&w, MONITOR_ROOT_LOST, 0);
	say(&w, MONITOR_OOM_KILLS, 0);
	say(&w, MONITOR_LISTEN, MAX(listen, -1));
	say(&w, MONITOR_VIEWER, c->viewer);
	say(&w, MONITOR_RESTARTS, (long long)c->restarts);
	say(&w, MONITOR_BACKOFF_MS, c->backoff_ms);
	say(&w, MONITOR_BEGAN_S, c->began_s);
	say(&w, MONITOR_STATUS, STATUS_UNKNOWN);
	return monitor_exec(monitor, "paene-monitor", NULL, &w, hold->fds, hold->n, e);
}

/* Start it and turn into its monitor. Return: only on failure */
static int start_detached(struct care *c, struct err *e)
{
	struct run r;
	int err = run_start(c->g, c->dir, c->size, &r, e);

	if (err < 0)
		return err;
	c->began_s = now_s();
	say_started(c, &r);
	err = become_monitor(c, &r, e);
	/* it runs, but nobody can stand by it */
	(void)run_release(c->g, c->dir, &r.settings, false, &(struct err){ 0 });
	run_free(&r);
	return err;
}

static _Noreturn void monitor(struct care *c)
{
	struct err e;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	if (c->size >= 0)
		c->size = fcntl(c->size, F_DUPFD_CLOEXEC, 3);
	for (int fd = 0; fd < (c->o->pass_streams ? 1 : 3) && null_fd >= 0; fd++)
		(void)dup2(null_fd, fd);
	(void)!chdir("/");
	(void)start_detached(c, &e);
	end_unstarted(c, &e);
	if (c->report >= 0) {
		c->first.err = e;
		(void)sock_send(c->report, &c->first, sizeof(c->first), NULL, 0);
	}
	_exit(STATUS_UNKNOWN);
}

int launch_after_exit(const struct engine *g, const struct monitor_words *w, struct err *e)
{
	static const struct launch_options none;
	struct care c = { .g = g, .id = w->text[MONITOR_ID], .o = &none, .report = -1, .viewer = -1, .size = -1 };
	auto_settings struct settings s = { 0 };
	int64_t n[MONITOR_WORDS] = { 0 };
	int r = 0;

	for (enum monitor_word i = MONITOR_WATCH; i < MONITOR_WORDS && r >= 0; i++)
		r = monitor_number(w, i, &n[i], e);
	if (r < 0)
		return r;
	c.watch = (int)n[MONITOR_WATCH];
	c.dir = (int)n[MONITOR_DIR];
	c.restarts = (uint64_t)n[MONITOR_RESTARTS];
	c.backoff_ms = (unsigned)n[MONITOR_BACKOFF_MS];
	c.began_s = n[MONITOR_BEGAN_S];
	r = record_settings(c.dir, &s, e);
	if (r < 0)
		return r;
	int status = (int)n[MONITOR_STATUS];
	const struct run_end how = {
		.status = status,
		.oom_killed = n[MONITOR_OOM_KILLS] > 0,
		.root_lost = n[MONITOR_ROOT_LOST] > 0,
		.restarts = c.restarts,
	};
	int finished = run_finish(g, c.dir, c.watch, &s, &how);
	while (wants_restart(&c, &s, status) && pause_before_restart(&c)) {
		(void)start_detached(&c, e); /* comes back only where it could not be started: that is a failure like others */
		status = e->exit_status ? e->exit_status : STATUS_UNKNOWN;
	}
	end(&c, &s, finished);
	return status;
}

/* Return: 0 when the monitor says that it runs, or its error */
static int detach(struct care *c, struct err *e)
{
	auto_fd int ours = -1, theirs = -1;
	auto_fd int looker = -1, looked_at = -1;
	int r = sock_pair(&ours, &theirs, e);

	if (r >= 0 && c->o->look)
		r = sock_pair(&looker, &looked_at, e);
	if (r < 0)
		return r;
	pid_t pid = fork();

	if (pid < 0)
		return err_set(e, errno, "start a monitor");
	if (pid == 0) {
		fd_close(&ours);
		fd_close(&looker);
		c->report = theirs;
		c->viewer = looked_at;
		monitor(c);
	}
	fd_close(&theirs);
	fd_close(&looked_at);
	struct report second = { .err = { .code = 0 } };
	ssize_t n = sock_recv(ours, &c->first, sizeof(c->first), NULL, 0);

	if (n != (ssize_t)sizeof(c->first))
		return err_say(e, EPIPE, "the monitor ended before the container was there");
	if (c->first.err.code == 0) /* it runs; the end of file says that the monitor does, too */
		(void)sock_recv(ours, &second, sizeof(second), NULL, 0);
	*e = c->first.err.code ? c->first.err : second.err;
	c->viewer = e->code ? -1 : fd_take(&looker);
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

	return r < 0 ? r : run_release(c->g, c->dir, &s, false, e);
}

int launch(const struct engine *g, const char *id, const struct launch_options *o, int *ret_status, struct err *e)
{
	auto_fd int dir = record_open(g, id, e), watch = -1;
	struct care c = {
		.g = g, .id = id, .o = o, .dir = dir, .report = -1, .viewer = -1,
		.size = o->view.terminal ? STDIN_FILENO : -1,
	};

	if (dir < 0)
		return dir;
	c.watch = watch = record_watch(dir, false, e);
	if (watch == -EBUSY)
		return err_say(e, EBUSY, "container %.12s is already running", id);
	if (watch < 0)
		return watch;
	record_forget_status(watch);
	int r = clear_old_run(&c, e);

	if (r >= 0)
		r = record_set_stop(dir, false, e);
	if (r < 0)
		return r;
	relay_block_signals();
	r = o->detach ? detach(&c, e) : stand_by(&c, e);
	if (r < 0)
		return r;
	if (!o->detach) {
		*ret_status = r;
		return 0;
	}
	warn(&c);
	if (!o->look)
		return 0;
	auto_fd int viewer = c.viewer;

	fd_close(&watch); /* it is the monitor's now */
	return engine_look(g, id, dir, viewer, &o->view, ret_status, e);
}

int launch_needed(const struct engine *g, const char *id, const struct launch_options *o, struct err *e)
{
	const struct timespec pause = { .tv_nsec = STOP_LOOK_MS * 1000000L };

	for (int i = 0;; i++) {
		auto_container struct container c = { 0 };
		int none, r = container_load(g, id, &c, e);

		if (r < 0 || c.phase == PHASE_RUNNING || c.phase == PHASE_PAUSED)
			return r;
		r = launch(g, id, o, &none, e);
		if (r != -EBUSY || i == NEEDED_TRIES)
			return r;
		(void)nanosleep(&pause, NULL);
	}
}
