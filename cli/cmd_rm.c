// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/verbs.h"
#include "runtime/launch.h"

#define JOBS 16 /* most of the time of each is waiting for its end */

struct rm {
	struct verb_choice choice;
	bool force, volumes, depend;
	const char *timeout;
	int timeout_s;
};

static const struct option rows[] = {
	CHOICE_ROWS(struct rm, choice, 'a', "all of them"),
	CHOICE_FILTER_ROW(struct rm, choice, 0),
	CHOICE_IGNORE_ROW(struct rm, choice),
	OPT_FLAG(struct rm, force, "force", 'f', "kill those that run; one that does not exist is fine"),
	OPT_FLAG(struct rm, depend, "depend", 0, "with the containers that join its namespaces"),
	OPT_FLAG(struct rm, volumes, "volumes", 'v', "with its volumes that have no name"),
	OPT_STRING(struct rm, timeout, "time", 't', "SECONDS", "with --force: ask it to end first, and wait so long"),
};

static int remove_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct rm *o = arg;
	int r = o->timeout_s > 0 ? engine_stop(g, id, 0, o->timeout_s, e) : 0;

	unsigned flags = (o->force ? REMOVE_FORCE : 0) | (o->volumes ? REMOVE_VOLUMES : 0) | (o->depend ? REMOVE_DEPENDENTS : 0);

	return r < 0 ? r : engine_remove(g, id, flags, e);
}

static int run(const struct call *c, struct err *e)
{
	struct rm o = *(const struct rm *)c->options;
	const struct verb_each how = { .choice = &o.choice, .jobs = JOBS, .no_infra = true };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	o.choice.ignore |= o.force;
	o.depend |= o.choice.all; /* they go, too, in whatever order */
	if (r >= 0)
		r = verb_timeout(o.timeout, &o.timeout_s, e);
	if (r >= 0 && o.timeout && !o.force)
		r = err_say(e, EINVAL, "--time is of use with --force alone");
	if (r >= 0)
		r = verb_each(c, &g, &how, remove_one, &o, e);
	if (r >= 0)
		engine_sweep(&g);
	return r;
}

const struct verb verb_rm = {
	.name = "rm",
	.group = "Containers",
	.arguments = "[CONTAINER…]",
	.help = "remove it",
	.about = "Remove containers with all that they wrote. Volumes stay, but for those without a name where --volumes is given.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct rm),
	.run = run,
};
