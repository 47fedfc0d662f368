// SPDX-License-Identifier: Apache-2.0
/* container: the group, and the small verbs about a container's record. */
#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "cli/container_filter.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/prune.h"
#include "cli/verbs.h"
#include "runtime/launch.h"

/* ---- rename ---- */

static int run_rename(const struct call *c, struct err *e)
{
	auto_engine struct engine g;
	char id[CONTAINER_ID_MAX];
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = verb_container(&g, c->args[0], id, e);
	return r < 0 ? r : engine_rename(&g, id, c->args[1], e);
}

const struct verb verb_rename = {
	.name = "rename",
	.group = "Containers",
	.arguments = "CONTAINER NAME",
	.help = "call it otherwise",
	.about = "Give a container another name. On its networks it goes by the old one until it is started again.",
	.min_args = 2,
	.max_args = 2,
	.run = run_rename,
};

/* ---- exists ---- */

static int run_exists(const struct call *c, struct err *e)
{
	auto_engine struct engine g;
	char id[CONTAINER_ID_MAX];
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	r = record_find(&g, c->args[0], id, e);
	return r == -ENOENT ? EXIT_FAILURE : r;
}

static const struct verb verb_exists = {
	.name = "exists",
	.above = &verb_container_group,
	.arguments = "CONTAINER",
	.help = "is it there?",
	.about = "Say by the exit status whether a container is there: 0 if it is, 1 if not, 125 if that cannot be told.",
	.min_args = 1,
	.max_args = 1,
	.failure_status = STATUS_ENGINE,
	.run = run_exists,
};

/* ---- cleanup ---- */

struct cleanup {
	struct verb_choice choice;
	bool rm;
};

static const struct option cleanup_rows[] = {
	CHOICE_ROWS(struct cleanup, choice, 'a', "all that have ended"),
	OPT_FLAG(struct cleanup, rm, "rm", 0, "then remove it"),
};

/* Whoever looks for a container by its name has put it in order by then. */
static int clean_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct cleanup *o = arg;
	auto_container struct container c = { 0 };
	int r = container_load(g, id, &c, e);

	if (r < 0)
		return r;
	if (c.phase != PHASE_CREATED && c.phase != PHASE_EXITED)
		return err_say(e, EBUSY, "container %s is %s", c.settings.name, phase_names[c.phase]);
	journal_container(g, &c.settings, EVENT_CLEANUP);
	return o->rm ? engine_remove(g, id, 0, e) : 0;
}

static int run_cleanup(const struct call *c, struct err *e)
{
	const struct cleanup *o = c->options;
	const struct verb_each how = { .choice = &o->choice, .phases = BIT(PHASE_CREATED) | BIT(PHASE_EXITED) };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	engine_sweep(&g);
	return verb_each(c, &g, &how, clean_one, o, e);
}

static const struct verb verb_cleanup = {
	.name = "cleanup",
	.above = &verb_container_group,
	.arguments = "[CONTAINER…]",
	.help = "give back what a killed monitor left",
	.about = "Give back what ended containers still hold, because who looked after them was killed. Every other verb that names "
		 "such a container does that, too.",
	.max_args = ARGS_ANY,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(cleanup_rows, struct cleanup),
	.run = run_cleanup,
};

/* ---- prune ---- */

struct prune {
	struct strv filters;
	bool force;
};

static const struct option prune_rows[] = {
	OPT_FLAG(struct prune, force, "force", 'f', "do not ask"),
	OPT_LIST(struct prune, filters, "filter", 0, "KEY=VALUE", "those with this label=, label!=, until= … as with `ps`"),
};

struct candidate {
	struct pruning *pruning;
	struct container_filters filters;
};

static int prune_one(const struct container *c, void *arg, struct err *e)
{
	const struct candidate *k = arg;

	if ((c->phase != PHASE_CREATED && c->phase != PHASE_EXITED) || c->watched || !container_filters_fit(&k->filters, c))
		return 0;
	int r = engine_remove(k->pruning->g, c->settings.id, 0, e);

	if (r >= 0)
		pruning_gone(k->pruning, c->settings.id);
	else if (r != -ENOENT && r != -EBUSY) /* removed, or started, meanwhile */
		pruning_failed(k->pruning, e);
	return 0;
}

int prune_containers(struct pruning *p, struct err *e)
{
	struct candidate k = { .pruning = p };
	int r = container_filters_read(p->g, p->filters, p->call->arena, &k.filters, e);

	if (r >= 0)
		r = container_each(p->g, prune_one, &k, e);
	if (r >= 0)
		engine_sweep(p->g);
	return r;
}

static int run_prune(const struct call *c, struct err *e)
{
	const struct prune *o = c->options;
	auto_engine struct engine g;
	struct pruning p = { .call = c, .g = &g, .filters = &o->filters };
	int r = verb_engine(c, &g, e);

	if (r >= 0 && !o->force && !prompt_yes("This command removes all containers that do not run."))
		return 0;
	if (r >= 0)
		r = prune_containers(&p, e);
	return r < 0 ? r : p.status;
}

static const struct verb verb_prune = {
	.name = "prune",
	.above = &verb_container_group,
	.arguments = "",
	.help = "remove those that do not run",
	.about = "Remove the containers that do not run, and print their ids.",
	.options = OPTIONS(prune_rows, struct prune),
	.run = run_prune,
};

/* ---- the group ---- */

static const struct verb *const verbs[] = {
	&verb_attach, &verb_cleanup, &verb_commit, &verb_cp, &verb_create, &verb_diff, &verb_exec, &verb_exists, &verb_export,
	&verb_container_inspect, &verb_kill, &verb_logs, &verb_container_ls, &verb_mount, &verb_pause, &verb_port, &verb_prune, &verb_ps,
	&verb_rename, &verb_restart, &verb_rm, &verb_run, &verb_start, &verb_stats, &verb_stop, &verb_top, &verb_unmount, &verb_unpause,
	&verb_update, &verb_wait,
};

const struct verb verb_container_group = {
	.name = "container",
	.group = "Containers",
	.arguments = "VERB [ARGUMENT…]",
	.help = "all verbs about them",
	.about = "Verbs about containers. Those that stand alone, too, are the same there.",
	.below = VERBS(verbs),
};
