// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"
#include "runtime/launch.h"

static int change(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const bool *pause = arg;

	return engine_pause(g, id, *pause, e);
}

static int run(const struct call *c, bool pause, struct err *e)
{
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	return r < 0 ? r : verb_each(c, &g, &(struct verb_each){ 0 }, change, &pause, e);
}

static int run_pause(const struct call *c, struct err *e)
{
	return run(c, true, e);
}

static int run_unpause(const struct call *c, struct err *e)
{
	return run(c, false, e);
}

const struct verb verb_pause = {
	.name = "pause",
	.group = "Containers",
	.arguments = "CONTAINER…",
	.help = "freeze its processes",
	.about = "Freeze every process of containers, until `unpause`.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.run = run_pause,
};

const struct verb verb_unpause = {
	.name = "unpause",
	.group = "Containers",
	.arguments = "CONTAINER…",
	.help = "thaw them",
	.about = "Thaw the processes of paused containers.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.run = run_unpause,
};
