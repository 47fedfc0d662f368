// SPDX-License-Identifier: Apache-2.0
#include "runtime/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "runtime/journal.h"
#include "runtime/launch.h"
#include "runtime/storage.h"
#include "runtime/volume_parts.h"
#include "spec/decode.h"

#define SETTINGS_FILE "settings.json"
#define SETTINGS_MAX  (1 << 20)
#define NEW_PREFIX    ".new-"
#define GONE_PREFIX   ".gone-"
#define MAKE_TRIES    100
#define PROJECT_WHO   "volume/" /* and the new folder's name, and the volume's: as storage_project_take() keeps it */

static const struct field fields[] = {
	FIELD_STRING(struct volume, created, "created", REQUIRED),
	FIELD_MAP(struct volume, labels, "labels"),
	FIELD_MAP(struct volume, options, "options"),
	FIELD_BOOL(struct volume, anonymous, "anonymous", OPTIONAL),
	FIELD_U32(struct volume, project, "project", OPTIONAL),
};

void volume_free(struct volume *v)
{
	arena_free(&v->arena);
}

void volume_path(const struct engine *g, const char *name, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/volumes/%s/" VOLUME_DATA, g->data_path, name);
}

static int open_folder(const struct engine *g, const char *name, struct err *e)
{
	int r = str_check_name(name, "volume name", e);
	int dir = r < 0 ? r : openat(g->volumes, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (r < 0 || dir >= 0)
		return dir;
	if (errno != ENOENT)
		return err_set(e, errno, "open volume %s", name);
	err_say(e, ENOENT, "no such volume: %s", name);
	return err_hint(e, "`paene volume ls` lists all");
}

int volume_read(int dir, const char *name, struct volume *ret, struct err *e)
{
	auto_free char *text = NULL;
	struct volume v = { 0 };
	size_t len;
	int r = file_read(dir, SETTINGS_FILE, SETTINGS_MAX, &text, &len, e);

	if (r >= 0)
		r = decode_text(text, len, SETTINGS_FILE, fields, ARRAY_SIZE(fields), &v.arena, &v, e);
	v.name = r < 0 ? NULL : arena_strdup(&v.arena, name);
	if (r >= 0 && !v.name)
		r = err_nomem(e);
	if (r < 0) {
		volume_free(&v);
		return err_wrap(e, "volume %s", name);
	}
	*ret = v;
	return 0;
}

int volume_load(const struct engine *g, const char *name, struct volume *ret, struct err *e)
{
	auto_fd int dir = open_folder(g, name, e);

	return dir < 0 ? dir : volume_read(dir, name, ret, e);
}

bool volume_is_fresh(const struct engine *g, const char *name)
{
	struct err ignored;
	auto_fd int dir = open_folder(g, name, &ignored);

	return dir >= 0 && faccessat(dir, VOLUME_FRESH, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int volume_each(const struct engine *g, int (*f)(const struct volume *v, void *arg, struct err *e), void *arg, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct strv names = { 0 };
	int r = file_names(g->volumes, &a, &names, e);

	strv_sort(&names);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		auto_volume struct volume v = { 0 };

		r = volume_load(g, names.v[i], &v, e);
		if (r == 0)
			r = f(&v, arg, e);
		else if (r == -ENOENT) /* removed meanwhile */
			r = 0;
	}
	return r;
}

/* ---- who has it ---- */

struct use {
	const char *name;
	int (*f)(const struct container *c, void *arg, struct err *e);
	void *arg;
};

static int look_at_user(const struct container *c, void *arg, struct err *e)
{
	const struct use *u = arg;

	for (size_t i = 0; i < c->settings.mounts.n; i++)
		if (c->settings.mounts.v[i].volume && streq(c->settings.mounts.v[i].volume, u->name))
			return u->f(c, u->arg, e);
	return 0;
}

int volume_users(const struct engine *g, const char *name, int (*f)(const struct container *c, void *arg, struct err *e),
		 void *arg, struct err *e)
{
	struct use u = { name, f, arg };

	return container_each(g, look_at_user, &u, e);
}

struct uses {
	struct arena *arena;
	struct strv *names;
};

static int add_uses(const struct container *c, void *arg, struct err *e)
{
	const struct mounts_more *all = &c->settings.mounts;
	const struct uses *u = arg;

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].volume && strv_add(u->arena, u->names, all->v[i].volume) < 0)
			return err_nomem(e);
	return 0;
}

