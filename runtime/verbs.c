// SPDX-License-Identifier: Apache-2.0
/* What is done to containers of the engine from outside: stop, kill, remove, wait, and putting right what a killed monitor left. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "base/fd.h"
#include "base/timestamp.h"
#include "runtime/container_mount.h"
#include "runtime/join.h"
#include "runtime/journal.h"
#include "runtime/launch.h"
#include "runtime/run.h"
#include "runtime/start.h"
#include "runtime/storage.h"
#include "runtime/usage.h"
#include "runtime/volumes.h"

#define STATUS_UNKNOWN	  255
#define KILL_PATIENCE_MS  10000
#define WATCHER_TRIES	  2000 /* × 5 ms: a monitor whose container is dead needs no more to tidy up */
#define WATCHER_PAUSE_NS  5000000L

static const char *is_what(const struct container *c)
{
	return phase_names[c->phase];
}

static bool is_alive(const struct container *c)
{
	return c->phase == PHASE_RUNNING || c->phase == PHASE_PAUSED || c->phase == PHASE_STARTING;
}

static int kill_all(const struct engine *g, const char *id, struct err *e)
{
	int r = container_kill(g->states, id, SIGKILL, true, e);

	return r == -ENOENT || r == -ESRCH ? 0 : r;
}

/*
 * Wait for whoever looks after it to be done, and kill what runs, each time anew: who was about to start it when we came has got
 * further. One that hangs is given up after a while.
 *
 * Return: the monitor lock, so that nobody starts it; -EBUSY: given up, or nothing can be killed; -ENOENT: removed meanwhile; or
 *	   -errno; @e filled
 */
static int outlast_watcher(const struct engine *g, const char *id, int dir, struct err *e)
{
	const struct timespec pause = { .tv_nsec = WATCHER_PAUSE_NS };
	struct err ignored;

	for (int i = 0;; i++) {
		int watch = record_watch(dir, false, e);

		if (watch != -EBUSY || i == WATCHER_TRIES)
			return watch;
		(void)record_set_stop(dir, true, &ignored); /* a start takes the mark away */
		if (kill_all(g, id, &ignored) < 0)
			return watch;
		(void)nanosleep(&pause, NULL);
	}
}

