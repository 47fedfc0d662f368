// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/launch.h"

struct rm {
	bool all, force;
};

static const struct option rows[] = {
	OPT_FLAG(struct rm, all, "all", 'a', "all of them"),
	OPT_FLAG(struct rm, force, "force", 'f', "kill those that run; one that does not exist is fine"),
};

static int remove_one(const struct engine *g, const char *name, const struct rm *o, struct err *e)
{
	char id[CONTAINER_ID_MAX];
	int r = verb_container(g, name, id, e);

	if (r >= 0)
		r = engine_remove(g, id, o->force, e);
	if (r == -ENOENT && o->force)
		return 0;
	if (r >= 0)
		output_line(name);
	return r;
}

struct walk {
	const struct engine *g;
	const struct call *call;
	int status;
};

static int remove_any(const struct container *c, void *arg, struct err *e)
{
	struct walk *w = arg;

	if (remove_one(w->g, c->settings.id, w->call->options, e) < 0) {
		output_error(w->call, e);
		w->status = 1;
	}
	return 0;
}

static int run(const struct call *c, struct err *e)
{
	const struct rm *o = c->options;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	if (o->all != (c->n_args == 0))
		return err_say(e, EINVAL, o->all ? "--all and names exclude each other" : "name a container, or use --all");
	struct walk w = { .g = &g, .call = c };

	if (o->all)
		r = container_each(&g, remove_any, &w, e);
	for (size_t i = 0; i < c->n_args; i++)
		if (remove_one(&g, c->args[i], o, e) < 0) {
			output_error(c, e);
			w.status = 1;
		}
	return r < 0 ? r : w.status;
}

const struct verb verb_rm = {
	.name = "rm",
	.group = "Containers",
	.arguments = "CONTAINER…",
	.help = "remove",
	.about = "Remove containers with all that they wrote. Volumes stay.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct rm),
	.run = run,
};
