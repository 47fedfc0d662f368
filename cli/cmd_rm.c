// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"
#include "runtime/launch.h"

struct rm {
	bool all, force, volumes;
};

static const struct option rows[] = {
	OPT_FLAG(struct rm, all, "all", 'a', "all of them"),
	OPT_FLAG(struct rm, force, "force", 'f', "kill those that run; one that does not exist is fine"),
	OPT_FLAG(struct rm, volumes, "volumes", 'v', "with its volumes that have no name"),
};

static int remove_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct rm *o = arg;

	return engine_remove(g, id, (o->force ? REMOVE_FORCE : 0) | (o->volumes ? REMOVE_VOLUMES : 0), e);
}

static int run(const struct call *c, struct err *e)
{
	const struct rm *o = c->options;
	const struct verb_each how = { .all = o->all, .missing_ok = o->force };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = verb_each(c, &g, &how, remove_one, o, e);
	if (r >= 0)
		engine_sweep(&g);
	return r;
}

const struct verb verb_rm = {
	.name = "rm",
	.group = "Containers",
	.arguments = "CONTAINER…",
	.help = "remove it",
	.about = "Remove containers with all that they wrote. Volumes stay, but for those without a name where --volumes is given.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct rm),
	.run = run,
};