/* Return: true when it has ended within the time; -1: wait for ever */
static bool wait_end(const struct proc_id *init, int timeout_ms)
{
	struct err ignored;
	auto_fd int pidfd = proc_open(init, &ignored);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	if (pidfd < 0)
		return pidfd == -ESRCH;
	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

static const char lost_end[] = "how it ended is not known: its monitor was killed, or could not write it down";

/* One that nobody looked after has ended. @oom_killed: as its cgroup said, before that went */
static void tell_lost_end(const struct engine *g, const struct settings *s, bool oom_killed)
{
	struct event v = event_of(s, EVENT_DIED);

	v.error = (char *)lost_end;
	v.detail = (struct spec_pair){ (char *)"oomKilled", (char *)(oom_killed ? "true" : "false") };
	journal_tell(g, &v);
}

/* Its volumes go before their record does. */
static int destroy(const struct engine *g, const struct settings *s, bool volumes, struct err *e)
{
	if (volumes || s->remove)
		volume_remove_anonymous(g, s);
	int r = s->mounted ? container_mount_end(g, s, true, e) : 0;

	if (r >= 0)
		r = record_destroy(g, s->id, s->name, e);
	if (r > 0) { /* 0: somebody else was faster, and told it */
		storage_release(g, s);
		journal_container(g, s, EVENT_REMOVE);
	}
	return MIN(r, 0);
}

int engine_settle(const struct engine *g, const char *id, struct err *e)
{
	auto_container struct container before = { 0 }, c = { 0 };
	auto_fd int dir = record_open(g, id, e);
	char now[TIMESTAMP_MAX];
	struct run_use use = { 0 };
	struct err ignored;
	int r = dir < 0 ? dir : container_load(g, id, &before, e);

	if (r < 0 || !before.unsettled)
		return r;
	auto_fd int watch = record_watch(dir, false, &ignored);

	if (watch < 0) /* somebody is at it */
		return 0;
	r = container_load(g, id, &c, e);
	if (r < 0 || !c.unsettled) /* he was, a moment ago */
		return r;
	(void)usage_of_run(g, id, &use, &ignored); /* after a reboot there is nothing to be read */
	r = run_release(g, dir, &c.settings, false, e);
	if (r < 0)
		return r;
	if (c.settings.remove) {
		tell_lost_end(g, &c.settings, use.oom_kills.v > 0);
		return destroy(g, &c.settings, false, e);
	}
	const struct exit_record x = {
		.status = STATUS_UNKNOWN,
		.started = c.run.started,
		.finished = (char *)timestamp_now(now),
		.oom_killed = use.oom_kills.v > 0,
		.error = (char *)lost_end,
		.use = use,
	};

	/* a full disk: unsettled until there is room, and no obstacle to removing it */
	if (record_write_exit(dir, &x, &ignored) >= 0)
		tell_lost_end(g, &c.settings, x.oom_killed);
	return 0;
}

static int not_running(const struct container *c, struct err *e)
{
	return err_say(e, ESRCH, "container %s is not running: it is %s", c->settings.name, is_what(c));
}

static void tell_signal(const struct engine *g, const struct settings *s, int signal)
{
	char number[16];
	struct event v = event_of(s, EVENT_KILL);

	snprintf(number, sizeof(number), "%d", signal);
	v.detail = (struct spec_pair){ (char *)"signal", number };
	journal_tell(g, &v);
}

int engine_kill(const struct engine *g, const char *id, int signal, struct err *e)
{
	auto_container struct container c = { 0 };
	int r = container_load(g, id, &c, e);

	if (r < 0)
		return r;
	if (c.phase != PHASE_RUNNING && c.phase != PHASE_PAUSED)
		return not_running(&c, e);
	auto_fd int dir = record_open(g, id, e);

	if (dir < 0)
		return dir;
	if (signal == SIGKILL || signal == (int)c.settings.stop_signal)
		r = record_set_stop(dir, true, e);
	if (r >= 0)
		r = container_kill(g->states, id, signal, false, e);
	if (r >= 0)
		tell_signal(g, &c.settings, signal);
	return r;
}

int engine_pause(const struct engine *g, const char *id, bool pause, struct err *e)
{
	auto_container struct container c = { 0 };
	int r = container_load(g, id, &c, e);

	if (r < 0)
		return r;
	if (c.phase != PHASE_RUNNING && c.phase != PHASE_PAUSED)
		return not_running(&c, e);
	r = container_pause(g->states, id, pause, e);
	if (r >= 0)
		journal_container(g, &c.settings, pause ? EVENT_PAUSE : EVENT_UNPAUSE);
	return r;
}

int engine_reclaim(const struct engine *g, const char *id, const struct cgroup_reclaim *want, struct cgroup_reclaimed *ret,
		   struct err *e)
{
	auto_container struct container c = { 0 };
	auto_state struct state s = { 0 };
	int r = container_load(g, id, &c, e);

	if (r >= 0 && c.phase != PHASE_RUNNING && c.phase != PHASE_PAUSED)
		return not_running(&c, e);
	if (r >= 0)
		r = state_load(g->states, id, &s, e);
	if (r < 0)
		return r;
	auto_container struct container later = { 0 };
	auto_fd int cgroup = state_cgroup(&s, e);
	struct err gone;

	r = cgroup < 0 ? cgroup : cgroup_reclaim(cgroup, want, ret, e);
	if (r < 0 && (container_load(g, id, &later, &gone) < 0 || !is_alive(&later)))
		return err_say(e, ESRCH, "container %s has ended meanwhile", c.settings.name);
	return r;
}

int engine_stop(const struct engine *g, const char *id, int signal, int timeout_s, struct err *e)
{
	auto_container struct container c = { 0 };
	auto_fd int dir = record_open(g, id, e);
	struct err ignored;
	int r = dir < 0 ? dir : container_load(g, id, &c, e);

	if (r >= 0 && (c.watched || is_alive(&c)))
		r = record_set_stop(dir, true, e); /* one that waits to be restarted is stopped by this alone */
	if (r < 0)
		return r;
	if (is_alive(&c)) {
		int seconds = timeout_s >= 0 ? timeout_s : (int)c.settings.stop_timeout_s;

		if (seconds > 0)
			(void)container_kill(g->states, id, signal ? signal : (int)c.settings.stop_signal, false,
					     &ignored); /* it may have ended by itself */
		if (c.phase == PHASE_PAUSED)
			(void)container_pause(g->states, id, false, &ignored);
		if (seconds == 0 || !wait_end(&c.init, seconds * 1000))
			r = kill_all(g, id, e);
		if (r >= 0)
			(void)wait_end(&c.init, KILL_PATIENCE_MS); /* without a monitor nobody else waits for it */
	}
	if (r < 0)
		return r;
	int watch = outlast_watcher(g, id, dir, &ignored);

	fd_close(&watch);
	r = engine_settle(g, id, e);
	if (r < 0 && r != -ENOENT) /* removed by its own --rm */
		return r;
	if (c.watched || is_alive(&c))
		journal_container(g, &c.settings, EVENT_STOP);
	return 0;
}

/* Without it they could not be started any more. */
static int remove_dependents(const struct engine *g, int dir, const struct settings *s, unsigned flags, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct strv ids = { 0 };
	int r = join_dependents(g, dir, s->id, &a, &ids, e);

	for (size_t i = 0; i < ids.n && r >= 0 && (flags & REMOVE_DEPENDENTS); i++) {
		r = engine_remove(g, ids.v[i], flags, e);
		r = r == -ENOENT ? 0 : r; /* somebody else was faster */
	}
	if (r < 0 || !ids.n || (flags & REMOVE_DEPENDENTS))
		return r;
	char *names = arena_strdup(&a, "");

	for (size_t i = 0; i < ids.n && names; i++)
		names = arena_printf(&a, "%s%s%.12s", names, i ? ", " : "", ids.v[i]);
	err_say(e, EBUSY, "container %s has containers that join its namespaces: %s", s->name, names ? names : "");
	return err_hint(e, "remove them first, or give --depend");
}

int engine_remove(const struct engine *g, const char *id, unsigned flags, struct err *e)
{
	auto_container struct container c = { 0 }, now = { 0 };
	auto_fd int dir = record_open(g, id, e), watch = -1; /* held to the end: what is being removed is not started */
	struct run_use use = { 0 };
	struct err ignored;
	bool force = flags & REMOVE_FORCE;
	int r = dir < 0 ? dir : container_load(g, id, &c, e);

	if (r >= 0 && c.settings.infra && !(flags & REMOVE_INFRA)) {
		err_say(e, EBUSY, "container %s is the infra container of pod %.12s", c.settings.name, c.settings.pod);
		return err_hint(e, "`paene pod rm` removes it with the pod");
	}
	if (r >= 0)
		r = remove_dependents(g, dir, &c.settings, flags, e);
	if (r < 0)
		return r;
	watch = force ? outlast_watcher(g, id, dir, e) : record_watch(dir, false, e);
	if (watch == -ENOENT) /* somebody else was faster */
		return 0;
	if (!force && (is_alive(&c) || watch == -EBUSY)) {
		err_say(e, EBUSY, "container %s is %s", c.settings.name, is_alive(&c) ? is_what(&c) : "waiting to restart");
		return err_hint(e, "stop it first, or use `paene rm -f`");
	}
	if (watch < 0 && watch != -EBUSY) /* one that hangs is no obstacle: run_release() kills, and says so where that fails */
		return watch;
	/* now that nobody is at it: has somebody told its end? */
	bool lost = container_load(g, id, &now, &ignored) >= 0 && now.run.started && (now.unsettled || is_alive(&now));

	if (lost)
		(void)usage_of_run(g, id, &use, &ignored);
	r = run_release(g, dir, &c.settings, false, e);
	if (r >= 0 && lost)
		tell_lost_end(g, &c.settings, use.oom_kills.v > 0);
	return r < 0 ? r : destroy(g, &c.settings, flags & REMOVE_VOLUMES, e);
}

int engine_wait(const struct engine *g, const char *id, int *ret_status, struct err *e)
{
	auto_container struct container c = { 0 };
	auto_exit_record struct exit_record x = { 0 };
	auto_fd int dir = record_open(g, id, e);
	int status = -1, r = dir < 0 ? dir : container_load(g, id, &c, e);

	if (r < 0)
		return r;
	if (c.watched)
		r = record_wait(dir, &status, e);
	else if (is_alive(&c))
		(void)wait_end(&c.init, -1);
	if (r >= 0 && status < 0 && (c.watched || is_alive(&c))) { /* nobody has told: we put it in order, or somebody else is at that */
		r = engine_settle(g, id, e);
		if (r >= 0)
			r = record_wait(dir, &status, e);
	}
	if (r < 0)
		return r;
	if (status < 0 && record_exit(dir, &x, e) > 0)
		status = x.status;
	*ret_status = status;
	return 0;
}
