// SPDX-License-Identifier: Apache-2.0
#include "images/worker/import.h"

#include <errno.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/worker/archive.h"

static int read_archive(struct import *i, const struct stream_options *o, struct err *e)
{
	struct stream_options options = *o;
	struct stream *s = NULL;

	options.max_bytes = 0; /* it counts for each file */
	int r = stream_open(&options, &s, e);

	if (r == 0)
		r = files_read(&i->files, s, e);
	stream_close(s);
	return r;
}

/* By the file that begins each kind. What docker saves today is both, and the OCI one says more. */
static int find_images(struct import *i, struct err *e)
{
	static const struct {
		const char *mark, *begin;
		int (*take)(struct import *i, const struct file *file, struct err *e);
	} kinds[] = {
		{ "oci-layout", "index.json", archive_oci },
		{ "manifest.json", "manifest.json", archive_docker },
	};
	const struct file *file;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		int r = files_find(&i->files, kinds[k].mark, &file, e);

		if (r == 0)
			continue;
		if (r > 0)
			r = files_find(&i->files, kinds[k].begin, &file, e);
		if (r == 0)
			return err_say(e, EINVAL, "it has %s but no %s", kinds[k].mark, kinds[k].begin);
		return r < 0 ? r : kinds[k].take(i, file, e);
	}
	return err_say(e, EINVAL, "it is no image archive: there is neither oci-layout nor manifest.json in it");
}

int import_archive(const struct stream_options *stream, bool is_folder, int work, struct work_done *ret,
		   struct err *e)
{
	struct import i = { .files = { .work = work, .folder = is_folder ? stream->input.fd : -1,
				      .max_bytes = stream->max_bytes } };
	struct work_done done = { 0 };
	int r = is_folder ? 0 : read_archive(&i, stream, e);

	if (r == 0)
		r = find_images(&i, e);
	if (r == 0)
		r = image_write_all(&i, e);
	for (size_t n = 0; n < i.images.n; n++)
		done.bytes += i.images.v[n].bytes;
	done.entries = i.files.n;
	files_close(&i.files);
	arena_free(&i.arena);
	if (r == 0)
		*ret = done;
	return r;
}
