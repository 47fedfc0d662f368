// SPDX-License-Identifier: Apache-2.0
#include "images/check_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/publish.h"
#include "images/refs.h"
#include "images/store.h"
#include "images/worker.h"

#define DESCRIBED_FOLDER "described" /* in the work folder: what the worker makes of a manifest */

/* What the record should be. Return: 1 with @ret filled, 0 where manifest or config are no good, told; or -errno with @e filled */
static int describe(struct check *c, const char *manifest, struct image *ret, struct err *e)
{
	struct work_job job = { .kind = WORK_DESCRIBE, .input_is_folder = true };
	struct image_list list = { 0 };
	struct work_done done = { 0 };
	int r = file_remove(c->work.fd, DESCRIBED_FOLDER, e);

	if (r < 0)
		return r;
	if (mkdirat(c->work.fd, DESCRIBED_FOLDER, 0700) < 0)
		return err_set(e, errno, "make a work folder");
	auto_fd int folder = openat(c->work.fd, DESCRIBED_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return err_set(e, errno, "open a work folder");
	platform_own(&job.platform);
	memcpy(job.blob_digest, manifest, sizeof(job.blob_digest));
	int fds[] = { c->store->blobs, folder };

	r = worker_do(c->o->worker, &job, fds, ARRAY_SIZE(fds), &done, e);
	if (r == 0 && done.want.digest[0])
		r = err_say(e, ENOENT, "its %s %.12s is missing", done.want.config ? "config" : "manifest", done.want.digest);
	if (r == 0)
		r = publish_read(folder, &c->arena, &list, e);
	if (r == 0 && (list.n != 1 || !streq(list.v[0].manifest, manifest)))
		r = err_say(e, EINVAL, "its manifest is of another image");
	if (r < 0 && check_cannot_go_on(-r))
		return r;
	if (r < 0)
		check_tell(c, CHECK_FOUND, "image", manifest, "%s", e->text);
	else
		*ret = list.v[0];
	return r == 0;
}

/* The layers' folders are not the manifest's to say: as in the record, or as they lie in the store. */
static int name_folders(struct check *c, const struct image *record, struct image *image, struct err *e)
{
	for (size_t i = 0; i < image->layers.n; i++) {
		struct image_layer *l = &image->layers.v[i];
		bool known = record && i < record->layers.n && streq(record->layers.v[i].diff_id, l->diff_id);

		l->folder = arena_strdup(&c->arena, known ? record->layers.v[i].folder : l->diff_id);
		if (!known && faccessat(c->store->layers, l->diff_id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			l->folder = arena_printf(&c->arena, IMAGE_CHAIN_PREFIX "%s", l->chain_id);
		if (!l->folder)
			return err_nomem(e);
	}
	return 0;
}

/* Return: 1, 0, or -errno with @e filled */
static int same_record(const struct image *record, const struct image *image, struct err *e)
{
	auto_free char *a = NULL, *b = NULL;
	struct image older = *image;

	if (!record->media_type) /* it was written before that was kept */
		older.media_type = NULL;
	int r = image_encode(record, &a, e);

	if (r == 0)
		r = image_encode(&older, &b, e);
	return r < 0 ? r : streq(a, b);
}

/* Write the record anew, over one that is no good. Return: 1, 0 where others use it; or -errno with @e filled */
static int write_record(struct check *c, const struct image *image, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int locked = store_seize(c->store->records, image->manifest, e);

	if (locked == -EBUSY)
		return 0;
	if (locked < 0 && locked != -ENOENT)
		return locked;
	int r = image_encode(image, &text, e);

	if (r == 0)
		r = file_publish(c->work.fd, "record", text, strlen(text), 0600, FILE_SYNC, e);
	if (r == 0 && renameat2(c->work.fd, "record", c->store->records, image->manifest, locked < 0 ? RENAME_NOREPLACE : 0) < 0)
		return err_set(e, errno, "write image record %s", image->manifest);
	if (r == 0)
		r = store_sync(c->store->records, "an image's record", e);
	return r < 0 ? r : 1;
}

/* A record that is not what its manifest says. Return: 1: mended; 0: told; or -errno with @e filled */
static int mend_record(struct check *c, const struct image *image, const char *wrong, struct err *e)
{
	int r = c->o->repair ? write_record(c, image, e) : 0;

	if (r > 0)
		check_tell(c, CHECK_MENDED, "image", image->manifest, "%s: written again from its manifest", wrong);
	else if (r == 0)
		check_tell(c, CHECK_FOUND, "image", image->manifest, "%s", wrong);
	return r;
}

/*
 * Read the record, and see that it is what the manifest says.
 * Return: 1 with @ret filled: layers can be looked at; 0: the image is no good, and that was told; or -errno with @e filled
 */
static int check_record(struct check *c, const char *manifest, bool lost, struct image *ret, struct err *e)
{
	auto_image struct image record = { 0 };
	struct image image = { 0 };
	struct err wrong;
	int readable = store_read_record(c->store->records, manifest, &record, &wrong);

	if (readable == -ENOENT && !lost)
		return -ENOENT; /* removed meanwhile */
	if (readable == -ENOENT && c->o->quick) {
		check_tell(c, CHECK_FOUND, "image", manifest, "its record is missing");
		return -ENOENT;
	}
	if (readable < 0 && check_cannot_go_on(-readable)) {
		*e = wrong;
		return readable;
	}
	if (readable == 0 && c->o->quick) {
		*ret = record;
		record = (struct image){ 0 };
		return 1;
	}
	int r = describe(c, manifest, &image, e);

	if (r > 0 && name_folders(c, readable == 0 ? &record : NULL, &image, e) < 0)
		return -e->code;
	if (r <= 0)
		return r;
	int same = readable == 0 ? same_record(&record, &image, e) : 0;

	if (same < 0)
		return same;
	const char *what = readable == -ENOENT ? "its record is missing"
			   : readable < 0      ? wrong.text
					       : "its record is not what its manifest says";

	if (!same && mend_record(c, &image, what, e) < 0)
		return -e->code;
	*ret = image; /* its strings are the check's */
	return 1;
}

/* ---- what cannot be mended from what is here ---- */

/*
 * Blobs that are no good must not be in the way of those that come. Layers stay: what is not known to be wrong in them still runs.
 * Return: 1, 0 where others use them; or -errno
 */
static int drop_bad_blobs(struct check *c, const struct image *image, struct err *e)
{
	int r = 1;

	for (size_t i = 0; i < image->layers.n && r > 0; i++) {
		const struct verdict *blob = check_verdict(&c->blobs, image->layers.v[i].blob);

		if (blob && !blob->good)
			r = check_drop(c, c->store->blobs, blob->name, e);
	}
	return r;
}

/* With their blobs fetched, layers can be compared, and mended. Return: 0, or -errno with @e filled */
static int check_again(struct check *c, const struct image *image, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < image->layers.n && r >= 0; i++)
		if (!check_verdict(&c->blobs, image->layers.v[i].blob)->good)
			r = check_layer_anew(c, image, i, e);
	return MIN(r, 0);
}

/* What the image's manifest has to be, whatever it is called. */
static bool pin(const char *name, const char *manifest, struct image_ref *ret)
{
	struct err ignored;

	if (image_ref_parse(name, ret, &ignored) < 0 || streq(ret->host, "localhost"))
		return false;
	ret->tag[0] = '\0';
	memcpy(ret->digest, manifest, sizeof(ret->digest));
	return true;
}

/* Get it again by one of its names. Return: 1, or 0 with @e filled */
static int fetch_again(struct check *c, const struct image *image, struct err *e)
{
	struct image_ref ref;
	struct err ignored;
	char before[DIGEST_HEX + 1];

	err_say(e, ENOENT, "it has no name by which a registry knows it: load it again, or remove it");
	for (size_t i = 0; i < image->names.n; i++) {
		if (!c->o->fetch || !pin(image->names.v[i], image->manifest, &ref))
			continue;
		bool had_name = ref_read(c->store, &ref, before, &ignored) >= 0;

		if (c->o->fetch(&ref, c->o->arg, e) < 0)
			continue;
		if (!had_name)
			(void)ref_remove(c->store, &ref, &ignored); /* a further name for what has one does no harm */
		return 1;
	}
	return 0;
}

static int remove_broken(struct check *c, const struct image *image, const char *why, struct err *e)
{
	struct remove_result result = { 0 };
	int r = image_remove(c->store, image->manifest, true, c->o->image_user, c->o->arg, &result, e);

	arena_free(&result.arena);
	if (r < 0)
		check_tell(c, CHECK_FOUND, "image", image->manifest, "%s; it could not be removed: %s", why, e->text);
	else
		check_tell(c, CHECK_MENDED, "image", image->manifest, "%s: removed", why);
	return 0;
}

/* Return: 0, or -errno with @e filled */
static int replace(struct check *c, struct image *image, struct err *e)
{
	struct err why;
	int r = image_names(c->store, image, e);

	if (r == 0)
		r = drop_bad_blobs(c, image, e);
	if (r < 0)
		return r;
	if (r == 0) {
		check_tell(c, CHECK_FOUND, "image", image->manifest, "it is broken, and another command uses it just now");
		return 0;
	}
	if (fetch_again(c, image, &why)) {
		check_tell(c, CHECK_MENDED, "image", image->manifest, "what is missing was fetched again");
		return check_again(c, image, e);
	}
	if (c->o->force)
		return remove_broken(c, image, why.text, e);
	check_tell(c, CHECK_FOUND, "image", image->manifest, "it is broken: %s", why.text);
	return 0;
}

/* Only its manifest's digest is known: manifest, config or both are no good. */
static int replace_unknown(struct check *c, const char *manifest, struct err *e)
{
	struct image image = { .manifest = (char *)manifest, .config = (char *)manifest };
	auto_image struct image record = { 0 };
	struct err ignored;
	int r = 1;

	if (store_read_record(c->store->records, manifest, &record, &ignored) == 0) {
		image = record;
		record = (struct image){ 0 };
		r = check_drop(c, c->store->blobs, image.config, e);
	}
	if (r > 0)
		r = check_drop(c, c->store->blobs, manifest, e);
	if (r > 0)
		r = replace(c, &image, e);
	arena_free(&image.arena);
	return MIN(r, 0);
}

int check_image(struct check *c, const char *manifest, bool lost, struct err *e)
{
	struct image image = { 0 };
	bool good = true;
	int r = check_record(c, manifest, lost, &image, e);

	if (r == -ENOENT)
		return 0;
	c->result.images++;
	if (r == 0)
		return c->o->repair ? replace_unknown(c, manifest, e) : 0;
	for (size_t i = 0; r >= 0 && i < image.layers.n; i++) {
		r = check_layer(c, &image, i, e);
		good &= r > 0;
	}
	if (r >= 0 && !good && c->o->repair)
		r = replace(c, &image, e);
	arena_free(&image.arena);
	return MIN(r, 0);
}
