// SPDX-License-Identifier: Apache-2.0
/* pod start, stop, restart, kill, pause, unpause: the same for all containers of a pod. */
#include <errno.h>
#include <signal.h>

#include "base/proc.h"
#include "cli/pod_view.h"
#include "runtime/launch.h"

struct life {
	struct pod_choice choice;
	const char *timeout, *signal;
	int timeout_s, number;
	const struct call *call;
};

static const struct option start_rows[] = {
	POD_CHOICE_ROWS(struct life, choice, "all pods"),
};

static const struct option stop_rows[] = {
	POD_CHOICE_ROWS(struct life, choice, "all pods"),
	POD_IGNORE_ROW(struct life, choice),
	OPT_STRING(struct life, timeout, "time", 't', "SECONDS", "how long a container may take to end; default: its own"),
	OPT_STRING(struct life, timeout, "timeout", 0, "SECONDS", NULL),
};

static const struct option kill_rows[] = {
	POD_CHOICE_ROWS(struct life, choice, "all pods"),
	OPT_STRING(struct life, signal, "signal", 's', "SIGNAL", "by name or number; default: KILL"),
};

static int start_one(const struct engine *g, const struct pod_member *m, const struct life *o, struct err *e)
{
	const struct launch_options how = { .detach = true, .warn = verb_warn, .warn_arg = (void *)o->call };

	return launch_needed(g, m->id, &how, e);
}

static int stop_one(const struct engine *g, const struct pod_member *m, const struct life *o, struct err *e)
{
	return engine_stop(g, m->id, 0, o->timeout_s, e);
}

static int kill_one(const struct engine *g, const struct pod_member *m, const struct life *o, struct err *e)
{
	return m->phase == PHASE_RUNNING || m->phase == PHASE_PAUSED ? engine_kill(g, m->id, o->number, e) : 0;
}

static int pause_one(const struct engine *g, const struct pod_member *m, const struct life *o, struct err *e)
{
	(void)o;
	return m->phase == PHASE_RUNNING ? engine_pause(g, m->id, true, e) : 0;
}

static int unpause_one(const struct engine *g, const struct pod_member *m, const struct life *o, struct err *e)
{
	(void)o;
	return m->phase == PHASE_PAUSED ? engine_pause(g, m->id, false, e) : 0;
}

/*
 * All containers of a pod, though one fails; the first error counts. @infra_first: the others need it to start, and it ends
 * after them.
 */
static int all_of(const struct engine *g, const char *id, bool infra_first, const struct life *o,
		  int (*f)(const struct engine *g, const struct pod_member *m, const struct life *o, struct err *e),
		  enum event_status told, struct err *e)
{
	auto_arena struct arena a = { 0 };
	auto_pod struct pod p = { 0 };
	struct pod_members all = { 0 };
	struct err later;
	int r = pod_load(g, id, &p, e), first = r < 0 ? r : pod_members(g, id, &a, &all, e);

	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < all.n; i++) {
			if (all.v[i].infra != (infra_first == (turn == 0)))
				continue;
			r = f(g, &all.v[i], o, first < 0 ? &later : e);
			if (r < 0 && r != -ENOENT && first >= 0) /* removed by its own --rm */
				first = err_wrap(e, "container %s", all.v[i].name);
		}
	if (first >= 0)
		pod_tell(g, &p, (int)told);
	return first;
}

static int start(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	return all_of(g, id, true, arg, start_one, EVENT_START, e);
}

static int stop(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	return all_of(g, id, false, arg, stop_one, EVENT_STOP, e);
}

static int restart(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	int r = stop(g, id, arg, e);

	return r < 0 ? r : all_of(g, id, true, arg, start_one, EVENT_RESTART, e);
}

static int send_signal(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	return all_of(g, id, false, arg, kill_one, EVENT_KILL, e);
}

static int pause_all(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	return all_of(g, id, false, arg, pause_one, EVENT_PAUSE, e);
}

static int unpause_all(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	return all_of(g, id, true, arg, unpause_one, EVENT_UNPAUSE, e);
}

static const struct {
	const struct verb *verb;
	int (*f)(const struct engine *g, const char *id, const void *arg, struct err *e);
} deeds[] = {
	{ &verb_pod_start, start },	{ &verb_pod_stop, stop },	{ &verb_pod_restart, restart },
	{ &verb_pod_kill, send_signal }, { &verb_pod_pause, pause_all }, { &verb_pod_unpause, unpause_all },
};

static int run(const struct call *c, struct err *e)
{
	struct life o = *(const struct life *)c->options;
	auto_engine struct engine g;
	size_t k = 0;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = verb_timeout(o.timeout, &o.timeout_s, e);
	if (r < 0)
		return r;
	o.number = o.signal ? proc_signal_number(o.signal) : SIGKILL;
	if (o.number < 0)
		return err_say(e, EINVAL, "--signal %s: there is no such signal", o.signal);
	o.call = c;
	while (deeds[k].verb != c->verb)
		k++;
	return pod_choose(c, &g, &o.choice, deeds[k].f, &o, e);
}

/* clang-format off */
#define LIFE_VERB(word, rows, words, sentences) { \
	.name = word, .above = &verb_pod, .arguments = "[POD…]", .help = words, .about = sentences, .max_args = ARGS_ANY, \
	.failure_status = STATUS_ENGINE, .options = OPTIONS(rows, struct life), .run = run, \
}
/* clang-format on */
const struct verb verb_pod_start = LIFE_VERB("start", start_rows, "start all its containers",
					     "Start the containers of pods that do not run, the infra container first.");
const struct verb verb_pod_stop = LIFE_VERB("stop", stop_rows, "ask them to end, or kill them",
					    "Ask the containers of pods to end, and kill those that do not in time; the infra container is the last.");
const struct verb verb_pod_restart = LIFE_VERB("restart", stop_rows, "stop and start them", "Stop pods, and start them again.");
const struct verb verb_pod_kill = LIFE_VERB("kill", kill_rows, "send them a signal",
					    "Send a signal to the first process of each container of pods.");
const struct verb verb_pod_pause = LIFE_VERB("pause", start_rows, "let them stand still", "Freeze all containers of pods.");
const struct verb verb_pod_unpause = LIFE_VERB("unpause", start_rows, "let them go on", "Thaw all containers of pods.");
