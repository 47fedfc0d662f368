// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/layer_limits.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/registry.h"
#include "cli/verbs.h"

struct load {
	const char *input;
	bool quiet;
	struct layer_limits limits;
};

static const struct option rows[] = {
	OPT_STRING(struct load, input, "input", 'i', "FILE", "the archive, or an OCI layout's folder; default: -"),
	OPT_FLAG(struct load, quiet, "quiet", 'q', "no progress"),
	LAYER_LIMIT_OPTIONS(struct load, limits),
};

/* Return: an fd of the archive, or -errno with @e filled */
static int open_input(const char *name, struct err *e)
{
	if (name) {
		int fd = open(name, O_RDONLY | O_CLOEXEC);

		return fd < 0 ? err_set(e, errno, "open %s", name) : fd;
	}
	if (isatty(STDIN_FILENO)) {
		err_say(e, EINVAL, "standard input is a terminal");
		return err_hint(e, "name an archive with -i FILE");
	}
	return fd_dup(STDIN_FILENO, e);
}

/* An archive may call its images what it likes: so it is not their names that count, but that it is one. */
static int check_policy(int input, struct err *e)
{
	struct image_policy *policy;
	struct stat st;
	int r = registry_policy(&policy, e);

	if (r < 0)
		return r;
	r = fstat(input, &st) < 0 ? err_set(e, errno, "look at the archive") : policy_check_load(policy, S_ISDIR(st.st_mode), e);
	image_policy_free(policy);
	return r;
}

static int run(const struct call *c, struct err *e)
{
	const struct load *o = c->options;
	const char *name = o->input && !streq(o->input, "-") ? o->input : NULL;
	struct progress progress;
	struct load_result result = { 0 };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);
	struct load_options how = {
		.worker = g.worker,
		.rootless = g.rootless,
		.one_id = g.one_id,
		.progress = progress_show,
		.progress_arg = &progress,
	};

	if (r == 0)
		r = layer_limits_read(&o->limits, &how, e);
	auto_fd int input = r < 0 ? r : open_input(name, e);

	if (input < 0)
		return input;
	r = check_policy(input, e);
	if (r < 0)
		return r;
	progress_begin(&progress, o->quiet, PROGRESS_SILENT);
	r = image_load(&g.store, input, name ? name : "standard input", &how, &result, e);
	progress_end(&progress, r >= 0);
	for (size_t i = 0; i < result.loaded.n && r >= 0; i++) {
		verb_tell_image(&g, EVENT_LOAD, NULL, result.loaded.v[i]);
		fputs("Loaded image: ", stdout);
		output_line(result.loaded.v[i]);
	}
	for (size_t i = 0; i < result.moved.n && r >= 0; i++) {
		char *text = arena_printf(c->arena, "%s named another image before", result.moved.v[i]);

		output_warning(c, text ? text : result.moved.v[i]);
	}
	arena_free(&result.arena);
	return r;
}

const struct verb verb_load = {
	.name = "load",
	.group = "Images",
	.arguments = "",
	.help = "load those of an archive",
	.about = "Load the images of an archive, as `docker save` and `podman save` write it, or of an OCI layout: a tar "
		 "file, plain or compressed with gzip or zstd, or a folder.",
	.options = OPTIONS(rows, struct load),
	.run = run,
};
