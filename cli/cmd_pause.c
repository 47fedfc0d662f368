// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"
#include "runtime/launch.h"

struct pause {
	struct verb_choice choice;
	bool reclaim;
};

static const struct option rows[] = {
	CHOICE_ROWS(struct pause, choice, 'a', "all that run"),
	CHOICE_FILTER_ROW(struct pause, choice, 'f'),
	OPT_FLAG(struct pause, reclaim, "reclaim", 0,
		 "then take all the memory back that can go: files can be read again, the rest waits in swap"),
};

static const struct option unpause_rows[] = {
	CHOICE_ROWS(struct pause, choice, 'a', "all that are paused"),
	CHOICE_FILTER_ROW(struct pause, choice, 'f'),
};

/* All that can go: what is left then is no failure. */
static int take_memory(const struct engine *g, const char *id, struct err *e)
{
	const struct cgroup_reclaim all = { .to = { true, 0 } };
	struct cgroup_reclaimed got;
	int r = engine_reclaim(g, id, &all, &got, e);

	return r < 0 ? err_wrap(e, "it is paused, but") : 0;
}

static int pause_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct pause *o = arg;
	int r = engine_pause(g, id, true, e);

	return r >= 0 && o->reclaim ? take_memory(g, id, e) : r;
}

static int unpause_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	(void)arg;
	return engine_pause(g, id, false, e);
}

static int run_pause(const struct call *c, struct err *e)
{
	const struct pause *o = c->options;
	const struct verb_each how = { .choice = &o->choice, .phases = BIT(PHASE_RUNNING) };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	return r < 0 ? r : verb_each(c, &g, &how, pause_one, o, e);
}

static int run_unpause(const struct call *c, struct err *e)
{
	const struct pause *o = c->options;
	const struct verb_each how = { .choice = &o->choice, .phases = BIT(PHASE_PAUSED) };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	return r < 0 ? r : verb_each(c, &g, &how, unpause_one, NULL, e);
}

const struct verb verb_pause = {
	.name = "pause",
	.group = "Containers",
	.arguments = "[CONTAINER…]",
	.help = "freeze its processes",
	.about = "Freeze every process of containers, until `unpause`.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct pause),
	.run = run_pause,
};

const struct verb verb_unpause = {
	.name = "unpause",
	.group = "Containers",
	.arguments = "[CONTAINER…]",
	.help = "thaw them",
	.about = "Thaw the processes of paused containers.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(unpause_rows, struct pause),
	.run = run_unpause,
};
