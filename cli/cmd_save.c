// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/out_file.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "images/save.h"

struct save {
	const char *output, *format;
	bool many, quiet;
};

static const struct option rows[] = {
	OPT_STRING(struct save, format, "format", 0, "NAME",
		   "docker-archive (default), oci-archive, oci-dir, docker-dir"),
	OPT_FLAG(struct save, many, "multi-image-archive", 'm', "understood; several images are one archive anyway"),
	OPT_STRING(struct save, output, "output", 'o', "FILE", "where to; default: standard output"),
	OPT_FLAG(struct save, quiet, "quiet", 'q', "no progress"),
};

static int take_format(const char *text, enum save_format *ret, struct err *e)
{
	*ret = SAVE_DOCKER_ARCHIVE;
	for (int i = 0; text && i < SAVE_FORMATS; i++)
		if (streq(text, save_format_names[i])) {
			*ret = (enum save_format)i;
			return 0;
		}
	if (!text)
		return 0;
	return err_say(e, EINVAL, "--format %s: it is docker-archive, oci-archive, oci-dir or docker-dir", text);
}

static int open_output(const struct save *o, enum save_format format, struct out_file *ret, struct err *e)
{
	if (!save_is_folder(format))
		return out_file_open(o->output, ret, e);
	if (!o->output)
		return err_say(e, EINVAL, "the format %s is a folder: name it with -o", save_format_names[format]);
	return out_file_open_folder(o->output, ret, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct save *o = c->options;
	auto_engine struct engine g;
	auto_out_file struct out_file file = OUT_FILE_NONE;
	struct progress progress;
	struct save_options how = { .progress = progress_show, .progress_arg = &progress };
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = take_format(o->format, &how.format, e);
	if (r >= 0)
		r = open_output(o, how.format, &file, e);
	progress_begin(&progress, o->quiet, PROGRESS_SILENT);
	if (r >= 0)
		r = image_save(&g.store, c->args, c->n_args, file.fd, &how, e);
	progress_end(&progress, true);
	if (r >= 0)
		r = out_file_finish(&file, e);
	for (size_t i = 0; r >= 0 && i < c->n_args; i++)
		verb_tell_image(&g, EVENT_SAVE, NULL, c->args[i]);
	return r;
}

const struct verb verb_save = {
	.name = "save",
	.group = "Images",
	.arguments = "IMAGE…",
	.help = "write them to an archive",
	.about = "Write images with all their layers to one archive, or into a folder, for `paene load`, `docker load`, "
		 "`podman load` and skopeo. The same images give the same bytes.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct save),
	.run = run,
};
