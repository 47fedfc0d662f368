// SPDX-License-Identifier: Apache-2.0
#include "cli/prune.h"

#include "cli/output.h"

void pruning_gone(struct pruning *p, const char *name)
{
	if (p->silent)
		return;
	if (p->heading)
		output_line(p->heading);
	p->heading = NULL;
	output_line(name);
}

void pruning_failed(struct pruning *p, const struct err *e)
{
	output_error(p->call, e);
	p->status = 1;
}
