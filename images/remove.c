// SPDX-License-Identifier: Apache-2.0
/*
 * remove.c: names given and taken, images removed.
 *
 * The order in which an image goes, each step durable before the next one (images/work.h says what becomes of it when the
 * command is killed in between):
 *
 *	1. its record is seized: nobody is giving it a name, nobody is loading it;
 *	2. the record leaves records/ as removing-HEX: no new container finds the image;
 *	3. the containers are asked: one that has settled on the image before 2 is seen now, and the record goes back;
 *	4. its names go;
 *	5. removing-HEX becomes record-HEX: from here on there is no way back, and a sweep would finish it;
 *	6. content that no other record refers to moves to the work folder, and is deleted with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "images/find.h"
#include "images/policy.h"
#include "images/refs.h"
#include "images/store.h"
#include "images/work.h"

/* Names lie beside the images that they mean. */
static int refuse_peer(const struct image *image, struct err *e)
{
	return err_say(e, EROFS, "image %.12s is in %s, which is only read", image->config, image->peer->path);
}

int image_tag(const struct store *s, const char *source, const char *name, bool *ret_moved, struct err *e)
{
	auto_image struct image image = { 0 };
	auto_work struct work work = WORK_NONE;
	struct image_ref ref;
	int r = image_ref_parse(name, &ref, e);

	if (r == 0 && ref.digest[0])
		return err_say(e, EINVAL, "a name to be given cannot have a digest: %s", name);
	if (r == 0)
		r = image_find(s, source, &image, e);
	if (r == 0 && image.peer)
		r = refuse_peer(&image, e);
	if (r == 0)
		r = work_begin(s, &work, e);
	if (r < 0)
		return r;
	auto_fd int held = store_hold(s->records, image.manifest, e);

	if (held == -ENOENT)
		return err_say(e, ENOENT, "no such image: %s", source);
	return held < 0 ? held : ref_publish(&work, &ref, image.manifest, NULL, ret_moved, e);
}

struct removal {
	const struct store *store;
	struct image image;
	struct work work;
	int seized; /* the record */
	const char *(*in_use)(const char *manifest, void *arg);
	void *arg;
	struct remove_result *result;
};

static void removal_end(struct removal *r)
{
	work_end(&r->work); /* while the record is ours: what goes back is there again before others may look */
	fd_close(&r->seized);
	image_free(&r->image);
}

static int check_unused(const struct removal *r, struct err *e)
{
	const char *user = r->in_use ? r->in_use(r->image.manifest, r->arg) : NULL;

	return user ? err_say(e, EBUSY, "image %.12s is in use by %s", r->image.config, user) : 0;
}

/* Move the record between records/ and the work folder, or within it; both ends are made durable. */
static int move_record(struct removal *r, int from, const char *old, int to, const char *new, struct err *e)
{
	if (renameat2(from, old, to, new, RENAME_NOREPLACE) < 0)
		return err_set(e, errno, "move image record %s", r->image.manifest);
	int ret = store_sync(to, "an image record", e);

	return ret == 0 && from != to ? store_sync(from, "the image records", e) : ret;
}

static int untag(struct removal *r, const char *name, struct err *e)
{
	struct image_ref ref;
	int ret = image_ref_parse(name, &ref, e);

	if (ret == 0)
		ret = ref_remove(r->store, &ref, e);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret; /* somebody else did it */
	return strv_add(&r->result->arena, &r->result->untagged, name) < 0 ? err_nomem(e) : 0;
}

/* Steps 4 to 6, with the record out of the way. */
static int remove_content(struct removal *r, const char *removing, struct err *e)
{
	char record[WORK_FILE_MAX];
	int ret = 0;

	policy_forget(r->store, r->image.manifest);
	for (size_t i = 0; ret == 0 && i < r->image.names.n; i++)
		ret = untag(r, r->image.names.v[i], e);
	if (ret == 0)
		ret = move_record(r, r->work.fd, removing, r->work.fd,
				  work_file(WORK_RECORD, r->image.manifest, record), e);
	if (ret < 0)
		return ret;
	char *id = arena_printf(&r->result->arena, "sha256:%s", r->image.config);

	return !id || strv_push(&r->result->arena, &r->result->deleted, id) < 0 ? err_nomem(e) : 0;
}

static int seize_record(struct removal *r, struct err *e)
{
	r->seized = store_seize(r->store->records, r->image.manifest, e);
	if (r->seized == -EBUSY)
		return err_say(e, EBUSY, "image %.12s is being loaded, named or removed by another command",
			       r->image.config);
	return MIN(r->seized, 0);
}

