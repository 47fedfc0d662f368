// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/join.h"
#include "runtime/launch.h"

struct start {
	struct verb_choice choice;
	bool attach, interactive, running;
	uint32_t sig_proxy; /* enum switch_state */
	const char *keys, *sdnotify;
	const char *timeout; /* of restart */
	int timeout_s;
	const struct call *call;
};

#define SDNOTIFY_ROW \
	OPT_STRING(struct start, sdnotify, "sdnotify", 0, "WHO", "conmon: tell systemd that it runs, this time; default: as it was made")

static const struct option start_rows[] = {
	CHOICE_ROWS(struct start, choice, 0, "all that do not run"),
	CHOICE_FILTER_ROW(struct start, choice, 'f'),
	OPT_FLAG(struct start, attach, "attach", 'a', "stay, and show what it writes; the exit status is its own"),
	OPT_FLAG(struct start, interactive, "interactive", 'i', "connect standard input too"),
	LOOK_ROWS(struct start, keys, sig_proxy),
	SDNOTIFY_ROW,
};

static const struct option restart_rows[] = {
	CHOICE_ROWS(struct start, choice, 'a', "all of them"),
	CHOICE_FILTER_ROW(struct start, choice, 'f'),
	OPT_FLAG(struct start, running, "running", 0, "all that run"),
	OPT_STRING(struct start, timeout, "timeout", 't', "SECONDS", "how long it may take to end; default: its own"),
	OPT_STRING(struct start, timeout, "time", 0, "SECONDS", NULL),
	SDNOTIFY_ROW,
};

/* One that runs already is started: nothing to do. */
static int start_detached(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct start *o = arg;
	struct launch_options how = { .detach = true, .warn = verb_warn, .warn_arg = (void *)o->call };
	auto_container struct container c = { 0 };
	int none, r = container_load(g, id, &c, e);

	if (r < 0 || c.phase == PHASE_RUNNING || c.phase == PHASE_PAUSED)
		return r;
	r = join_start_targets(g, &c.settings, e);
	if (r < 0)
		return r;
	how.pass_streams = c.settings.log_driver == LOG_PASSTHROUGH;
	how.tell_ready = o->sdnotify != NULL;
	return launch(g, id, &how, &none, e);
}

static int start_attached(const struct call *c, const struct engine *g, const struct start *o, struct err *e)
{
	auto_container struct container found = { 0 };
	char id[CONTAINER_ID_MAX];
	int status = 0, r = verb_container(g, c->args[0], id, e);

	if (r >= 0)
		r = container_load(g, id, &found, e);
	if (r < 0)
		return r;
	bool runs = found.phase == PHASE_RUNNING;
	struct launch_options how = { .warn = verb_warn, .warn_arg = (void *)c };

	how.view.input = o->interactive && (found.settings.input || !runs);
	how.view.terminal = o->interactive && found.settings.terminal && isatty(STDIN_FILENO);
	how.view.keep_signals = o->sig_proxy == SWITCH_OFF;
	how.detach = how.look = how.view.terminal || settings_want_monitor(&found.settings);
	r = verb_detach_keys(o->keys, &how.view.keys, e);
	if (r >= 0 && !runs)
		r = join_start_targets(g, &found.settings, e);
	if (r >= 0)
		r = runs ? engine_attach(g, id, &how.view, &status, e) : launch(g, id, &how, &status, e);
	return r < 0 ? r : status;
}

static int check_sdnotify(const struct start *o, struct err *e)
{
	if (!o->sdnotify || streq(o->sdnotify, sdnotify_names[SDNOTIFY_CONMON]))
		return 0;
	return err_say(e, EINVAL, "--sdnotify %s: it is conmon; `run` and `create` know the others", o->sdnotify);
}

static int run_start(const struct call *c, struct err *e)
{
	struct start o = *(const struct start *)c->options;
	const struct verb_each how = { .choice = &o.choice, .phases = BIT(PHASE_CREATED) | BIT(PHASE_EXITED) };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = check_sdnotify(&o, e);
	if (r < 0)
		return r;
	o.call = c;
	if (!o.attach && !o.interactive)
		return verb_each(c, &g, &how, start_detached, &o, e);
	if (c->n_args != 1)
		return err_say(e, EINVAL, "--attach and --interactive are for one container, by its name");
	return start_attached(c, &g, &o, e);
}

static int restart(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct start *o = arg;
	int r = engine_stop(g, id, 0, o->timeout_s, e);

	if (r >= 0)
		r = start_detached(g, id, o, e);
	if (r >= 0)
		journal_by_id(g, id, EVENT_RESTART);
	return r;
}

static int run_restart(const struct call *c, struct err *e)
{
	struct start o = *(const struct start *)c->options;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = verb_timeout(o.timeout, &o.timeout_s, e);
	if (r >= 0)
		r = check_sdnotify(&o, e);
	if (r < 0)
		return r;
	o.call = c;
	o.choice.all |= o.running;
	const struct verb_each how = { .choice = &o.choice, .phases = o.running ? PHASES_ALIVE : 0 };

	return verb_each(c, &g, &how, restart, &o, e);
}

const struct verb verb_start = {
	.name = "start",
	.group = "Containers",
	.arguments = "[CONTAINER…]",
	.help = "start one that was made",
	.about = "Start containers that were created, or have ended. The exit status is 125 where one could not be started, 126 "
		 "or 127 where its command could not be executed or was not found.",
	.max_args = ARGS_ANY,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(start_rows, struct start),
	.run = run_start,
};

const struct verb verb_restart = {
	.name = "restart",
	.group = "Containers",
	.arguments = "[CONTAINER…]",
	.help = "stop it, start it again",
	.about = "Stop containers, and start them again.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(restart_rows, struct start),
	.run = run_restart,
};
