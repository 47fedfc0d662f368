// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"
#include "cli/out_file.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "runtime/container_tree.h"

struct export {
	const char *output;
	bool quiet;
};

static const struct option rows[] = {
	OPT_STRING(struct export, output, "output", 'o', "FILE", "where to; default: standard output"),
	OPT_FLAG(struct export, quiet, "quiet", 'q', "no progress"),
};

static int run(const struct call *c, struct err *e)
{
	const struct export *o = c->options;
	auto_engine struct engine g;
	auto_out_file struct out_file file = OUT_FILE_NONE;
	auto_settings struct settings settings = { 0 };
	auto_fd int dir = -1;
	auto_container_tree struct container_tree tree = CONTAINER_TREE_NONE;
	char id[CONTAINER_ID_MAX];
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = verb_container(&g, c->args[0], id, e);
	if (r >= 0)
		r = dir = record_open(&g, id, e);
	if (r >= 0)
		r = record_settings(dir, &settings, e);
	if (r >= 0)
		r = out_file_open(o->output, &file, e);
	if (r >= 0)
		r = container_tree_open(&g, id, &tree, e);
	if (r < 0)
		return r;
	tree.at.top_only = true;
	const struct tree_out out = { .at = &tree.at, .path = "", .name = "", .compression = COMPRESSION_NONE };
	struct progress progress;
	const struct tree_options how = { .worker = g.worker, .progress = progress_show, .progress_arg = &progress };

	progress_begin(&progress, o->quiet, PROGRESS_SILENT);
	r = tree_pack(&out, file.fd, &how, NULL, e);
	progress_end(&progress, true);
	if (r >= 0)
		r = out_file_finish(&file, e);
	if (r >= 0)
		journal_container(&g, &settings, EVENT_EXPORT);
	return r;
}

const struct verb verb_export = {
	.name = "export",
	.group = "Containers",
	.arguments = "CONTAINER",
	.help = "write its files to a tar",
	.about = "Write the files of a container, running or not, to a tar archive: the image's and its own, without what is "
		 "mounted in it. Owners are as the container sees them.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct export),
	.run = run,
};