int volume_uses(const struct engine *g, struct arena *a, struct strv *ret, struct err *e)
{
	struct uses u = { a, ret };

	return container_each(g, add_uses, &u, e);
}

/* ---- making one ---- */

static int write_marker(int dir, const char *name, struct err *e)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? err_set(e, errno, "make %s", name) : 0;
}

/* Its size is limited before it has its name. */
static int limit(const struct engine *g, int dir, const char *temp, struct volume *v, uint64_t bytes, struct err *e)
{
	char owner[ENGINE_OWNER_MAX];
	static const char *const folders[] = { VOLUME_DATA };

	if (!bytes)
		return 0;
	snprintf(owner, sizeof(owner), PROJECT_WHO "%s/%s", temp, v->name);
	int r = storage_project_take(g, owner, dir, folders, ARRAY_SIZE(folders), bytes, &v->project, e);

	return r < 0 ? err_wrap(e, "o=size") : 0;
}

static int fill_folder(const struct engine *g, int dir, const char *temp, struct volume *v, struct err *e)
{
	struct volume_words words;
	auto_free char *text = NULL;
	int r = volume_words(v, &words, e);

	if (r >= 0 && mkdirat(dir, VOLUME_DATA, 0755) < 0)
		r = err_set(e, errno, "make its folder");
	if (r >= 0 && fchownat(dir, VOLUME_DATA, words.uid, words.gid, AT_SYMLINK_NOFOLLOW) < 0)
		r = err_set(e, errno, "give its folder to %u:%u", words.uid, words.gid);
	if (r >= 0)
		r = limit(g, dir, temp, v, words.size_bytes, e);
	if (r >= 0 && !words.mounted)
		r = write_marker(dir, VOLUME_FRESH, e);
	if (r >= 0)
		r = encode_text(fields, ARRAY_SIZE(fields), v, &text, e);
	return r < 0 ? r : file_publish(dir, SETTINGS_FILE, text, strlen(text), 0600, 0, e);
}

