// SPDX-License-Identifier: Apache-2.0
#include "images/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/download.h"
#include "images/store.h"

#define BLOB_MODE     0400
#define JSON_BLOB_MAX (4 << 20) /* of a manifest or config */

/* What the worker says of a blob must be so; what will be published gets its mode now, before it is synced. */
static int check_blob(int folder, const char *name, uint64_t least, uint64_t most, struct err *e)
{
	auto_fd int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_set(e, errno, "open blob %s", name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "blob %s is no regular file", name);
	if ((uint64_t)st.st_size < least || (uint64_t)st.st_size > most)
		return err_say(e, EINVAL, "blob %s has %lld bytes", name, (long long)st.st_size);
	return fchmod(fd, BLOB_MODE) < 0 ? err_set(e, errno, "change the mode of blob %s", name) : 0;
}

static int check_blobs(const struct publication *p, const struct image *image, struct err *e)
{
	int r = check_blob(p->texts, image->manifest, 1, JSON_BLOB_MAX, e);

	if (r == 0)
		r = check_blob(p->texts, image->config, 1, JSON_BLOB_MAX, e);
	for (size_t i = 0; r == 0 && i < image->layers.n; i++) {
		const struct image_layer *layer = &image->layers.v[i];

		r = check_blob(p->blobs, layer->blob, layer->bytes, layer->bytes, e);
	}
	return r;
}

static int write_record(const struct publication *p, const struct image *image, unsigned flags, struct err *e)
{
	char name[WORK_FILE_MAX];
	auto_free char *text = NULL;
	int r = image_encode(image, &text, e);

	if (r < 0)
		return r;
	work_file(WORK_RECORD, image->manifest, name);
	return file_publish(p->work->fd, name, text, strlen(text), 0600, flags, e);
}

static int place(struct publication *p, int from, int dir, const char *name, struct err *e)
{
	int fd = store_place(from, name, dir, name, e);

	if (fd < 0)
		return fd;
	p->holds.v[p->holds.n++] = fd;
	return 0;
}

/* Layers that the store had before are held already; those that were unpacked move there. */
static int place_layer(struct publication *p, const struct image_layer *layer, struct err *e)
{
	if (faccessat(p->work->fd, layer->folder, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "look for layer %s", layer->folder);
	return place(p, p->work->fd, p->work->store->layers, layer->folder, e);
}

static int place_content(struct publication *p, const struct image *image, struct err *e)
{
	const struct store *s = p->work->store;
	int r = place(p, p->texts, s->blobs, image->manifest, e);

	if (r == 0)
		r = place(p, p->texts, s->blobs, image->config, e);
	for (size_t i = 0; r == 0 && i < image->layers.n; i++) {
		r = place(p, p->blobs, s->blobs, image->layers.v[i].blob, e);
		if (r == 0)
			r = place_layer(p, &image->layers.v[i], e);
	}
	if (r == 0)
		r = store_sync(s->blobs, "the image's blobs", e);
	return r == 0 ? store_sync(s->layers, "the image's layers", e) : r;
}

/* Content first, then the record that refers to it. */
static int publish(struct publication *p, const struct image *image, struct err *e)
{
	char name[WORK_FILE_MAX];
	int r = place_content(p, image, e);

	if (r < 0)
		return r;
	work_file(WORK_RECORD, image->manifest, name);
	int fd = store_place(p->work->fd, name, p->work->store->records, image->manifest, e);

	if (fd < 0)
		return fd;
	p->holds.v[p->holds.n++] = fd;
	r = store_sync(p->work->store->records, "the image's record", e);
	if (r == 0 && unlinkat(p->work->fd, name, 0) < 0)
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
static bool hold_present(struct publication *p, const char *manifest)
{
	struct err ignored;
	auto_image struct image here = { 0 };
	auto_fd int fd = store_hold(p->work->store->records, manifest, &ignored);

	if (fd < 0 || store_read_record(p->work->store->records, manifest, &here, &ignored) < 0 ||
	    !all_there(p->work->store, &here))
		return false;
	p->holds.v[p->holds.n++] = fd_take(&fd);
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

static int store_image(struct publication *p, struct image *image, struct err *e)
{
	drop_damaged(p->work->store, image->manifest);
	/* before anything is held or published: should we be killed, a sweep knows what to look after */
	int r = write_record(p, image, FILE_SYNC, e);

	if (r == 0)
		r = unpack_layers(p, image, e);
	if (p->download) /* from here on nobody else can change what lies there */
		transfer_end(p->download->transfer);
	if (r == 0)
		r = check_blobs(p, image, e);
	if (r == 0)
		r = write_record(p, image, 0, e);
	if (r == 0 && syncfs(p->work->fd) < 0)
		return err_set(e, errno, "make the image durable");
	return r == 0 ? publish(p, image, e) : r;
}

static int make_room(struct publication *p, const struct image *image, struct err *e)
{
	/* its record, manifest and config, and for each layer a blob and, found or placed, its folder */
	p->holds.room = 3 + 2 * image->layers.n;
	fd_allow_many();
	p->holds.v = arena_array(p->arena, p->holds.room, sizeof(*p->holds.v));
	return p->holds.v ? 0 : err_nomem(e);
}

int publish_read(int folder, struct arena *arena, struct image_list *ret, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = file_read(folder, WORK_IMAGES_FILE, WORK_IMAGES_MAX, &text, &len, e);

	if (r == 0)
		r = image_list_decode(text, len, WORK_IMAGES_FILE, arena, ret, e);
	if (r == 0 && ret->n == 0)
		return err_say(e, EINVAL, "there is no image in it");
	return r;
}

int publish_hold(struct publication *p, const struct image *image, struct err *e)
{
	int r = make_room(p, image, e);

	return r < 0 ? r : hold_present(p, image->manifest);
}

int publish_image(struct publication *p, struct image *image, struct err *e)
{
	for (size_t i = 0; i < image->layers.n; i++)
		image->layers.v[i].folder = NULL; /* not the worker's to say */
	int r = publish_hold(p, image, e);

	return r == 0 ? store_image(p, image, e) : MIN(r, 0);
}

/* A layer's whiteouts are the very nodes that an overlay takes for its own. */
int publish_check_store(const struct store *s, struct err *e)
{
	struct statfs fs;

	if (fstatfs(s->layers, &fs) < 0)
		return err_set(e, errno, "look at the store's file system");
	if (fs.f_type != OVERLAYFS_SUPER_MAGIC)
		return 0;
	err_say(e, EOPNOTSUPP, "the store lies on an overlay file system, which cannot hold another's layers");
	return err_hint(e, "mount an ext4, xfs, btrfs or tmpfs there, or name a folder on one with --root");
}
