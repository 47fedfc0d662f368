// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/timestamp.h"
#include "cli/image_made.h"
#include "cli/layer_limits.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "images/changes.h"

struct import {
	struct strv changes;
	const char *message, *os, *architecture, *variant;
	bool quiet;
	struct layer_limits limits;
};

static const struct option rows[] = {
	OPT_STRING(struct import, architecture, "arch", 0, "NAME", "what processor it is for; default: this machine's"),
	OPT_LIST(struct import, changes, "change", 'c', "INSTRUCTION",
		 "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR"),
	OPT_STRING(struct import, message, "message", 'm', "TEXT", "for the image's history"),
	OPT_STRING(struct import, os, "os", 0, "NAME", "what system it is for; default: linux"),
	OPT_FLAG(struct import, quiet, "quiet", 'q', "the id alone, no progress"),
	OPT_STRING(struct import, variant, "variant", 0, "NAME", "of the processor"),
	LAYER_LIMIT_OPTIONS(struct import, limits),
};

struct source {
	const struct engine *g;
	int fd;
	struct progress *progress;
};

static int write_layer(const struct derive *d, int work, struct work_done *ret, struct err *e)
{
	const struct source *s = d->arg;
	const struct tree_options how = { .worker = s->g->worker, .progress = progress_show, .progress_arg = s->progress };

	return tree_store(s->fd, work, d->compression, &how, ret, e);
}

static int open_source(const char *name, struct err *e)
{
	if (streq(name, "-")) {
		if (isatty(STDIN_FILENO))
			return err_say(e, EINVAL, "standard input is a terminal, no archive");
		return fd_dup(STDIN_FILENO, e);
	}
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && strstr(name, "://")) {
		err_say(e, ENOENT, "%s: only files are imported", name);
		return err_hint(e, "`curl URL | paene import -`");
	}
	return fd < 0 ? err_set(e, errno, "open %s", name) : fd;
}

static int describe(const struct import *o, struct arena *a, struct image *ret, struct err *e)
{
	struct image_platform own;
	int r = 0;

	platform_own(&own);
	ret->architecture = arena_strdup(a, o->architecture ? o->architecture : own.architecture);
	if (!ret->architecture)
		return err_nomem(e);
	ret->os = (char *)(o->os ? o->os : "linux");
	ret->variant = (char *)o->variant;
	for (size_t i = 0; i < o->changes.n && r == 0; i++)
		r = change_apply(o->changes.v[i], a, &ret->defaults, e);
	return r;
}

static int run(const struct call *c, struct err *e)
{
	const struct import *o = c->options;
	auto_engine struct engine g;
	struct image image = { 0 }; /* of borrowed words */
	struct derived made = { 0 };
	char now[TIMESTAMP_MAX];
	int r = verb_engine(c, &g, e);
	struct load_options how = { .worker = g.worker, .rootless = g.rootless, .one_id = g.one_id };

	if (r >= 0)
		r = layer_limits_read(&o->limits, &how, e);
	if (r >= 0)
		r = describe(o, c->arena, &image, e);
	auto_fd int input = r < 0 ? r : open_source(c->args[0], e);

	if (input < 0)
		return input;
	image.created = (char *)timestamp_now(now);
	struct progress progress;
	struct source source = { .g = &g, .fd = input, .progress = &progress };
	char *imported = arena_printf(c->arena, "Imported from %s", c->args[0]);
	const struct derive derive = {
		.store = &g.store,
		.options = &how,
		.image = &image,
		.history = { .created = now, .created_by = imported, .comment = (char *)o->message },
		.compression = COMPRESSION_GZIP,
		.name = c->args[1],
		.write_layer = write_layer,
		.arg = &source,
	};

	progress_begin(&progress, o->quiet, PROGRESS_SILENT);
	r = imported ? image_derive(&derive, &made, e) : err_nomem(e);
	progress_end(&progress, true);
	if (r < 0)
		return err_wrap(e, "%s", c->args[0]);
	return image_made(c, &g, EVENT_IMPORT, &made, NULL, e);
}

const struct verb verb_import = {
	.name = "import",
	.group = "Images",
	.arguments = "FILE|- [IMAGE]",
	.help = "make one of a tar of files",
	.about = "Make an image of one layer of a tar archive, plain or compressed with gzip or zstd, as `paene export` writes it. "
		 "The new image's id is printed.",
	.min_args = 1,
	.max_args = 2,
	.options = OPTIONS(rows, struct import),
	.run = run,
};
