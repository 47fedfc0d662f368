// SPDX-License-Identifier: Apache-2.0
/* What a sandbox has caught: compared with this machine, and made on it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sys.h"
#include "runtime/sandbox_store.h"

#define UPPER	   "upper"
#define TEMPORARY  ".paene-apply" /* what a killed command has left of it, the next one in that folder removes */
#define COPY_MAX   (1 << 30)
#define XATTRS_MAX 65536
#define OWN_XATTR  "user.overlay."

void sandbox_changes_free(struct sandbox_changes *c)
{
	arena_free(&c->arena);
}

/* ---- diff ---- */

/* host_root_name() backwards. */
static char *folder_of(struct arena *a, const char *name)
{
	static const char digits[] = "0123456789ABCDEF";
	char *path = arena_strdup(a, name), *to = path;

	for (const char *p = name; path && *p; p++) {
		const char *high = *p == '%' && p[1] ? strchr(digits, p[1]) : NULL, *low = high && p[2] ? strchr(digits, p[2]) : NULL;

		*to++ = low ? (char)((high - digits) * 16 + (low - digits)) : *p;
		p += low ? 2 : 0;
	}
	if (path)
		*to = '\0';
	return path;
}

/* @room: of ret->v */
static int add_changes(struct sandbox_changes *ret, const char *name, const struct changes *c, struct err *e)
{
	struct arena *a = &ret->arena;
	struct sandbox_change *v = arena_array(a, ret->n + c->n, sizeof(*v));
	const char *folder = folder_of(a, name);

	if (!v || !folder)
		return err_nomem(e);
	if (ret->n)
		memcpy(v, ret->v, ret->n * sizeof(*v));
	ret->v = v;
	for (size_t i = 0; i < c->n; i++) {
		const struct sandbox_change change = {
			.kind = c->v[i].kind,
			.path = arena_printf(a, "%s%s", folder, c->v[i].path),
			.caught = arena_printf(a, "%s%s", name, c->v[i].path),
		};

		if (!change.path || !change.caught)
			return err_nomem(e);
		ret->v[ret->n++] = change;
	}
	return 0;
}

static int diff_one(int upper_dir, const char *name, void *arg, struct err *e)
{
	struct sandbox_changes *ret = arg;
	struct changes changes = { 0 };
	const char *folder = folder_of(&ret->arena, name);
	auto_fd int upper = openat(upper_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (!folder)
		return err_nomem(e);
	if (upper < 0)
		return err_set(e, errno, "open " UPPER "/%s", name);
	auto_fd int lower = path_open_dir(folder, O_RDONLY, e);

	if (lower < 0)
		return lower;
	const struct diff d = { .upper = upper, .lower = lower };
	int r = diff_layers(&d, &changes, e);

	if (r >= 0)
		r = add_changes(ret, name, &changes, e);
	arena_free(&changes.arena);
	return r;
}

static int by_path(const void *a, const void *b)
{
	const unsigned char *x = (const unsigned char *)((const struct sandbox_change *)a)->path;
	const unsigned char *y = (const unsigned char *)((const struct sandbox_change *)b)->path;

	for (; *x && *x == *y; x++, y++)
		;
	/* a slash before all others: what is in a folder follows it */
	return (*x == '/' ? 1 : *x ? *x + 1 : 0) - (*y == '/' ? 1 : *y ? *y + 1 : 0);
}

int sandbox_diff(int dir, struct sandbox_changes *ret, struct err *e)
{
	struct sandbox_changes all = { 0 };
	int r = file_each_in(dir, UPPER, diff_one, &all, e);

	if (r < 0 && r != -ENOENT) {
		sandbox_changes_free(&all);
		return r;
	}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_path);
	*ret = all;
	return 0;
}

/* ---- apply ---- */

struct work {
	const struct sandbox_apply *how;
	int upper, root;
};

static bool is_below(const char *path, const char *folder)
{
	const char *rest = str_after(path, folder);

	return rest && (*rest == '/' || !*rest);
}

/* What was named, all below it, and the new folders that it lies in. */
static bool is_wanted(const struct sandbox_change *c, char *const *paths)
{
	bool wanted = !*paths;

	for (; *paths; paths++)
		wanted |= is_below(c->path, *paths) || (c->kind == CHANGE_ADDED && is_below(*paths, c->path));
	return wanted;
}

