// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect.h"

#include "cli/output.h"

int inspect_each(const struct call *c, const struct inspection *how, struct err *e)
{
	bool template = how->format && !streq(how->format, "json");
	json_auto_t *list = json_array();
	int status = 0, r = 0;

	for (size_t i = 0; i < c->n_args; i++) {
		json_auto_t *found = NULL;

		r = how->find(how, c->args[i], template, &found, e);
		if (r >= 0 && template)
			r = output_template(found, how->format, e);
		if (r >= 0 && json_array_append(list, found) < 0)
			r = err_nomem(e);
		if (r >= 0)
			continue;
		output_error(c, e);
		status = 1;
	}
	r = template ? 0 : output_json(list, e);
	return r < 0 ? r : status;
}
