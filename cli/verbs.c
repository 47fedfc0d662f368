// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"

#include "cli/output.h"
#include "runtime/launch.h"

int verb_engine(const struct call *c, struct engine *ret, struct err *e)
{
	const struct paene_globals *g = c->globals;

	memset(ret, 0xff, sizeof(*ret)); /* every fd -1 */
	return engine_open(g->root, g->runroot, ret, e);
}

int verb_container(const struct engine *g, const char *name, char ret[CONTAINER_ID_MAX], struct err *e)
{
	int r = record_find(g, name, ret, e);

	return r < 0 ? r : engine_settle(g, ret, e);
}

int verb_each(const struct call *c, const struct engine *g,
	      int (*f)(const struct engine *g, const char *id, const void *arg, struct err *e), const void *arg)
{
	char id[CONTAINER_ID_MAX];
	struct err e;
	int status = 0;

	for (size_t i = 0; i < c->n_args; i++) {
		int r = verb_container(g, c->args[i], id, &e);

		if (r >= 0)
			r = f(g, id, arg, &e);
		if (r >= 0) {
			output_line(c->args[i]);
		} else {
			output_error(c, &e);
			status = 1;
		}
	}
	return status;
}