static bool is_later(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/*
 * Has this machine's file changed since the sandbox had its own? That one was born by the first write, a deletion with its whiteout.
 * Folders change with what is in them, which is looked at itself.
 */
static bool is_stale(const struct work *w, const struct sandbox_change *c)
{
	struct statx own, there;

	if (statx(w->upper, c->caught, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_TYPE, &own) < 0 || !(own.stx_mask & STATX_BTIME) ||
	    statx(w->root, c->path + 1, AT_SYMLINK_NOFOLLOW, STATX_CTIME | STATX_TYPE, &there) < 0)
		return false;
	return !(S_ISDIR(own.stx_mode) && S_ISDIR(there.stx_mode)) && is_later(&there.stx_ctime, &own.stx_btime);
}

/* Each path has a change. */
static int check_paths(const struct sandbox_changes *all, char *const *paths, struct err *e)
{
	for (; *paths; paths++) {
		char *const alone[] = { *paths, NULL };
		size_t i = 0;

		while (i < all->n && !is_wanted(&all->v[i], alone))
			i++;
		if (i == all->n)
			return err_say(e, ENOENT, "the sandbox has changed nothing at %s", *paths);
	}
	return 0;
}

static int check(const struct work *w, const struct sandbox_changes *all, struct err *e)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (!is_wanted(&all->v[i], w->how->paths) || !is_stale(w, &all->v[i]))
			continue;
		first = first ? first : all->v[i].path;
		n++;
	}
	if (!n || w->how->force)
		return 0;
	if (n == 1)
		err_say(e, ESTALE, "%s has changed on this machine meanwhile", first);
	else
		err_say(e, ESTALE, "%s and %zu more have changed on this machine meanwhile", first, n - 1);
	return err_hint(e, "give --force to apply all the same, or name other paths");
}

static int copy_xattrs(int from, int to, struct err *e)
{
	auto_free char *names = malloc(XATTRS_MAX), *value = malloc(XATTRS_MAX);
	ssize_t n = names && value ? flistxattr(from, names, XATTRS_MAX) : 0;

	for (const char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
		ssize_t len = str_after(name, OWN_XATTR) ? -1 : fgetxattr(from, name, value, XATTRS_MAX);

		if (len >= 0 && fsetxattr(to, name, value, (size_t)len, 0) < 0)
			return err_set(e, errno, "set %s", name);
	}
	return names && value ? 0 : err_nomem(e);
}

static int copy_file(int from, int dir, const struct stat *st, struct err *e)
{
	auto_fd int to = openat(dir, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	ssize_t n = 1;

	if (to < 0)
		return err_set(e, errno, "make a file");
	while (n > 0 || (n < 0 && errno == EINTR))
		n = sendfile(to, from, NULL, COPY_MAX);
	if (n < 0)
		return err_set(e, errno, "copy");
	if ((st->st_uid != geteuid() || st->st_gid != getegid()) && fchown(to, st->st_uid, st->st_gid) < 0)
		return err_set(e, errno, "set the owner");
	int r = copy_xattrs(from, to, e);

	if (r >= 0 && (fchmod(to, st->st_mode & 07777) < 0 || futimens(to, times) < 0 || fsync(to) < 0))
		r = err_set(e, errno, "set the mode");
	return r;
}

/* Links, fifos, devices: whole as soon as they are there. */
static int copy_node(const struct work *w, const struct sandbox_change *c, int dir, const struct stat *st, struct err *e)
{
	char target[PATH_MAX] = "";
	ssize_t n = S_ISLNK(st->st_mode) ? readlinkat(w->upper, c->caught, target, sizeof(target) - 1) : 0;
	int r = n < 0 ? -1 : S_ISLNK(st->st_mode) ? symlinkat(target, dir, TEMPORARY) : mknodat(dir, TEMPORARY, st->st_mode, st->st_rdev);

	if (r < 0)
		return err_set(e, errno, "make it");
	if ((st->st_uid != geteuid() || st->st_gid != getegid()) &&
	    fchownat(dir, TEMPORARY, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "set the owner");
	return 0;
}

static int put_folder(int dir, const char *name, const struct stat *st, struct err *e)
{
	struct stat there;

	if (fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(there.st_mode) && unlinkat(dir, name, 0) < 0)
		return err_set(e, errno, "replace it by a folder");
	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make a folder");
	auto_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &there) < 0)
		return err_set(e, errno, "open the folder");
	if ((st->st_uid != there.st_uid || st->st_gid != there.st_gid) && fchown(fd, st->st_uid, st->st_gid) < 0)
		return err_set(e, errno, "set the owner");
	if (st->st_mode != there.st_mode && fchmod(fd, st->st_mode & 07777) < 0)
		return err_set(e, errno, "set the mode");
	return 0;
}

