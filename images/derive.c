// SPDX-License-Identifier: Apache-2.0
#include "images/derive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/digest_text.h"
#include "images/find.h"
#include "images/publish.h"
#include "images/refs.h"
#include "images/worker.h"

#define DERIVE_FOLDER "import"
#define WORDS_FILE    "words"
#define COPY_BYTES    (64 << 20)
#define NO_DIGEST     "0000000000000000000000000000000000000000000000000000000000000000"
#define DOCKER_TYPE   "application/vnd.docker.distribution.manifest.v2+json"
#define OCI_TYPE      "application/vnd.oci.image.manifest.v1+json"
#define OCI_LAYER     "application/vnd.oci.image.layer.v1.tar"

struct derivation {
	const struct derive *d;
	struct work work;
	int folder; /* in the work folder: all of the image's blobs */
	struct arena arena;
	struct image_list made;
	struct derived result;
};

static int open_folder(struct derivation *x, struct err *e)
{
	if (mkdirat(x->work.fd, DERIVE_FOLDER, 0700) < 0)
		return err_set(e, errno, "make a work folder");
	x->folder = openat(x->work.fd, DERIVE_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return x->folder < 0 ? err_set(e, errno, "open a work folder") : 0;
}

static int copy_blob(int blobs, int folder, const char *hex, struct err *e)
{
	auto_fd int from = openat(blobs, hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), to = -1;
	ssize_t n = 1;

	if (from >= 0)
		to = openat(folder, hex, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return from >= 0 && errno == EEXIST ? 0 : err_set(e, errno, "copy blob %s of the image", hex);
	while (n > 0)
		n = sendfile(to, from, NULL, COPY_BYTES);
	return n < 0 ? err_set(e, errno, "copy blob %s of the image", hex) : 0;
}

/* A second name, which stays when the store's own goes. In another's store nothing is changed, not even that. */
static int link_blob(const struct derivation *x, const char *hex, struct err *e)
{
	const struct store *home = image_home(x->d->store, x->d->base);

	if (x->d->base->peer)
		return copy_blob(home->blobs, x->folder, hex, e);
	if (linkat(home->blobs, hex, x->folder, hex, 0) == 0 || errno == EEXIST)
		return 0;
	return err_set(e, errno, "take blob %s of the image", hex);
}

static int link_base(struct derivation *x, struct err *e)
{
	const struct image *base = x->d->base;
	int r = base ? link_blob(x, base->config, e) : 0;

	for (size_t i = 0; base && !x->d->alone && r == 0 && i < base->layers.n; i++)
		r = link_blob(x, base->layers.v[i].blob, e);
	return r;
}

static const char *layer_type(enum work_compression compression)
{
	return compression == COMPRESSION_GZIP ? OCI_LAYER "+gzip" : compression == COMPRESSION_ZSTD ? OCI_LAYER "+zstd" : OCI_LAYER;
}

/* The layers of the new image: those below, and the one that the worker has written. */
static int add_layer(struct derivation *x, const struct work_done *done, struct err *e)
{
	const struct image *base = x->d->alone ? NULL : x->d->base;
	struct image_layers *layers = &x->d->image->layers;
	size_t n = base ? base->layers.n : 0;

	layers->v = arena_array(&x->arena, n + 1, sizeof(*layers->v));
	if (!layers->v)
		return err_nomem(e);
	if (n)
		memcpy(layers->v, base->layers.v, n * sizeof(*layers->v));
	layers->v[n] = (struct image_layer){
		.blob = arena_strdup(&x->arena, done->digest),
		.diff_id = arena_strdup(&x->arena, done->diff_id),
		.chain_id = (char *)NO_DIGEST, /* the worker's to say */
		.media_type = (char *)layer_type(x->d->compression),
		.bytes = done->packed_bytes,
	};
	layers->n = n + 1;
	return layers->v[n].blob && layers->v[n].diff_id ? 0 : err_nomem(e);
}

static int make_layer(struct derivation *x, struct err *e)
{
	struct work_done done;
	int r = x->d->write_layer(x->d, x->folder, &done, e);

	if (r < 0)
		return r;
	if (!digest_is_hex(done.digest) || !digest_is_hex(done.diff_id))
		return err_say(e, EPROTO, "paene-worker gave no digest of the new layer");
	if (renameat(x->folder, WORK_LAYER_FILE, x->folder, done.digest) < 0)
		return err_set(e, errno, "name the new layer's blob");
	return add_layer(x, &done, e);
}

static int add_history(struct derivation *x, struct err *e)
{
	const struct image *base = x->d->alone ? NULL : x->d->base;
	struct image_histories *h = &x->d->image->history;
	size_t n = base ? base->history.n : 0;

	h->v = arena_array(&x->arena, n + 1, sizeof(*h->v));
	if (!h->v)
		return err_nomem(e);
	if (n)
		memcpy(h->v, base->history.v, n * sizeof(*h->v));
	h->v[n] = x->d->history;
	h->n = n + 1;
	return 0;
}

/* The record as it shall be, for the worker. Return: an fd, or -errno with @e filled */
static int open_words(const struct derivation *x, struct err *e)
{
	struct image image = *x->d->image;
	auto_free char *text = NULL;

	image.manifest = image.config = (char *)NO_DIGEST;
	int r = image_encode(&image, &text, e);

	if (r == 0)
		r = file_publish(x->work.fd, WORDS_FILE, text, strlen(text), 0600, 0, e);
	if (r < 0)
		return r;
	int fd = openat(x->work.fd, WORDS_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open the new image's record") : fd;
}

static int write_texts(struct derivation *x, struct err *e)
{
	struct work_job job = { .kind = WORK_DERIVE };
	struct work_message m = { .type = WORK_LOCKED };
	auto_worker struct worker w = WORKER_NONE;
	auto_fd int words = open_words(x, e);
	const int fds[] = { words, x->folder };

	if (words < 0)
		return words;
	snprintf(job.media_type, sizeof(job.media_type), "%s", x->d->docker ? DOCKER_TYPE : OCI_TYPE);
	if (x->d->base)
		snprintf(job.blob_digest, sizeof(job.blob_digest), "%s", x->d->base->config);
	int r = worker_start(x->d->options->worker, &job, fds, ARRAY_SIZE(fds), &w, e);

	while (r == 0 && m.type != WORK_DONE)
		r = worker_receive(&w, &m, e);
	return r;
}

static int read_made(struct derivation *x, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = file_read(x->folder, WORK_IMAGES_FILE, WORK_IMAGES_MAX, &text, &len, e);

	if (r == 0)
		r = image_list_decode(text, len, WORK_IMAGES_FILE, &x->arena, &x->made, e);
	return r == 0 && x->made.n != 1 ? err_say(e, EPROTO, "paene-worker made %zu images of one", x->made.n) : r;
}

static int publish_name(struct derivation *x, const struct image *image, struct err *e)
{
	struct image_ref ref;

	if (!x->d->name)
		return 0;
	int r = image_ref_parse(x->d->name, &ref, e);

	if (r == 0)
		r = ref_publish(&x->work, &ref, image->manifest, NULL, &x->result.moved, e);
	if (r == 0)
		image_ref_text(&ref, false, x->result.name);
	return r;
}

static int publish(struct derivation *x, struct err *e)
{
	struct image *image = &x->made.v[0];
	struct publication p = {
		.work = &x->work, .options = x->d->options, .texts = x->folder, .blobs = x->folder, .arena = &x->arena,
	};
	int r = publish_image(&p, image, e);

	if (r == 0)
		r = publish_name(x, image, e);
	holds_release(&p.holds);
	snprintf(x->result.config, sizeof(x->result.config), "%s", image->config);
	return r;
}

static int check_name(const struct derive *d, struct err *e)
{
	struct image_ref ref;
	int r = d->name ? image_ref_parse(d->name, &ref, e) : 0;

	if (r == 0 && d->name && *ref.digest)
		return err_say(e, EINVAL, "%s: a new image cannot be named by a digest", d->name);
	return r;
}

int image_derive(const struct derive *d, struct derived *ret, struct err *e)
{
	static int (*const steps[])(struct derivation *x, struct err *e) = {
		open_folder, make_layer, add_history, link_base, write_texts, read_made, publish,
	};
	struct derivation x = { .d = d, .work = WORK_NONE, .folder = -1 };
	int r = check_name(d, e);

	if (r == 0)
		r = publish_check_store(d->store, e);
	store_sweep(d->store);
	if (r == 0)
		r = work_begin(d->store, &x.work, e);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](&x, e);
	fd_close(&x.folder);
	work_end(&x.work);
	arena_free(&x.arena);
	d->image->layers = (struct image_layers){ 0 }; /* they were the arena's */
	d->image->history = (struct image_histories){ 0 };
	if (r == 0)
		*ret = x.result;
	return r;
}
