// SPDX-License-Identifier: Apache-2.0
/*
 * load.c: an archive becomes images of the store. Nothing in it is read here: one worker splits it into blobs and says what
 * images they are, others unpack the layers (images/unpack.c); here what they left is checked, made durable and published.
 *
 * One syncfs covers all of an image's blobs and layers, instead of an fsync for each of their files.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/refs.h"
#include "images/store.h"
#include "images/unpack.h"
#include "images/work.h"
#include "images/worker.h"

#define IMPORT_FOLDER "import"
#define BLOB_MODE     0400
#define JSON_BLOB_MAX (4 << 20) /* of a manifest or config */

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
		if (m.type == WORK_PROGRESS && o->progress)
			o->progress("reading", m.progress.done_bytes, m.progress.total_bytes, o->progress_arg);
	}
	return 0;
}

/* Split the archive into blobs. */
static int import(struct load *l, int input, struct err *e)
{
	struct work_job job = { .kind = WORK_IMPORT, .compression = COMPRESSION_DETECT };
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

static int read_images(struct load *l, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = file_read(l->import, WORK_IMAGES_FILE, WORK_IMAGES_MAX, &text, &len, e);

	if (r == 0)
		r = image_list_decode(text, len, WORK_IMAGES_FILE, &l->arena, &l->images, e);
	if (r == 0 && l->images.n == 0)
		return err_say(e, EINVAL, "there is no image in it");
	return r;
}

/* What the worker says of a blob must be so; what will be published gets its mode now, before it is synced. */
static int check_blob(const struct load *l, const char *name, uint64_t least, uint64_t most, struct err *e)
{
	auto_fd int fd = openat(l->import, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_set(e, errno, "open blob %s", name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "blob %s is no regular file", name);
	if ((uint64_t)st.st_size < least || (uint64_t)st.st_size > most)
		return err_say(e, EINVAL, "blob %s has %lld bytes", name, (long long)st.st_size);
	return fchmod(fd, BLOB_MODE) < 0 ? err_set(e, errno, "change the mode of blob %s", name) : 0;
}

static int check_blobs(const struct load *l, const struct image *image, struct err *e)
{
	int r = check_blob(l, image->manifest, 1, JSON_BLOB_MAX, e);

	if (r == 0)
		r = check_blob(l, image->config, 1, JSON_BLOB_MAX, e);
	for (size_t i = 0; r == 0 && i < image->layers.n; i++) {
		const struct image_layer *layer = &image->layers.v[i];

		r = check_blob(l, layer->blob, layer->bytes, layer->bytes, e);
	}
	return r;
}

static int write_record(const struct load *l, const struct image *image, unsigned flags, struct err *e)
{
	char name[WORK_FILE_MAX];
	auto_free char *text = NULL;
	int r = image_encode(image, &text, e);

	if (r < 0)
		return r;
	work_file(WORK_RECORD, image->manifest, name);
	return file_publish(l->work.fd, name, text, strlen(text), 0600, flags, e);
}

static int place(struct holds *holds, int from, int dir, const char *name, struct err *e)
{
	int fd = store_place(from, name, dir, name, e);

	if (fd < 0)
		return fd;
	holds->v[holds->n++] = fd;
	return 0;
}

/* Layers that the store had before are held already; those that were unpacked move there. */
static int place_layer(const struct load *l, const struct image_layer *layer, struct holds *holds, struct err *e)
{
	if (faccessat(l->work.fd, layer->folder, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "look for layer %s", layer->folder);
	return place(holds, l->work.fd, l->store->layers, layer->folder, e);
}

static int place_content(const struct load *l, const struct image *image, struct holds *holds, struct err *e)
{
	const struct store *s = l->store;
	int r = place(holds, l->import, s->blobs, image->manifest, e);

	if (r == 0)
		r = place(holds, l->import, s->blobs, image->config, e);
	for (size_t i = 0; r == 0 && i < image->layers.n; i++) {
		r = place(holds, l->import, s->blobs, image->layers.v[i].blob, e);
		if (r == 0)
			r = place_layer(l, &image->layers.v[i], holds, e);
	}
	if (r == 0)
		r = store_sync(s->blobs, "the image's blobs", e);
	return r == 0 ? store_sync(s->layers, "the image's layers", e) : r;
}

/* Content first, then the record that refers to it. */
static int publish(const struct load *l, const struct image *image, struct holds *holds, struct err *e)
{
	char name[WORK_FILE_MAX];
	int r = place_content(l, image, holds, e);

	if (r < 0)
		return r;
	work_file(WORK_RECORD, image->manifest, name);
	int fd = store_place(l->work.fd, name, l->store->records, image->manifest, e);

	if (fd < 0)
		return fd;
	holds->v[holds->n++] = fd;
	r = store_sync(l->store->records, "the image's record", e);
	if (r == 0 && unlinkat(l->work.fd, name, 0) < 0)
		return err_set(e, errno, "remove %s", name);
	return r;
}

static bool all_there(const struct store *s, const struct image *image)
{
	const int flags = AT_SYMLINK_NOFOLLOW;
	bool ok = faccessat(s->blobs, image->manifest, F_OK, flags) == 0 &&
		  faccessat(s->blobs, image->config, F_OK, flags) == 0;

	for (size_t i = 0; ok && i < image->layers.n; i++)
		ok = faccessat(s->blobs, image->layers.v[i].blob, F_OK, flags) == 0 &&
		     faccessat(s->layers, image->layers.v[i].folder, F_OK, flags) == 0;
	return ok;
}

/*
 * An image that is here needs its names only: while its record is held, what it refers to stays. One that lost a part is
 * loaded again and gets it back. Return: whether it is here; then it is held
 */
static bool hold_present(const struct load *l, const char *manifest, struct holds *holds)
{
	struct err ignored;
	auto_image struct image here = { 0 };
	auto_fd int fd = store_hold(l->store->records, manifest, &ignored);

	if (fd < 0 || store_read_record(l->store->records, manifest, &here, &ignored) < 0 ||
	    !all_there(l->store, &here))
		return false;
	holds->v[holds->n++] = fd_take(&fd);
	return true;
}

/* A record that cannot be read would stay in the way of the new one: what is there is never replaced. */
static void drop_damaged(const struct store *s, const char *manifest)
{
	struct err ignored;
	auto_image struct image here = { 0 };
	auto_fd int fd = store_seize(s->records, manifest, &ignored);

	if (fd >= 0 && store_read_record(s->records, manifest, &here, &ignored) == -EINVAL)
		(void)unlinkat(s->records, manifest, 0); /* fails where nothing can be written at all */
}

static int store_image(struct load *l, struct image *image, struct holds *holds, struct err *e)
{
	drop_damaged(l->store, image->manifest);
	/* before anything is held or published: should we be killed, a sweep knows what to look after */
	int r = write_record(l, image, FILE_SYNC, e);

	if (r == 0)
		r = check_blobs(l, image, e);
	if (r == 0)
		r = unpack_layers(&l->work, l->import, l->options, image, &l->arena, holds, e);
	if (r == 0)
		r = write_record(l, image, 0, e);
	if (r == 0 && syncfs(l->work.fd) < 0)
		return err_set(e, errno, "make the image durable");
	return r == 0 ? publish(l, image, holds, e) : r;
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
	r = ref_publish(&l->work, &ref, image->manifest, &moved, e);
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
	/* its record, manifest and config, and for each layer a blob and, found or placed, its folder */
	struct holds holds = { .room = 3 + 2 * image->layers.n };
	int r = 0;

	for (size_t i = 0; i < image->layers.n; i++)
		image->layers.v[i].folder = NULL; /* not the worker's to say */
	holds.v = arena_array(&l->arena, holds.room, sizeof(*holds.v));
	if (!holds.v)
		return err_nomem(e);
	if (!hold_present(l, image->manifest, &holds))
		r = store_image(l, image, &holds, e);
	if (r == 0)
		r = publish_names(l, image, e);
	holds_release(&holds);
	return r;
}

/* A layer's whiteouts are the very nodes that an overlay takes for its own. */
static int check_store(const struct store *s, struct err *e)
{
	struct statfs fs;

	if (fstatfs(s->layers, &fs) < 0)
		return err_set(e, errno, "look at the store's file system");
	if (fs.f_type != OVERLAYFS_SUPER_MAGIC)
		return 0;
	err_say(e, EOPNOTSUPP, "the store lies on an overlay file system, which cannot hold another's layers");
	return err_hint(e, "mount an ext4, xfs, btrfs or tmpfs there, or name a folder on one with --root");
}

int image_load(const struct store *s, int input, const char *what, const struct load_options *o,
	       struct load_result *ret, struct err *e)
{
	struct load l = { .store = s, .options = o, .work = WORK_NONE, .import = -1 };

	store_sweep(s);
	int r = check_store(s, e);

	if (r == 0)
		r = work_begin(s, &l.work, e);
	if (r == 0)
		r = import(&l, input, e);
	if (r == 0)
		r = read_images(&l, e);
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
