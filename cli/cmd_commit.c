// SPDX-License-Identifier: Apache-2.0

#include "cli/image_made.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "runtime/commit.h"

struct commit {
	struct strv changes;
	const char *message, *author, *format, *iidfile;
	enum switch_state pause;
	bool squash, quiet;
};

static const struct option rows[] = {
	OPT_STRING(struct commit, author, "author", 'a', "TEXT", "who made it"),
	OPT_LIST(struct commit, changes, "change", 'c', "INSTRUCTION",
		 "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR"),
	OPT_STRING(struct commit, format, "format", 'f', "NAME", "of the manifest: oci (default) or docker"),
	OPT_STRING(struct commit, iidfile, "iidfile", 0, "FILE", "write the image's id to it"),
	OPT_STRING(struct commit, message, "message", 'm', "TEXT", "for the image's history"),
	OPT_SWITCH(struct commit, pause, "pause", 'p', "freeze it while it is read; default: true"),
	OPT_FLAG(struct commit, quiet, "quiet", 'q', "the id alone, no progress"),
	OPT_FLAG(struct commit, squash, "squash", 's', "one layer with all of its files"),
};

static int run(const struct call *c, struct err *e)
{
	const struct commit *o = c->options;
	auto_engine struct engine g;
	char id[CONTAINER_ID_MAX];
	struct progress progress;
	struct commit_options how = {
		.progress = progress_show,
		.progress_arg = &progress,
		.name = c->args[1],
		.changes = &o->changes,
		.message = o->message,
		.author = o->author,
		.squash = o->squash,
		.pause = o->pause != SWITCH_OFF,
	};
	struct derived made = { 0 };
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = image_made_format(o->format, &how.docker, e);
	if (r >= 0)
		r = verb_container(&g, c->args[0], id, e);
	progress_begin(&progress, o->quiet, PROGRESS_SILENT);
	if (r >= 0)
		r = container_commit(&g, id, &how, &made, e);
	progress_end(&progress, true);
	return r < 0 ? r : image_made(c, &g, EVENT_COMMIT, &made, o->iidfile, e);
}

const struct verb verb_commit = {
	.name = "commit",
	.group = "Containers",
	.arguments = "CONTAINER [IMAGE]",
	.help = "make an image of it",
	.about = "Make an image of what a container, running or not, has changed: one more layer on top of its image's, without what "
		 "is mounted in it, and a config with the command, the environment and whatever else it was started with. The "
		 "new image's id is printed.",
	.min_args = 1,
	.max_args = 2,
	.options = OPTIONS(rows, struct commit),
	.run = run,
};
