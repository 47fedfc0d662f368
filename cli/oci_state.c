// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"
#include "cli/oci.h"
#include "cli/output.h"
#include "runtime/state.h"
#include "spec/text.h"

static int run(const struct call *c, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_free char *text = NULL;
	json_auto_t *document = NULL;
	auto_fd int root = oci_open_root(c, e);
	int r = root < 0 ? root : state_load(root, c->args[0], &s, e);

	if (r >= 0)
		r = state_document(&s, &text, e);
	if (r >= 0)
		r = json_from_text(text, strlen(text), &document, e);
	return r < 0 ? r : output_json(document, e);
}

const struct verb oci_state = {
	.name = "state",
	.group = "Looking at containers",
	.arguments = "ID",
	.help = "its state document",
	.about = "Print a container's state as the runtime specification defines it.",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