static int put_file(const struct work *w, const struct sandbox_change *c, int dir, const char *name, const struct stat *st,
		    struct err *e)
{
	struct stat there;
	int r = file_remove(dir, TEMPORARY, e);

	if (r >= 0 && S_ISREG(st->st_mode)) {
		auto_fd int from = openat(w->upper, c->caught, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		r = from < 0 ? err_set(e, errno, "open what was caught") : copy_file(from, dir, st, e);
	} else if (r >= 0) {
		r = copy_node(w, c, dir, st, e);
	}
	if (r >= 0 && fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(there.st_mode))
		r = file_remove(dir, name, e);
	if (r >= 0 && renameat(dir, TEMPORARY, dir, name) < 0)
		r = err_set(e, errno, "put it in its place");
	if (r < 0)
		(void)unlinkat(dir, TEMPORARY, 0); /* it may not be there */
	return r;
}

/* The folder that it lies in has no links above it: what the sandbox saw was a walk without any. */
static int make(const struct work *w, const struct sandbox_change *c, struct err *e)
{
	auto_free char *folder = strdup(c->path + 1);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	struct stat st;

	if (!folder)
		return err_nomem(e);
	const char *name = slash ? slash + 1 : folder;

	if (slash)
		*slash = '\0';
	auto_fd int dir = slash ? path_open_beneath(w->root, folder, O_RDONLY | O_DIRECTORY, 0, e) : fd_dup(w->root, e);

	if (dir < 0)
		return dir;
	if (c->kind == CHANGE_DELETED)
		return file_remove(dir, name, e);
	if (fstatat(w->upper, c->caught, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "look at what was caught");
	return S_ISDIR(st.st_mode) ? put_folder(dir, name, &st, e) : put_file(w, c, dir, name, &st, e);
}

static int make_all(const struct work *w, const struct sandbox_changes *all, struct err *e)
{
	const struct sandbox_apply *how = w->how;
	int r = 0;

	for (size_t i = 0; i < all->n && r >= 0; i++) {
		const struct sandbox_change *c = &all->v[i];

		if (!is_wanted(c, how->paths))
			continue;
		r = how->dry_run ? 0 : make(w, c, e);
		if (r < 0)
			return err_wrap(e, "apply %s", c->path);
		how->tell(c, how->arg);
		if (!how->dry_run)
			(void)unlinkat(w->upper, c->caught, 0); /* a folder, or nothing where one above it was deleted */
	}
	for (size_t i = all->n; i > 0 && !how->dry_run; i--)
		if (is_wanted(&all->v[i - 1], how->paths))
			(void)unlinkat(w->upper, all->v[i - 1].caught, AT_REMOVEDIR); /* one that has more in it stays */
	return r;
}

int sandbox_apply(int dir, const struct sandbox_apply *how, struct err *e)
{
	auto_sandbox_changes struct sandbox_changes all = { 0 };
	int r = sandbox_diff(dir, &all, e);

	if (r >= 0)
		r = check_paths(&all, how->paths, e);
	if (r < 0 || !all.n)
		return r;
	auto_fd int upper = path_open_beneath(dir, UPPER, O_RDONLY | O_DIRECTORY, 0, e), root = path_open_dir("/", O_RDONLY, e);
	const struct work w = { .how = how, .upper = upper, .root = root };

	if (upper < 0 || root < 0)
		return -e->code;
	r = check(&w, &all, e);
	return r < 0 ? r : make_all(&w, &all, e);
}
