// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox_store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/timestamp.h"
#include "base/tree_size.h"
#include "namespaces/idmap.h"
#include "spec/decode.h"

#define FOLDER	   "sandboxes"
#define RECORD	   "sandbox.json"
#define RECORD_MAX (1 << 20)

static const struct field fields[] = {
	FIELD_STRING(struct sandbox_record, created, "created", REQUIRED),
	FIELD_STRING(struct sandbox_record, folder, "folder", REQUIRED),
	FIELD_STRINGS(struct sandbox_record, command, "command", REQUIRED),
	FIELD_STRINGS(struct sandbox_record, ro, "ro", OPTIONAL),
	FIELD_STRINGS(struct sandbox_record, rw, "rw", OPTIONAL),
	FIELD_STRINGS(struct sandbox_record, hide, "hide", OPTIONAL),
	FIELD_STRINGS(struct sandbox_record, tmp, "tmp", OPTIONAL),
	FIELD_BOOL(struct sandbox_record, copy, "copy", OPTIONAL),
};

void sandbox_record_free(struct sandbox_record *s)
{
	arena_free(&s->arena);
}

/* Return: the folder of all, or -errno with @e filled (-ENOENT: there is none, and @make is not set) */
static int open_all(const struct engine *g, bool make, struct err *e)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" FOLDER, g->data_path);
	return make ? path_mkdirs(path, 0700, e) : path_open_dir(path, 0, e);
}

static int open_one(int all, const char *name, struct err *e)
{
	int fd = openat(all, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return err_set(e, errno, "open sandbox %s", name);
	err_say(e, ENOENT, "no such sandbox: %s", name);
	return err_hint(e, "`paene sandbox ls` lists all");
}

/* The lock of what still has this name. */
static int lock(int all, const char *name, int dir, struct err *e)
{
	struct stat own, named;
	int r = fd_lock(dir, LOCK_EX | LOCK_NB);

	if (r == -EWOULDBLOCK || (r >= 0 && (fstat(dir, &own) < 0 || fstatat(all, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
					     own.st_ino != named.st_ino)))
		return err_say(e, EBUSY, "sandbox %s is in use by another command", name);
	return r < 0 ? err_set(e, -r, "lock sandbox %s", name) : 0;
}

static int write_record(int dir, const struct sandbox_options *o, struct err *e)
{
	auto_arena struct arena a = { 0 };
	auto_free char *text = NULL;
	char now[TIMESTAMP_MAX], cwd[PATH_MAX];
	struct sandbox_record s = {
		.created = (char *)timestamp_now(now), .folder = cwd, .ro = o->ro, .rw = o->rw, .hide = o->hide, .tmp = o->tmp,
		.copy = o->copy,
	};
	int r = 0;

	if (faccessat(dir, RECORD, F_OK, 0) == 0)
		return 0;
	if (!getcwd(cwd, sizeof(cwd)))
		return err_set(e, errno, "find the current folder");
	for (char *const *word = o->command; *word && r >= 0; word++)
		r = strv_push(&a, &s.command, *word);
	r = r < 0 ? err_nomem(e) : encode_text(fields, ARRAY_SIZE(fields), &s, &text, e);
	return r < 0 ? r : file_publish(dir, RECORD, text, strlen(text), 0600, 0, e);
}

int sandbox_take(const struct engine *g, const char *name, const struct sandbox_options *o, char path[PATH_MAX], struct err *e)
{
	int r = str_check_name(name, "sandbox name", e);
	auto_fd int all = r < 0 ? r : open_all(g, o != NULL, e);

	if (all < 0 && all != -ENOENT)
		return all;
	if (all >= 0 && o && mkdirat(all, name, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make sandbox %s in %s", name, g->data_path);
	auto_fd int dir = open_one(all, name, e);

	if (dir < 0)
		return dir;
	r = lock(all, name, dir, e);
	if (r >= 0 && o)
		r = write_record(dir, o, e);
	if (r < 0)
		return r;
	snprintf(path, PATH_MAX, "%s/" FOLDER "/%s", g->data_path, name);
	return fd_take(&dir);
}

/* One whose maker was killed has no record: it is shown, and can be removed. */
static int read_one(int all, const char *name, struct sandbox_record *ret, struct err *e)
{
	auto_fd int dir = open_one(all, name, e);
	auto_free char *text = NULL;
	struct sandbox_record s = { .created = (char *)"", .folder = (char *)"" };
	size_t len;
	int r = dir < 0 ? dir : file_read(dir, RECORD, RECORD_MAX, &text, &len, e);

	if (r >= 0)
		r = decode_text(text, len, RECORD, fields, ARRAY_SIZE(fields), &s.arena, &s, e);
	if (dir >= 0 && r == -ENOENT)
		r = 0;
	s.name = r < 0 ? NULL : arena_strdup(&s.arena, name);
	if (r >= 0 && !s.name)
		r = err_nomem(e);
	if (r < 0) {
		sandbox_record_free(&s);
		return err_wrap(e, "sandbox %s", name);
	}
	s.runs = fd_lock(dir, LOCK_SH | LOCK_NB) == -EWOULDBLOCK;
	*ret = s;
	return 0;
}

int sandbox_look(const struct engine *g, const char *name, struct err *e)
{
	int r = str_check_name(name, "sandbox name", e);
	auto_fd int all = r < 0 ? r : open_all(g, false, e);

	return all < 0 && all != -ENOENT ? all : open_one(all, name, e);
}

int sandbox_load(const struct engine *g, const char *name, struct sandbox_record *ret, struct err *e)
{
	int r = str_check_name(name, "sandbox name", e);
	auto_fd int all = r < 0 ? r : open_all(g, false, e);

	return all < 0 && all != -ENOENT ? all : read_one(all, name, ret, e);
}

int sandbox_each(const struct engine *g, int (*f)(const struct sandbox_record *s, void *arg, struct err *e), void *arg,
		 struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct strv names = { 0 };
	auto_fd int all = open_all(g, false, e);
	int r = all < 0 ? all : file_names(all, &a, &names, e);

	strv_sort(&names);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		auto_sandbox_record struct sandbox_record s = { 0 };
		auto_tree_size struct tree_size size = { 0 };
		char upper[NAME_MAX + sizeof("/upper")];

		if (*names.v[i] == '.') /* what is being removed */
			continue;
		snprintf(upper, sizeof(upper), "%s/upper", names.v[i]);
		r = read_one(all, names.v[i], &s, e);
		if (r >= 0)
			r = tree_size_add(&size, all, upper, e);
		s.bytes = size.bytes;
		if (r >= 0)
			r = f(&s, arg, e);
		else if (r == -ENOENT) /* removed meanwhile */
			r = 0;
	}
	return all == -ENOENT ? 0 : r;
}

int sandbox_drop(const struct engine *g, const char *name, struct err *e)
{
	char path[PATH_MAX], gone[NAME_MAX];
	auto_fd int all = open_all(g, false, e), dir = sandbox_take(g, name, NULL, path, e);

	if (dir < 0)
		return dir;
	if (all < 0)
		return all;
	snprintf(gone, sizeof(gone), ".%s", name);
	/* as root of a user namespace, for there may be folders that their owner may not look into; else as far as it goes */
	if (geteuid())
		(void)idmap_nest(0, 0, e);
	int r = file_remove(all, gone, e); /* of one who was killed before its end */

	if (r >= 0 && renameat(all, name, all, gone) < 0)
		r = err_set(e, errno, "rename sandbox %s", name);
	return r < 0 ? r : file_remove(all, gone, e);
}
