// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "cli/verbs.h"
#include "runtime/launch.h"

static int wait_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	int status, r = engine_wait(g, id, &status, e);

	(void)arg;
	if (r >= 0)
		printf("%d\n", status);
	return r;
}

static int run(const struct call *c, struct err *e)
{
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	return r < 0 ? r : verb_each(c, &g, &(struct verb_each){ .silent = true }, wait_one, NULL, e);
}

const struct verb verb_wait = {
	.name = "wait",
	.group = "Containers",
	.arguments = "CONTAINER…",
	.help = "wait for its end",
	.about = "Wait until containers have ended, and print the exit status of each; -1 where nobody could record it.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.run = run,
};