/* A new folder that is ours alone. Return: its fd, locked; -EAGAIN: a sweep was faster; or -errno; @e filled */
static int make_temp(const struct engine *g, const char *temp, struct err *e)
{
	struct stat st;

	if (mkdirat(g->volumes, temp, 0700) < 0)
		return err_set(e, errno, "make a volume's folder");
	auto_fd int dir = openat(g->volumes, temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool locked = dir >= 0 && fd_lock(dir, LOCK_EX) == 0;

	if (!locked || fstatat(g->volumes, temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, EAGAIN, "make a volume's folder");
	return fd_take(&dir);
}

static int publish(const struct engine *g, const char *temp, const char *name, struct err *e)
{
	if (renameat2(g->volumes, temp, g->volumes, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EEXIST)
		return err_set(e, errno, "make volume %s", name);
	err_say(e, EEXIST, "the volume name \"%s\" is in use", name);
	return err_hint(e, "remove it with `paene volume rm %s`, or choose another name", name);
}

static int name_it(struct volume *v, struct err *e)
{
	char random[VOLUME_RANDOM + 1];

	if (v->name)
		return str_check_name(v->name, "volume name", e);
	int r = proc_random_hex(random, VOLUME_RANDOM);

	v->name = r < 0 ? NULL : arena_strdup(&v->arena, random);
	return v->name ? 0 : r < 0 ? err_set(e, -r, "choose a name") : err_nomem(e);
}

int volume_create(const struct engine *g, struct volume *v, struct err *e)
{
	char temp[sizeof(NEW_PREFIX) + 16] = NEW_PREFIX, now[TIMESTAMP_MAX];
	auto_fd int dir = -EAGAIN;
	struct err ignored;
	int r = name_it(v, e);

	for (int i = 0; r >= 0 && dir == -EAGAIN && i < MAKE_TRIES; i++) {
		r = proc_random_hex(temp + strlen(NEW_PREFIX), 16);
		dir = r < 0 ? err_set(e, -r, "choose a name") : make_temp(g, temp, e);
	}
	if (r < 0 || dir < 0)
		return r < 0 ? r : dir;
	v->created = arena_strdup(&v->arena, timestamp_now(now));
	r = v->created ? fill_folder(g, dir, temp, v, e) : err_nomem(e);
	if (r >= 0)
		r = publish(g, temp, v->name, e);
	if (r < 0) {
		(void)file_remove(g->volumes, temp, &ignored); /* else a sweep does */
		storage_project_release(g, v->project);
		return err_wrap(e, "create volume %s", v->name);
	}
	journal_tell(g, &(struct event){ .type = EVENT_VOLUME, .status = EVENT_CREATE, .name = v->name });
	return 0;
}

/* ---- and removing it ---- */

int volume_lock(const struct engine *g, const char *name, int how, struct err *e)
{
	struct stat own, named;

	for (;;) {
		auto_fd int dir = open_folder(g, name, e);

		if (dir < 0)
			return dir;
		int r = fd_lock(dir, how);

		if (r < 0)
			return err_set(e, -r, "lock volume %s", name);
		if (fstat(dir, &own) == 0 && fstatat(g->volumes, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    own.st_ino == named.st_ino)
			return fd_take(&dir);
	}
}

struct removal {
	const struct engine *g;
	const char *name, *except;
	bool force;
};

static int refuse_or_remove(const struct container *c, void *arg, struct err *e)
{
	const struct removal *r = arg;

	if (r->except && streq(c->settings.id, r->except))
		return 0;
	if (r->force)
		return engine_remove(r->g, c->settings.id, REMOVE_FORCE, e);
	err_say(e, EBUSY, "volume %s is used by container %s", r->name, c->settings.name);
	return err_hint(e, "remove that first, or use `paene volume rm -f`, which does");
}

static int take_away(const struct engine *g, int dir, const char *name, struct err *e)
{
	auto_volume struct volume v = { 0 };
	char gone[sizeof(GONE_PREFIX) + 16] = GONE_PREFIX;
	struct err ignored; /* settings that are damaged are no reason to keep it */
	int r = proc_random_hex(gone + strlen(GONE_PREFIX), 16);

	if (r < 0)
		return err_set(e, -r, "choose a name");
	(void)volume_read(dir, name, &v, &ignored);
	r = volume_unmount(g, dir, name, e);
	if (r < 0)
		return r;
	if (renameat(g->volumes, name, g->volumes, gone) < 0)
		return err_set(e, errno, "remove volume %s", name);
	r = file_remove(g->volumes, gone, e);
	if (r >= 0)
		storage_project_release(g, v.project);
	journal_tell(g, &(struct event){ .type = EVENT_VOLUME, .status = EVENT_REMOVE, .name = (char *)name });
	return r;
}

int volume_remove(const struct engine *g, const char *name, bool force, const char *except, struct err *e)
{
	struct removal what = { .g = g, .name = name, .except = except, .force = force };
	int r = force ? volume_users(g, name, refuse_or_remove, &what, e) : 0;
	auto_fd int dir = r < 0 ? r : volume_lock(g, name, LOCK_EX, e);

	if (dir < 0)
		return dir;
	what.force = false; /* who has come meanwhile keeps it */
	r = volume_users(g, name, refuse_or_remove, &what, e);
	return r < 0 ? r : take_away(g, dir, name, e);
}

void volume_remove_anonymous(const struct engine *g, const struct settings *s)
{
	struct err ignored;

	for (size_t i = 0; i < s->mounts.n; i++)
		if (s->mounts.v[i].anonymous)
			(void)volume_remove(g, s->mounts.v[i].volume, false, s->id, &ignored);
}

static int sweep(int dir, const char *name, void *arg, struct err *e)
{
	(void)arg;
	if (!str_after(name, NEW_PREFIX) && !str_after(name, GONE_PREFIX))
		return 0;
	auto_fd int own = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (own >= 0 && fd_lock(own, LOCK_EX | LOCK_NB) == 0)
		(void)file_remove(dir, name, e);
	return 0;
}

void volume_sweep(const struct engine *g)
{
	struct err ignored; /* a next sweep may do better */

	(void)file_each_any(g->volumes, sweep, NULL, &ignored);
}
