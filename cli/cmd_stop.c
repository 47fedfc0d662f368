// SPDX-License-Identifier: Apache-2.0
/* stop and kill: the end of a container's processes. */
#include <errno.h>
#include <signal.h>

#include "base/proc.h"
#include "cli/verbs.h"
#include "runtime/launch.h"

#define JOBS 64 /* each is given its time to end */

struct stop {
	struct verb_choice choice;
	const char *timeout, *signal;
	int timeout_s, number;
};

static const struct option stop_rows[] = {
	CHOICE_ROWS(struct stop, choice, 'a', "all that run"),
	CHOICE_FILTER_ROW(struct stop, choice, 'f'),
	CHOICE_IGNORE_ROW(struct stop, choice),
	OPT_STRING(struct stop, signal, "signal", 's', "SIGNAL", "to ask it with; default: its own"),
	OPT_STRING(struct stop, timeout, "timeout", 't', "SECONDS", "how long it may take; default: its own"),
	OPT_STRING(struct stop, timeout, "time", 0, "SECONDS", NULL),
};

static const struct option kill_rows[] = {
	CHOICE_ROWS(struct stop, choice, 'a', "all that run"),
	OPT_STRING(struct stop, signal, "signal", 's', "SIGNAL", "by name or number; default: KILL"),
};

static int stop(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct stop *o = arg;

	return engine_stop(g, id, o->number, o->timeout_s, e);
}

static int send_signal(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct stop *o = arg;

	return engine_kill(g, id, o->number, e);
}

static int run(const struct call *c, int default_signal, unsigned jobs,
	       int (*f)(const struct engine *g, const char *id, const void *arg, struct err *e), struct err *e)
{
	struct stop o = *(const struct stop *)c->options;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = verb_timeout(o.timeout, &o.timeout_s, e);
	if (r < 0)
		return r;
	o.number = o.signal ? proc_signal_number(o.signal) : default_signal;
	if (o.number < 0)
		return err_say(e, EINVAL, "--signal %s: there is no such signal", o.signal);
	return verb_each(c, &g, &(struct verb_each){ .choice = &o.choice, .phases = PHASES_ALIVE, .jobs = jobs }, f, &o, e);
}

static int run_stop(const struct call *c, struct err *e)
{
	return run(c, 0, JOBS, stop, e);
}

static int run_kill(const struct call *c, struct err *e)
{
	return run(c, SIGKILL, 0, send_signal, e);
}

const struct verb verb_stop = {
	.name = "stop",
	.group = "Containers",
	.arguments = "[CONTAINER…]",
	.help = "ask it to end, or kill it",
	.about = "Ask containers to end by a signal, and kill those that do not in time.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(stop_rows, struct stop),
	.run = run_stop,
};

const struct verb verb_kill = {
	.name = "kill",
	.group = "Containers",
	.arguments = "[CONTAINER…]",
	.help = "send it a signal",
	.about = "Send a signal to the first process of containers.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(kill_rows, struct stop),
	.run = run_kill,
};
