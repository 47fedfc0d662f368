// SPDX-License-Identifier: Apache-2.0
#include "images/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/check_parts.h"
#include "images/collect.h"
#include "images/digest_text.h"
#include "images/refs.h"
#include "images/store.h"

const struct verdict *check_verdict(const struct verdicts *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->v[i].name, name))
			return &list->v[i];
	return NULL;
}

static int grow(struct check *c, struct verdicts *list, struct err *e)
{
	size_t room = MAX(list->room * 2, (size_t)64);
	struct verdict *v = arena_array(&c->arena, room, sizeof(*v));

	if (!v)
		return err_nomem(e);
	if (list->n)
		memcpy(v, list->v, list->n * sizeof(*v));
	list->v = v;
	list->room = room;
	return 0;
}

int check_judge(struct check *c, struct verdicts *list, const char *name, bool good, struct err *e)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->v[i].name, name)) {
			list->v[i].good = good;
			return 0;
		}
	int r = list->n == list->room ? grow(c, list, e) : 0;

	if (r < 0)
		return r;
	list->v[list->n] = (struct verdict){ arena_strdup(&c->arena, name), good };
	return list->v[list->n++].name ? 0 : err_nomem(e);
}

void check_tell(struct check *c, enum check_outcome outcome, const char *what, const char *name, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	const struct check_finding f = { .what = what, .name = name, .text = text, .outcome = outcome };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->result.outcomes[outcome]++;
	c->o->tell(&f, c->o->arg);
}

