// SPDX-License-Identifier: Apache-2.0
/*
 * cp: a tar stream between two workers, each locked into its side (images/tree_job.h). No path of a container is looked at here;
 * the user's own paths are opened like everybody else does.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "cli/copy_words.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "runtime/container_tree.h"

struct cp {
	bool archive, follow, overwrite, quiet;
};

static const struct option rows[] = {
	OPT_FLAG(struct cp, archive, "archive", 'a', "keep owners, setuid bits and attributes"),
	OPT_FLAG(struct cp, follow, "follow-link", 'L', "copy what a symbolic link SOURCE leads to"),
	OPT_FLAG(struct cp, overwrite, "overwrite", 0, "a folder may replace a file, and the other way round"),
	OPT_FLAG(struct cp, quiet, "quiet", 'q', "no progress"),
};

/* One side of a copy, open. */
struct side {
	struct copy_words words;
	struct container_tree tree;
	char path[PATH_MAX + 1]; /* in the tree */
	char name[NAME_MAX + 1]; /* of a source */
};

static int open_folder(const char *path, struct side *s, struct err *e)
{
	s->tree.at.folder = path_open_dir(path, O_RDONLY, e);
	return s->tree.at.folder < 0 ? s->tree.at.folder : 0;
}

/* The folder that a path is in; its last part becomes the path in the tree. */
static int open_around(const char *path, struct side *s, struct err *e)
{
	char folder[PATH_MAX];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	size_t start = len;

	while (start > 0 && path[start - 1] != '/')
		start--;
	if (len >= sizeof(folder))
		return err_set(e, ENAMETOOLONG, "open %.60s…", path);
	snprintf(folder, sizeof(folder), "%.*s", start ? (int)start : 1, start ? path : ".");
	snprintf(s->path, sizeof(s->path), "%s", path + start);
	return open_folder(folder, s, e);
}

static int open_own_source(const struct cp *o, struct side *s, struct err *e)
{
	auto_free char *real = realpath(s->words.path, NULL);

	if (s->words.is_folder || (o->follow && real))
		return real && s->words.is_folder ? open_folder(real, s, e) : open_around(real ? real : s->words.path, s, e);
	return open_around(s->words.path, s, e);
}

/* A destination that is a symbolic link is what it leads to. */
static int open_own_destination(struct side *s, struct err *e)
{
	auto_free char *real = realpath(s->words.path, NULL);
	struct stat st;
	bool there = real && stat(real, &st) == 0;

	if (there && S_ISDIR(st.st_mode))
		return open_folder(real, s, e);
	if (there && s->words.is_folder)
		return err_set(e, ENOTDIR, "%s", s->words.path);
	return open_around(there ? real : s->words.path, s, e);
}

static int open_side(const struct call *c, const struct engine *g, bool source, struct side *s, struct err *e)
{
	char id[CONTAINER_ID_MAX];

	if (s->words.kind == COPY_STREAM)
		return 0;
	if (s->words.kind == COPY_OWN)
		return source ? open_own_source(c->options, s, e) : open_own_destination(s, e);
	if (strlen(s->words.path) >= sizeof(s->path))
		return err_set(e, ENAMETOOLONG, "open %.60s…", s->words.path);
	snprintf(s->path, sizeof(s->path), "%s", s->words.path);
	int r = verb_container(g, s->words.container, id, e);

	return r < 0 ? r : container_tree_open(g, id, &s->tree, e);
}

static int from_stream(const struct side *to, const struct tree_in *in, const struct tree_options *how, struct err *e)
{
	if (isatty(STDIN_FILENO))
		return err_say(e, EINVAL, "standard input is a terminal, no archive");
	int r = tree_extract(STDIN_FILENO, in, how, e);

	return r < 0 ? err_wrap(e, "copy standard input to %s", to->words.container) : r;
}

static int to_stream(const struct side *from, const struct tree_out *out, const struct tree_options *how, struct err *e)
{
	if (isatty(STDOUT_FILENO))
		return err_say(e, EINVAL, "standard output is a terminal");
	int r = tree_pack(out, STDOUT_FILENO, how, NULL, e);

	return r < 0 ? err_wrap(e, "copy from %s", from->words.container) : r;
}

static int copy(const struct call *c, const struct side *from, const struct side *to, const struct tree_options *how, struct err *e)
{
	const struct cp *o = c->options;
	struct tree_out out = {
		.at = &from->tree.at,
		.path = from->path,
		.name = from->name,
		.follow = o->follow,
		.compression = COMPRESSION_NONE,
	};
	const struct tree_in in = {
		.at = &to->tree.at,
		.path = to->path,
		.owners = o->archive || from->words.kind == COPY_STREAM,
		.overwrite = o->overwrite,
	};

	if (from->words.kind == COPY_STREAM)
		return from_stream(to, &in, how, e);
	if (to->words.kind != COPY_STREAM) {
		int r = tree_copy(&out, from->words.contents, &in, how, e);

		return r < 0 ? err_wrap(e, "copy %s to %s", c->args[0], c->args[1]) : r;
	}
	out.name = from->words.contents ? "" : from->name;
	return to_stream(from, &out, how, e);
}

static int run(const struct call *c, struct err *e)
{
	auto_engine struct engine g;
	struct progress progress;
	struct side from = { .tree = CONTAINER_TREE_NONE }, to = { .tree = CONTAINER_TREE_NONE };
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = copy_words(c->arena, c->args[0], &from.words, e);
	if (r >= 0)
		r = copy_words(c->arena, c->args[1], &to.words, e);
	if (r >= 0)
		r = copy_words_check(&from.words, &to.words, e);
	if (r >= 0)
		copy_words_name(&from.words, from.name);
	if (r >= 0)
		r = open_side(c, &g, true, &from, e);
	if (r >= 0)
		r = open_side(c, &g, false, &to, e);
	const struct tree_options how = { .worker = g.worker, .progress = progress_show, .progress_arg = &progress };

	progress_begin(&progress, ((const struct cp *)c->options)->quiet, PROGRESS_SILENT);
	if (r >= 0)
		r = copy(c, &from, &to, &how, e);
	progress_end(&progress, true);
	container_tree_close(&from.tree);
	container_tree_close(&to.tree);
	return r;
}

const struct verb verb_cp = {
	.name = "cp",
	.group = "Containers",
	.arguments = "[CONTAINER:]SOURCE|- [CONTAINER:]DESTINATION|-",
	.help = "copy files in or out of it",
	.about = "Copy files between a container, running or not, and this machine, or between two containers. With `-` a tar archive "
		 "comes from standard input, into a folder, or goes to standard output. Volumes and binds are there while the container "
		 "runs. What is copied belongs to root, but for `--archive` and archives from standard input.\n\n"
		 "A folder is copied with what is in it; SOURCE/. means what is in it alone. A DESTINATION that is a folder gets the "
		 "copy under its own name; one that is not there becomes the copy; what it is in must be there. A path with a colon that "
		 "is no container's begins with ./ or /.",
	.min_args = 2,
	.max_args = 2,
	.options = OPTIONS(rows, struct cp),
	.run = run,
};
