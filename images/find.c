// SPDX-License-Identifier: Apache-2.0
#include "images/find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/digest_text.h"
#include "images/refs.h"
#include "images/store.h"

#define ID_DIGITS_MIN 3

static int read_record(const struct store *s, const char *manifest, struct image *ret, struct err *e)
{
	auto_image struct image image = { 0 };
	int r = store_read_record(s->records, manifest, &image, e);

	if (r < 0)
		return err_wrap(e, "image record");
	if (!streq(image.manifest, manifest))
		return err_say(e, EBADMSG, "image record %s is of another image", manifest);
	*ret = image;
	image = (struct image){ 0 };
	return 0;
}

/* The head of a record; all of it where that is not enough. */
static int read_head(const struct store *s, const char *manifest, struct image *ret, struct err *e)
{
	auto_fd int fd = openat(s->records, manifest, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[IMAGE_HEAD_MAX + 1];

	if (fd < 0)
		return err_set(e, errno, "open image record %s", manifest);
	ssize_t n = read(fd, text, IMAGE_HEAD_MAX);

	text[MAX(n, 0)] = '\0';
	if (!image_decode_head(text, ret))
		return read_record(s, manifest, ret, e);
	if (streq(ret->manifest, manifest))
		return 0;
	image_free(ret);
	return err_say(e, EBADMSG, "image record %s is of another image", manifest);
}

typedef int (*read_image)(const struct store *s, const char *manifest, struct image *ret, struct err *e);

struct search {
	const struct store *store;
	const char *digits;
	struct image found; /* its head; manifest is NULL: nothing yet */
};

static bool has_prefix(const struct image *i, const char *digits)
{
	return str_after(i->config, digits) || str_after(i->manifest, digits);
}

static int consider(int dir, const char *name, void *arg, struct err *e)
{
	struct search *search = arg;
	auto_image struct image image = { 0 };
	int r = digest_is_hex(name) ? read_head(search->store, name, &image, e) : -ENOENT;

	(void)dir;
	if (r == -ENOENT) /* removed while we look */
		return 0;
	if (r < 0 || !has_prefix(&image, search->digits))
		return r;
	struct image *found = &search->found;

	if (found->manifest && !streq(found->config, image.config))
		return err_say(e, EINVAL, "image id %s is ambiguous: it fits %.12s and %.12s", search->digits,
			       found->config, image.config);
	/* one config under two manifests is the same image, stored twice: always the same one of them is meant */
	if (!found->manifest || strcmp(image.manifest, found->manifest) < 0) {
		image_free(found);
		*found = image;
		image = (struct image){ 0 };
	}
	return 0;
}

static int by_id(const struct store *s, const char *digits, struct image *ret, struct err *e)
{
	struct search search = { .store = s, .digits = digits };

	if (digest_is_hex(digits)) {
		int r = read_record(s, digits, ret, e);

		if (r != -ENOENT)
			return r;
	}
	int r = file_each(s->records, consider, &search, e);

	if (r == 0)
		r = search.found.manifest ? read_record(s, search.found.manifest, ret, e) : -ENOENT;
	image_free(&search.found);
	return r;
}

/* Return: -ENOENT where there is no such name, or it means an image that was removed */
static int by_ref(const struct store *s, const struct image_ref *ref, struct image *ret, struct err *e)
{
	char manifest[DIGEST_HEX + 1];
	int r = ref_read(s, ref, manifest, e);

	return r < 0 ? r : read_record(s, manifest, ret, e);
}

/* By reference as it is read, or with the host that people leave out besides docker.io. */
static int by_name(const struct store *s, const char *name, struct image *ret, struct image_ref *ret_ref, struct err *e)
{
	char local[IMAGE_REF_MAX];
	int r = image_ref_parse(name, ret_ref, e);

	if (r < 0)
		return r;
	r = by_ref(s, ret_ref, ret, e);
	if (r == -ENOENT && !image_ref_names_host(name, ret_ref)) {
		struct image_ref ref;

		snprintf(local, sizeof(local), "localhost/%s", name);
		if (image_ref_parse(local, &ref, e) == 0)
			r = by_ref(s, &ref, ret, e);
		if (r == 0)
			*ret_ref = ref;
	}
	if (r == -ENOENT && ret_ref->digest[0]) { /* content that is here is what was asked for, however it is called */
		r = read_record(s, ret_ref->digest, ret, e);
		if (r == 0)
			*ret_ref = (struct image_ref){ 0 };
	}
	return r;
}

/* The digits of an id: after "sha256:", or by their number alone; NULL where it may be a name. */
static const char *certain_id(const char *name)
{
	const char *digits = str_after(name, "sha256:");

	if (digits && strlen(digits) >= ID_DIGITS_MIN && strlen(digits) <= DIGEST_HEX &&
	    strspn(digits, HEX_DIGITS) == strlen(digits))
		return digits;
	return digest_is_hex(name) ? name : NULL;
}

static bool possible_id(const char *name)
{
	size_t n = strlen(name);

	return n >= ID_DIGITS_MIN && n <= DIGEST_HEX && strspn(name, HEX_DIGITS) == n;
}

/* Return: as image_find(), but -ENOENT is not in words yet */
static int resolve_in(const struct store *s, const char *name, struct image *ret, struct image_ref *ret_ref, struct err *e)
{
	const char *id = certain_id(name);
	struct image_ref ref = { 0 };
	int r = id ? by_id(s, id, ret, e) : by_name(s, name, ret, &ref, e);

	if (r == -ENOENT && !id && possible_id(name)) {
		ref = (struct image_ref){ 0 };
		r = by_id(s, name, ret, e);
	}
	if (r == 0)
		*ret_ref = ref;
	return r;
}

int image_resolve(const struct store *s, const char *name, struct image *ret, struct image_ref *ret_ref, struct err *e)
{
	int r = resolve_in(s, name, ret, ret_ref, e);

	for (size_t i = 0; r == -ENOENT && i < s->n_peers; i++) {
		r = resolve_in(&s->peers[i].store, name, ret, ret_ref, e);
		if (r == 0)
			ret->peer = &s->peers[i];
	}
	if (r == -ENOENT) {
		err_say(e, ENOENT, "no such image: %s", name);
		return err_hint(e, "`paene images` lists those that are here, `paene pull` gets one");
	}
	return r;
}

int image_find(const struct store *s, const char *name, struct image *ret, struct err *e)
{
	struct image_ref ref;

	return image_resolve(s, name, ret, &ref, e);
}

static int fill_names(struct image *image, const struct ref_list *list, struct err *e)
{
	size_t n;
	const struct ref_entry *entry = ref_list_of(list, image->manifest, &n);

	image->names = (struct strv){ 0 };
	for (size_t i = 0; i < n; i++)
		if (strv_add(&image->arena, &image->names, entry[i].name) < 0)
			return err_nomem(e);
	return 0;
}

const struct store *image_home(const struct store *s, const struct image *image)
{
	return image->peer ? &image->peer->store : s;
}

void image_platform(const struct image *image, struct image_platform *ret)
{
	*ret = (struct image_platform){ 0 };
	snprintf(ret->os, sizeof(ret->os), "%s", image->os ? image->os : "");
	snprintf(ret->architecture, sizeof(ret->architecture), "%s", image->architecture ? image->architecture : "");
	snprintf(ret->variant, sizeof(ret->variant), "%s", image->variant ? image->variant : "");
	platform_normalize(ret);
}

int image_names(const struct store *s, struct image *image, struct err *e)
{
	struct ref_list list = { 0 };
	int r = ref_list(image_home(s, image), &list, e);

	if (r == 0)
		r = fill_names(image, &list, e);
	arena_free(&list.arena);
	return r;
}

int image_present(const struct store *s, const struct image *image, struct err *e)
{
	if (faccessat(image_home(s, image)->records, image->manifest, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno == ENOENT)
		return err_say(e, ENOENT, "image %.12s was removed meanwhile", image->config);
	return err_set(e, errno, "look for image %.12s", image->config);
}

/*
 * Where one folder stands for several layers, the topmost of them hides or repeats all that the lower ones bring; and
 * overlayfs refuses a folder that is named twice.
 */
int image_folders(const struct image *image, struct arena *arena, struct strv *ret, struct err *e)
{
	struct strv list = { 0 };

	for (size_t i = image->layers.n; i-- > 0;) {
		char *folder = image->layers.v[i].folder;
		bool seen = false;

		for (size_t k = 0; k < list.n && !seen; k++)
			seen = streq(list.v[k], folder);
		if (!seen && strv_push(arena, &list, folder) < 0)
			return err_nomem(e);
	}
	*ret = list;
	return 0;
}

struct each {
	const struct store *own, *store; /* the latter is being walked through */
	const struct store_peer *peer;	 /* it is this one's; NULL: it is our own */
	read_image read;
	const struct ref_list *refs;
	int (*f)(const struct image *image, void *arg, struct err *e);
	void *arg;
};

static int each_record(int dir, const char *name, void *arg, struct err *e)
{
	const struct each *each = arg;
	auto_image struct image image = { 0 };

	(void)dir;
	if (!digest_is_hex(name)) /* nothing of ours */
		return 0;
	if (each->peer && faccessat(each->own->records, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	int r = each->read(each->store, name, &image, e);

	image.peer = each->peer;
	if (r == -ENOENT) /* removed while we look */
		return 0;
	if (r == 0)
		r = fill_names(&image, each->refs, e);
	return r < 0 ? r : each->f(&image, each->arg, e);
}

static int walk_store(struct each *each, const struct store *s, struct err *e)
{
	struct ref_list refs = { 0 };
	int r = ref_list(s, &refs, e);

	each->store = s;
	each->refs = &refs;
	if (r == 0)
		r = file_each(s->records, each_record, each, e);
	arena_free(&refs.arena);
	return r;
}

static int walk(struct each *each, struct err *e)
{
	const struct store *own = each->own;
	int r = walk_store(each, own, e);

	for (size_t i = 0; r == 0 && i < own->n_peers; i++) {
		each->peer = &own->peers[i];
		r = walk_store(each, &own->peers[i].store, e);
	}
	return r;
}

int image_each(const struct store *s, int (*f)(const struct image *image, void *arg, struct err *e), void *arg,
	       struct err *e)
{
	struct each each = { .own = s, .read = read_record, .f = f, .arg = arg };

	return walk(&each, e);
}

int image_each_head(const struct store *s, int (*f)(const struct image *image, void *arg, struct err *e), void *arg,
		    struct err *e)
{
	struct each each = { .own = s, .read = read_head, .f = f, .arg = arg };

	return walk(&each, e);
}
