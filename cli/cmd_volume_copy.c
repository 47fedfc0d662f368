// SPDX-License-Identifier: Apache-2.0
/* volume export and import: all files of one to a tar and back, by the worker. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/out_file.h"
#include "cli/verbs.h"
#include "images/trees.h"
#include "runtime/volumes.h"

struct export {
	const char *output;
};

static const struct option rows[] = {
	OPT_STRING(struct export, output, "output", 'o', "FILE", "where to; default: standard output"),
};

/* Mounted where it has to be. */
static int open_volume_tree(const struct engine *g, const char *name, struct volume_hold *h, struct tree_at *ret, struct err *e)
{
	auto_volume struct volume v = { 0 };
	char path[PATH_MAX];
	int r = volume_load(g, name, &v, e); /* it is not made here */

	if (r >= 0)
		r = volume_hold(g, name, false, false, h, e);
	if (r < 0)
		return r;
	volume_path(g, name, path);
	ret->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return ret->folder < 0 ? err_set(e, errno, "open volume %s", name) : 0;
}

static int run_export(const struct call *c, struct err *e)
{
	const struct export *o = c->options;
	const char *name = c->args[0];
	auto_engine struct engine g;
	auto_out_file struct out_file file = OUT_FILE_NONE;
	auto_tree struct tree_at tree = TREE_NOWHERE;
	struct volume_hold hold = VOLUME_HOLD_NONE;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = open_volume_tree(&g, name, &hold, &tree, e);
	volume_let_go(&hold, false); /* a container may start meanwhile */
	if (r >= 0)
		r = out_file_open(o->output, &file, e);
	const struct tree_out out = { .at = &tree, .path = "", .name = "", .compression = COMPRESSION_NONE };
	const struct tree_options how = { .worker = g.worker };

	if (r >= 0)
		r = tree_pack(&out, file.fd, &how, NULL, e);
	if (r >= 0)
		r = out_file_finish(&file, e);
	tree_close(&tree); /* else it could not be unmounted */
	if (r >= 0)
		volume_settle(&g, name);
	return r < 0 ? err_wrap(e, "export volume %s", name) : 0;
}

static int open_input(const char *name, struct err *e)
{
	if (streq(name, "-")) {
		if (isatty(STDIN_FILENO))
			return err_say(e, EINVAL, "standard input is a terminal, no archive");
		return fd_dup(STDIN_FILENO, e);
	}
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open %s", name) : fd;
}

static int run_import(const struct call *c, struct err *e)
{
	const char *name = c->args[0];
	auto_engine struct engine g;
	auto_tree struct tree_at tree = TREE_NOWHERE;
	struct volume_hold hold = VOLUME_HOLD_NONE;
	int r = verb_engine(c, &g, e);
	auto_fd int input = r < 0 ? r : open_input(c->args[1], e);

	if (input < 0)
		return input;
	r = open_volume_tree(&g, name, &hold, &tree, e);
	const struct tree_in in = { .at = &tree, .path = "", .owners = true };
	const struct tree_options how = { .worker = g.worker };

	if (r >= 0)
		r = tree_extract(input, &in, &how, e);
	tree_close(&tree);
	volume_let_go(&hold, r >= 0); /* it has its files: no image's are copied there */
	if (r >= 0)
		volume_settle(&g, name);
	return r < 0 ? err_wrap(e, "import volume %s", name) : 0;
}

const struct verb verb_volume_export = {
	.name = "export",
	.above = &verb_volume,
	.arguments = "VOLUME",
	.help = "write its files to a tar",
	.about = "Write the files of a volume to a tar archive. Who writes to it meanwhile is not stopped.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct export),
	.run = run_export,
};

const struct verb verb_volume_import = {
	.name = "import",
	.above = &verb_volume,
	.arguments = "VOLUME FILE|-",
	.help = "add the files of a tar to it",
	.about = "Place the files of a tar archive, plain or compressed with gzip or zstd, in a volume, beside or instead of those that are "
		 "there.",
	.min_args = 2,
	.max_args = 2,
	.options = NO_OPTIONS,
	.run = run_import,
};