/* Steps 1 to 6. What fails half-way is put back, or finished, by work_end(). */
static int remove_image(struct removal *r, bool by_id, bool force, struct err *e)
{
	char removing[WORK_FILE_MAX];
	int ret = check_unused(r, e); /* asked early too: an image in use does not vanish even for a moment */

	if (ret == 0)
		ret = seize_record(r, e);
	if (ret == -ENOENT) /* another command was faster */
		return 0;
	if (ret == 0)
		ret = image_names(r->store, &r->image, e);
	if (ret < 0)
		return ret;
	if (r->image.names.n > 0 && !by_id) /* it got a new name while we took the last one */
		return 0;
	if (r->image.names.n > 1 && !force) {
		err_say(e, EBUSY, "image %.12s has %zu names", r->image.config, r->image.names.n);
		return err_hint(e, "remove them one by one, or all with --force");
	}
	work_file(WORK_REMOVING, r->image.manifest, removing);
	ret = move_record(r, r->store->records, r->image.manifest, r->work.fd, removing, e);
	if (ret == 0)
		ret = check_unused(r, e);
	return ret < 0 ? ret : remove_content(r, removing, e);
}

static int remove_name(struct removal *r, const struct image_ref *ref, bool force, struct err *e)
{
	char text[IMAGE_REF_MAX];
	int ret = image_names(r->store, &r->image, e);

	image_ref_text(ref, false, text);
	if (ret == 0 && r->image.names.n <= 1)
		ret = check_unused(r, e);
	if (ret == 0)
		ret = untag(r, text, e);
	if (ret < 0 || r->image.names.n > 1)
		return ret;
	return remove_image(r, false, force, e);
}

/* All names that an image has, or those of them that are asked for. */
static int untag_all(struct removal *r, char *const *names, size_t n, struct err *e)
{
	char text[IMAGE_REF_MAX];
	struct image_ref ref;
	int ret = image_names(r->store, &r->image, e);

	for (size_t i = 0; ret == 0 && n == 0 && i < r->image.names.n; i++)
		ret = untag(r, r->image.names.v[i], e);
	for (size_t i = 0; ret == 0 && i < n; i++) {
		auto_image struct image named = { 0 };

		ret = image_resolve(r->store, names[i], &named, &ref, e);
		if (ret == 0 && (!ref.host[0] || !streq(named.manifest, r->image.manifest)))
			ret = err_say(e, EINVAL, "%s is no name of image %.12s", names[i], r->image.config);
		if (ret == 0)
			ret = untag(r, image_ref_text(&ref, false, text), e);
	}
	return ret;
}

int image_untag(const struct store *s, const char *name, char *const *names, size_t n, struct remove_result *ret,
		struct err *e)
{
	struct remove_result result = { 0 };
	struct removal r = { .store = s, .work = WORK_NONE, .seized = -1, .result = &result };
	int code = image_find(s, name, &r.image, e);

	if (code == 0 && r.image.peer)
		code = refuse_peer(&r.image, e);
	if (code == 0)
		code = untag_all(&r, names, n, e);
	if (code == 0) {
		result.id = arena_strdup(&result.arena, r.image.config);
		code = result.id ? 0 : err_nomem(e);
	}
	removal_end(&r);
	if (code < 0) {
		arena_free(&result.arena);
		return code;
	}
	*ret = result;
	return 0;
}

int image_remove(const struct store *s, const char *name, bool force,
		 const char *(*in_use)(const char *manifest, void *arg), void *arg, struct remove_result *ret,
		 struct err *e)
{
	struct remove_result result = { 0 };
	struct removal r = {
		.store = s,
		.work = WORK_NONE,
		.seized = -1,
		.in_use = in_use,
		.arg = arg,
		.result = &result,
	};
	struct image_ref ref;

	store_sweep(s);
	int code = image_resolve(s, name, &r.image, &ref, e);

	if (code == 0 && r.image.peer)
		code = refuse_peer(&r.image, e);
	if (code == 0)
		code = work_begin(s, &r.work, e);
	if (code == 0)
		code = ref.host[0] ? remove_name(&r, &ref, force, e) : remove_image(&r, true, force, e);
	if (code == 0) {
		result.id = arena_strdup(&result.arena, r.image.config);
		code = result.id ? 0 : err_nomem(e);
	}
	removal_end(&r);
	if (code < 0) {
		arena_free(&result.arena);
		return code;
	}
	*ret = result;
	return 0;
}
