// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/health.h"

static int run_once(const struct call *c, struct err *e)
{
	auto_engine struct engine g;
	char id[CONTAINER_ID_MAX];
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = verb_container(&g, c->args[0], id, e);
	if (r >= 0)
		r = health_check(&g, id, c->argv, e);
	if (r < 0)
		return r;
	if (r == VERDICT_UNWELL)
		output_line(health_status_names[HEALTH_UNHEALTHY]);
	if (r == VERDICT_STARTUP)
		output_line(health_status_names[HEALTH_STARTING]);
	return r == VERDICT_UNWELL ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct verb verb_run_check = {
	.name = "run",
	.above = &verb_healthcheck,
	.arguments = "CONTAINER",
	.help = "check once, now",
	.about = "Check a container's health once, as its --health-cmd or its image says. The exit status is 0 if it is well, 1 if "
		 "not, 125 if that cannot be told. What was found counts as if its time had come.",
	.min_args = 1,
	.max_args = 1,
	.failure_status = STATUS_ENGINE,
	.run = run_once,
};

static const struct verb *const verbs[] = { &verb_run_check };

const struct verb verb_healthcheck = {
	.name = "healthcheck",
	.group = "Containers",
	.arguments = "VERB [ARGUMENT…]",
	.help = "is it well? run",
	.about = "Verbs about the health of containers. Who stands by a container checks it by itself; `inspect` shows what was found.",
	.below = VERBS(verbs),
};