bool check_cannot_go_on(int code)
{
	static const int codes[] = { ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE, EPERM, EACCES, EROFS };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

int check_drop(struct check *c, int dir, const char *name, struct err *e)
{
	auto_fd int locked = store_seize(dir, name, e);

	if (locked == -ENOENT)
		return 1;
	if (locked < 0)
		return locked == -EBUSY ? 0 : locked;
	return renameat(dir, name, c->work.fd, name) < 0 ? err_set(e, errno, "remove %s", name) : 1;
}

/* ---- images ---- */

static int check_record_file(struct check *c, const char *name, struct err *e)
{
	if (!digest_is_hex(name)) {
		int r = c->o->repair ? file_remove(c->store->records, name, e) : 0;

		check_tell(c, c->o->repair && r == 0 ? CHECK_MENDED : CHECK_FOUND, "litter", name, "it is no image's record%s",
			   c->o->repair && r == 0 ? ": removed" : "");
		return r;
	}
	return check_image(c, name, false, e);
}

/* Names of records as they are at the beginning: those that are written anew do not come twice. */
struct records {
	struct arena *arena;
	struct strv names;
};

static int add_record(int dir, const char *name, void *arg, struct err *e)
{
	struct records *r = arg;

	(void)dir;
	return strv_add(r->arena, &r->names, name) < 0 ? err_nomem(e) : 0;
}

/* Is somebody removing the image, or loading it, or was killed while he did? Then a missing record says nothing. */
static int is_in_work(int tmp, const char *work, void *arg, struct err *e)
{
	static const char *const kinds[] = { WORK_RECORD, WORK_REMOVING };
	const char *manifest = arg;

	(void)e;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char path[NAME_MAX + WORK_FILE_MAX + 2];

		snprintf(path, sizeof(path), "%s/%s%s", work, kinds[i], manifest);
		if (faccessat(tmp, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return 1;
	}
	return 0;
}

/* Images whose record was lost, and whose name and manifest are here. */
static int add_lost(struct check *c, struct records *records, struct err *e)
{
	struct ref_list list = { 0 };
	int r = ref_list(c->store, &list, e);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		char *manifest = list.v[i].manifest;

		if ((i > 0 && streq(manifest, list.v[i - 1].manifest)) ||
		    faccessat(c->store->blobs, manifest, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
		    faccessat(c->store->records, manifest, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		r = file_each(c->store->tmp, is_in_work, manifest, e);
		if (r == 0)
			r = add_record(-1, manifest, records, e);
		r = MIN(r, 0);
	}
	arena_free(&list.arena);
	return r;
}

static int check_images(struct check *c, struct err *e)
{
	struct records records = { .arena = &c->arena };
	int r = file_each(c->store->records, add_record, &records, e);

	size_t n = records.names.n; /* those behind are lost ones */

	if (r == 0)
		r = add_lost(c, &records, e);
	for (size_t i = 0; r == 0 && i < records.names.n; i++)
		r = i < n ? check_record_file(c, records.names.v[i], e) : check_image(c, records.names.v[i], true, e);
	return r;
}

/* ---- names ---- */

static int check_names(struct check *c, struct err *e)
{
	struct ref_list list = { 0 };
	int r = ref_list(c->store, &list, e);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const struct ref_entry *entry = &list.v[i];
		struct image_ref ref;

		if (faccessat(c->store->records, entry->manifest, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (c->o->repair) {
			r = image_ref_parse(entry->name, &ref, e);
			if (r == 0)
				r = ref_remove(c->store, &ref, e);
		}
		if (r == 0)
			check_tell(c, c->o->repair ? CHECK_MENDED : CHECK_FOUND, "name", entry->name,
				   "it means image %.12s, which is not here%s", entry->manifest, c->o->repair ? ": removed" : "");
	}
	arena_free(&list.arena);
	return r;
}

static int check_ref_file(const char *path, void *arg, struct err *e)
{
	struct check *c = arg;
	int r = c->o->repair ? file_remove(c->store->refs, path, e) : 0;

	if (r == 0)
		check_tell(c, c->o->repair ? CHECK_MENDED : CHECK_FOUND, "litter", path, "it is no name of an image%s",
			   c->o->repair ? ": removed" : "");
	return r;
}

/* ---- what nobody needs ---- */

static int check_work(int tmp, const char *name, void *arg, struct err *e)
{
	struct check *c = arg;
	auto_fd int fd = openat(tmp, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	(void)e;
	if (streq(name, c->work.name) || (fd >= 0 && fd_lock(fd, LOCK_EX | LOCK_NB) < 0))
		return 0; /* somebody is at work in it */
	if (fd >= 0 || errno != ENOENT)
		check_tell(c, c->o->repair ? CHECK_MENDED : CHECK_FOUND, "litter", name, "a command that was killed left it in tmp/%s",
			   c->o->repair ? ": removed" : "");
	return 0;
}

static int check_litter(struct check *c, struct err *e)
{
	int r = file_each(c->store->tmp, check_work, c, e);

	if (r == 0 && c->o->repair)
		store_sweep(c->store);
	return r;
}

static int tell_stray(const char *kind, const char *name, void *arg, struct err *e)
{
	struct check *c = arg;

	(void)e;
	check_tell(c, c->o->repair ? CHECK_MENDED : CHECK_FOUND, kind, name, "no image needs it%s",
		   c->o->repair ? ": removed" : "");
	return 0;
}

static int check_strays(struct check *c, struct err *e)
{
	int r = collect_strays(c->store, c->o->repair ? c->work.fd : -1, tell_stray, c, e);

	/* a record that cannot be read, and was told: what it needs is not known, so nothing is known to be a stray */
	return r == -EINVAL || r == -EBADMSG ? 0 : r;
}

/* What was left of killed commands first: it explains what would look like something else. Images that are removed leave strays. */
static int check_all(struct check *c, struct err *e)
{
	int (*const steps[])(struct check *c, struct err *e) = { check_litter, check_images, check_names, check_strays };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0; i++)
		r = steps[i](c, e);
	if (r == 0)
		r = ref_strays(c->store, check_ref_file, c, e);
	if (r == 0 && c->o->repair)
		ref_prune(c->store);
	return r;
}

int store_check(const struct store *s, const struct check_options *o, struct check_result *ret, struct err *e)
{
	struct check c = { .store = s, .o = o, .work = WORK_NONE };
	int r = work_begin(s, &c.work, e);

	if (r == 0)
		r = check_all(&c, e);
	c.result.blobs = c.blobs.n;
	c.result.layers = c.layers.n;
	work_end(&c.work);
	arena_free(&c.arena);
	if (r == 0)
		*ret = c.result;
	return r;
}
