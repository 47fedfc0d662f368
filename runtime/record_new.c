// SPDX-License-Identifier: Apache-2.0
/* How a container's record comes to be: its folder, its name, its files, settings.json as the last. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/join.h"
#include "runtime/journal.h"
#include "runtime/names.h"
#include "runtime/pods.h"
#include "runtime/storage.h"

#define NAME_TRIES 20

/* Who has this name? Fills the message. */
static int name_in_use(const struct engine *g, const char *name, struct err *e)
{
	char id[RECORD_ID_LENGTH + 1] = "";
	ssize_t n = readlinkat(g->names, name, id, RECORD_ID_LENGTH);

	id[n > 0 ? n : 0] = '\0';
	bool pod = pod_is_there(g, id);

	err_say(e, EEXIST, "the %s name \"%s\" is in use by %s %.12s", pod ? "pod" : "container", name, pod ? "pod" : "container", id);
	return err_hint(e, "remove it with `paene %srm %s`, or choose another name", pod ? "pod " : "", name);
}

static int take_this_name(const struct engine *g, const char *id, const char *name, struct err *e)
{
	if (symlinkat(id, g->names, name) == 0)
		return 0;
	if (errno == EEXIST) {
		engine_sweep(g); /* perhaps it is nobody's any more */
		if (symlinkat(id, g->names, name) == 0)
			return 0;
	}
	return errno == EEXIST ? name_in_use(g, name, e) : err_set(e, errno, "take the name %s", name);
}

int record_move_name(const struct engine *g, const char *from, const char *to, struct err *e)
{
	if (renameat2(g->names, from, g->names, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST) {
		engine_sweep(g); /* perhaps it is nobody's any more */
		if (renameat2(g->names, from, g->names, to, RENAME_NOREPLACE) == 0)
			return 0;
	}
	return errno == EEXIST ? name_in_use(g, to, e) : err_set(e, errno, "take the name %s", to);
}

int record_take_name(const struct engine *g, const char *id, struct arena *a, char **name, struct err *e)
{
	char random[NAMES_MAX];

	if (*name)
		return take_this_name(g, id, *name, e);
	for (int i = 0; i < NAME_TRIES; i++) {
		int r = names_random(random, i >= NAME_TRIES / 2);

		if (r < 0)
			return err_set(e, -r, "choose a name");
		if (symlinkat(id, g->names, random) < 0) {
			if (errno != EEXIST)
				return err_set(e, errno, "take the name %s", random);
			continue;
		}
		*name = arena_strdup(a, random);
		return *name ? 0 : err_nomem(e);
	}
	return err_say(e, EEXIST, "found no free name; choose one with --name");
}

static int write_files(const struct engine *g, int dir, struct settings *s, const struct spec *spec, struct err *e)
{
	static const char *const folders[] = { "upper", "work", "lower" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdirat(dir, folders[i], i == 0 ? 0755 : 0700) < 0)
			return err_set(e, errno, "make folder %s", folders[i]);
	int r = storage_limit(g, dir, s, e);

	if (r >= 0)
		r = join_note(g, s, e);
	if (r >= 0)
		r = record_write_spec(dir, spec, e);
	return r < 0 ? r : record_write_settings(dir, s, e);
}

/* Return: 0 with the folder watched and in its place, -EAGAIN where a sweep was faster, or -errno; @e filled */
static int watch_new(const struct engine *g, const char *id, int *ret_dir, int *ret_watch, struct err *e)
{
	struct stat st;
	auto_fd int dir = record_open(g, id, e);
	auto_fd int watch = dir < 0 ? dir : record_watch(dir, true, e);

	if (watch == -ENOENT || watch == -EBUSY)
		return err_set(e, EAGAIN, "make the container's folder");
	if (watch < 0)
		return watch;
	if (fstatat(g->containers, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno == ENOENT ? EAGAIN : errno, "make the container's folder");
	*ret_dir = fd_take(&dir);
	*ret_watch = fd_take(&watch);
	return 0;
}

/*
 * Its first digits are the container's host name, and resolvers take a name of decimal digits alone for an address in numbers:
 * so it begins with a letter.
 */
static int choose_id(char ret[RECORD_ID_LENGTH + 1])
{
	int r = proc_random_hex(ret, RECORD_ID_LENGTH);

	if (r == 0 && *ret <= '9')
		*ret = (char)('a' + (*ret - '0') % 6);
	return r;
}

/* A sweep may find the folder between its birth and its lock: then another one is made. */
static int make_folder(const struct engine *g, struct settings *s, int *ret_dir, int *ret_watch, struct err *e)
{
	char id[RECORD_ID_LENGTH + 1];
	int r;

	do {
		r = choose_id(id);
		if (r < 0)
			return err_set(e, -r, "choose an id");
		if (mkdirat(g->containers, id, 0700) < 0)
			return err_set(e, errno, "make the container's folder");
		r = watch_new(g, id, ret_dir, ret_watch, e);
	} while (r == -EAGAIN);
	if (r < 0) {
		(void)unlinkat(g->containers, id, AT_REMOVEDIR); /* a sweep may do better */
		return r;
	}
	s->id = arena_strdup(&s->arena, id);
	return s->id ? 0 : err_nomem(e);
}

int record_create(const struct engine *g, struct settings *s, const struct spec *spec, int *ret_dir, struct err *e)
{
	auto_fd int dir = -1, watch = -1; /* watched until settings.json is there */
	int r = make_folder(g, s, &dir, &watch, e);

	if (r < 0)
		return r;
	r = record_take_name(g, s->id, &s->arena, &s->name, e);
	if (r >= 0)
		r = write_files(g, dir, s, spec, e);
	if (r < 0) {
		struct err ignored;

		(void)record_destroy(g, s->id, s->name, &ignored); /* the first error counts */
		storage_release(g, s);
		return r;
	}
	journal_container(g, s, EVENT_CREATE);
	*ret_dir = fd_take(&dir);
	return 0;
}
