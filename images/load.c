// SPDX-License-Identifier: Apache-2.0
/*
 * load.c: an archive becomes images of the store. Nothing in it is read here: one worker splits it into blobs and says what
 * images they are, others unpack the layers (images/unpack.c); what they left is published (images/publish.c), and named.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/publish.h"
#include "images/refs.h"
#include "images/work.h"
#include "images/worker.h"

#define IMPORT_FOLDER "import"

struct load {
	const struct store *store;
	const struct load_options *options;
	struct work work;
	int import; /* folder of the import job: a file for each blob, and images.json */
	struct arena arena;
	struct image_list images;
	struct load_result result;
};

static void load_end(struct load *l)
{
	fd_close(&l->import);
	work_end(&l->work);
	arena_free(&l->result.arena);
	arena_free(&l->arena);
}

static int hear_import(struct load *l, struct worker *w, struct err *e)
{
	struct work_message m = { .type = WORK_LOCKED };
	const struct load_options *o = l->options;

	while (m.type != WORK_DONE) {
		int r = worker_receive(w, &m, e);

		if (r < 0)
			return r;
		const struct image_progress p = {
			.step = STEP_READING, .done = m.progress.done_bytes, .total = m.progress.total_bytes,
		};

		if (m.type == WORK_PROGRESS && o->progress)
			o->progress(&p, o->progress_arg);
	}
	return 0;
}

/* Split the archive into blobs. */
static int import(struct load *l, int input, struct err *e)
{
	struct work_job job = {
		.kind = WORK_IMPORT,
		.compression = COMPRESSION_DETECT,
		.max_bytes = l->options->max_layer_bytes,
	};
	auto_worker struct worker w = WORKER_NONE;
	struct stat st;

	if (fstat(input, &st) < 0)
		return err_set(e, errno, "look at it");
	job.input_is_folder = S_ISDIR(st.st_mode);
	if (mkdirat(l->work.fd, IMPORT_FOLDER, 0700) < 0)
		return err_set(e, errno, "make a work folder");
	l->import = openat(l->work.fd, IMPORT_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (l->import < 0)
		return err_set(e, errno, "open a work folder");
	int fds[] = { input, l->import };
	int r = worker_start(l->options->worker, &job, fds, ARRAY_SIZE(fds), &w, e);

	return r < 0 ? r : hear_import(l, &w, e);
}

static int publish_name(struct load *l, const struct image *image, const char *name, struct err *e)
{
	struct load_result *result = &l->result;
	char text[IMAGE_REF_MAX];
	struct image_ref ref;
	bool moved;
	int r = image_ref_parse(name, &ref, e);

	if (r < 0)
		return r;
	if (ref.digest[0] && !streq(ref.digest, image->manifest))
		return err_say(e, EINVAL, "the archive calls an image %s, which it is not", name);
	r = ref_publish(&l->work, &ref, image->manifest, NULL, &moved, e);
	if (r < 0)
		return r;
	image_ref_text(&ref, false, text);
	if (strv_add(&result->arena, &result->loaded, text) < 0 ||
	    (moved && strv_add(&result->arena, &result->moved, text) < 0))
		return err_nomem(e);
	return 0;
}

static int publish_names(struct load *l, const struct image *image, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < image->names.n; i++)
		r = publish_name(l, image, image->names.v[i], e);
	if (r < 0 || image->names.n > 0)
		return r;
	char *id = arena_printf(&l->result.arena, "sha256:%s", image->config);

	return !id || strv_push(&l->result.arena, &l->result.loaded, id) < 0 ? err_nomem(e) : 0;
}

static int load_image(struct load *l, struct image *image, struct err *e)
{
	struct publication p = {
		.work = &l->work, .options = l->options, .texts = l->import, .blobs = l->import, .arena = &l->arena,
	};
	int r = publish_image(&p, image, e);

	if (r == 0)
		r = publish_names(l, image, e);
	holds_release(&p.holds);
	return r;
}

int image_load(const struct store *s, int input, const char *what, const struct load_options *o,
	       struct load_result *ret, struct err *e)
{
	struct load l = { .store = s, .options = o, .work = WORK_NONE, .import = -1 };

	store_sweep(s);
	int r = publish_check_store(s, e);

	if (r == 0)
		r = work_begin(s, &l.work, e);
	if (r == 0)
		r = import(&l, input, e);
	if (r == 0)
		r = publish_read(l.import, &l.arena, &l.images, e);
	for (size_t i = 0; r == 0 && i < l.images.n; i++)
		r = load_image(&l, &l.images.v[i], e);
	if (r < 0)
		err_wrap(e, "load %s", what);
	if (r == 0) {
		*ret = l.result;
		l.result = (struct load_result){ 0 };
	}
	load_end(&l);
	return r;
}
