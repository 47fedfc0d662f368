// SPDX-License-Identifier: Apache-2.0
#include "images/worker/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sys.h"
#include "images/worker/aim.h"
#include "images/worker/content.h"
#include "images/worker/harmless.h"
#include "images/worker/name.h"
#include "images/worker/tar.h"

#define LINKS_MAX     40 /* as the kernel's */
#define FOLDER_MODE   0755 /* of one that a stream does not describe */
#define HELD_FLAGS    (O_PATH | O_DIRECTORY | O_CLOEXEC)
#define KEPT_BITS     01777 /* of a mode, where all becomes root's */
#define INSIDE_ITSELF (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)

/* A folder whose time is set when nothing will change in it any more. */
struct visited {
	struct visited *before;
	struct timespec mtime;
	char path[];
};

struct extractor {
	const struct extract *x;
	struct tar *tar;
	enum aim aim;
	int base;		  /* the folder that the names below count from */
	char base_path[PATH_MAX]; /* from the root */
	char as[NAME_MAX + 1];	  /* of AIM_AS */
	int current;		  /* the folder that the last entry went to; -1: none */
	char current_path[PATH_MAX];
	struct arena arena;
	struct visited *visited;
	struct work_done done;
};

static int failed(const char *name, int code, const char *doing, struct err *e)
{
	char shown[HARMLESS_MAX];

	return err_set(e, code, "%s %s", doing, harmless(*name ? name : "/", shown));
}

/* ---- the destination ---- */

static void strip(char *path)
{
	size_t len = strlen(path);

	while (len > 0 && (path[len - 1] == '/' || (path[len - 1] == '.' && (len == 1 || path[len - 2] == '/'))))
		path[--len] = '\0';
}

/* The folder of a path, and its last part. Return: 0, or -ENAMETOOLONG with @e filled */
static int split(const char *path, char folder[PATH_MAX], char last[NAME_MAX + 1], struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (strlen(path) >= PATH_MAX || strlen(name) > NAME_MAX)
		return failed(path, ENAMETOOLONG, "open", e);
	memcpy(last, name, strlen(name) + 1);
	snprintf(folder, PATH_MAX, "%.*s", (int)(name - path), path);
	return 0;
}

/* If it is a symbolic link, put where it leads to into @path. Return: 1, 0: it is none, or is not there; or -errno with @e filled */
static int follow_once(int root, char path[PATH_MAX], struct err *e)
{
	char folder[PATH_MAX], last[NAME_MAX + 1], target[PATH_MAX], whole[2 * PATH_MAX];
	int r = split(path, folder, last, e);

	if (r < 0)
		return r;
	auto_fd int dir = path_open_in(root, folder, HELD_FLAGS, e);

	if (dir < 0)
		return dir;
	ssize_t n = readlinkat(dir, last, target, sizeof(target) - 1);

	if (n < 0)
		return errno == EINVAL || errno == ENOENT ? 0 : failed(path, errno, "look at", e);
	target[n] = '\0';
	snprintf(whole, sizeof(whole), "%s%s", *target == '/' ? "" : folder, target);
	if (strlen(whole) >= PATH_MAX)
		return failed(path, ENAMETOOLONG, "follow", e);
	memcpy(path, whole, strlen(whole) + 1);
	strip(path);
	return 1;
}

static int follow(int root, char path[PATH_MAX], struct err *e)
{
	for (int links = 0; links < LINKS_MAX; links++) {
		int r = aim_says_folder(path) ? 0 : follow_once(root, path, e);

		if (r <= 0)
			return r;
	}
	return failed(path, ELOOP, "follow", e);
}

/* What is at @path. Return: enum aim_there, or -errno with @e filled */
static int look(int root, const char *path, struct err *e)
{
	struct stat st;
	auto_fd int fd = path_open_in(root, path, O_PATH | O_NOFOLLOW, e);

	if (fd == -ENOENT)
		return AIM_NOTHING;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return failed(path, errno, "look at", e);
	return S_ISDIR(st.st_mode) ? AIM_FOLDER : AIM_OTHER;
}

static int open_base(struct extractor *x, const char *path, struct err *e)
{
	int r = x->aim == AIM_AS ? split(path, x->base_path, x->as, e) : 0;

	if (r < 0)
		return r;
	if (x->aim != AIM_AS)
		snprintf(x->base_path, sizeof(x->base_path), "%s", path);
	x->base = path_open_in(x->x->root, x->base_path, HELD_FLAGS, e);
	return x->base < 0 ? x->base : 0;
}

static int take_aim(struct extractor *x, struct err *e)
{
	const struct tree_job *job = x->x->job;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", job->path);
	strip(path);
	int there = follow(x->x->root, path, e);

	if (there == 0)
		there = look(x->x->root, path, e);
	if (there < 0)
		return there;
	int r = aim(job->source, (enum aim_there)there, aim_says_folder(job->path), job->overwrite, e);

	if (r < 0)
		return err_wrap(e, "%s", *job->path ? job->path : "/");
	x->aim = (enum aim)r;
	return open_base(x, path, e);
}

/* An entry's name as it is below the base; "" for the folder that it all goes into. Return: 0, or -errno with @e filled */
static int rename_entry(const struct extractor *x, const char *raw, char ret[PATH_MAX], struct err *e)
{
	char clean[PATH_MAX];
	int r = name_clean(raw, clean, e);

	if (r < 0)
		return r;
	const char *slash = strchr(clean, '/');

	if (x->aim == AIM_INTO)
		snprintf(ret, PATH_MAX, "%s", clean);
	else if (x->aim == AIM_WITHIN)
		snprintf(ret, PATH_MAX, "%s", slash ? slash + 1 : "");
	else if (snprintf(ret, PATH_MAX, "%s%s", x->as, slash ? slash : "") >= PATH_MAX)
		return failed(raw, ENAMETOOLONG, "create", e);
	return 0;
}

/* ---- folders ---- */

/* As names are made by a stream from outside, its folders may be symbolic links, or left out. Return: an fd, or -errno */
static int open_folder(const struct extractor *x, const char *folder, struct err *e)
{
	char path[2 * PATH_MAX];

	if (x->x->job->source == TREE_STREAM) {
		snprintf(path, sizeof(path), "%s/%s", x->base_path, folder);
		return path_mkdirs_in(x->x->root, path, FOLDER_MODE, e);
	}
	int fd = sys_openat2(x->base, *folder ? folder : ".", HELD_FLAGS, 0, INSIDE_ITSELF);

	return fd < 0 ? failed(folder, errno, "open", e) : fd;
}

static int enter(struct extractor *x, const char *folder, struct err *e)
{
	if (x->current >= 0 && streq(x->current_path, folder))
		return x->current;
	int fd = open_folder(x, folder, e);

	if (fd < 0)
		return fd;
	fd_close(&x->current);
	x->current = fd;
	snprintf(x->current_path, sizeof(x->current_path), "%s", folder);
	return fd;
}

static int note(struct extractor *x, const char *path, const struct meta *m, struct err *e)
{
	struct visited *v = arena_alloc(&x->arena, sizeof(*v) + strlen(path) + 1);

	if (!v)
		return err_nomem(e);
	v->before = x->visited;
	v->mtime = m->mtime;
	memcpy(v->path, path, strlen(path) + 1);
	x->visited = v;
	return 0;
}

/* One that somebody has taken away again has no time to be set. */
static void set_times(const struct extractor *x)
{
	for (const struct visited *v = x->visited; v; v = v->before) {
		const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, v->mtime };
		struct err gone;
		auto_fd int fd = open_folder(x, v->path, &gone);

		if (fd >= 0)
			(void)utimensat(fd, "", times, AT_EMPTY_PATH);
	}
}

/* ---- entries ---- */

/* Make room for an entry. Return: 1: a folder is there and shall be one, 0: nothing is, or -errno with @e filled */
static int make_room(const struct extractor *x, int dir, const char *last, const struct tar_entry *entry, struct err *e)
{
	bool folder = entry->kind == TAR_FOLDER, overwrite = x->x->job->overwrite;
	char shown[HARMLESS_MAX];
	struct stat st;

	if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed(entry->name, errno, "look at", e);
	if (S_ISDIR(st.st_mode) && folder)
		return 1;
	if (!overwrite && folder != S_ISDIR(st.st_mode)) {
		err_say(e, EEXIST, "%s is %s folder there, and %s to be one", harmless(entry->name, shown),
			folder ? "no" : "a", folder ? "is" : "is not");
		return err_hint(e, "--overwrite replaces it");
	}
	int r = file_remove(dir, last, e);

	return r < 0 ? failed(entry->name, -r, "replace", e) : 0;
}

static int wrap(const struct tar_entry *entry, struct err *e)
{
	char shown[HARMLESS_MAX];

	return err_wrap(e, "%s", harmless(entry->name, shown));
}

static int make_file(struct extractor *x, int dir, const char *last, const struct tar_entry *entry, struct err *e)
{
	auto_fd int fd = openat(dir, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return failed(entry->name, errno, "create", e);
	int r = content_write(x->tar, entry, fd, e);

	x->done.bytes += r == 0 ? entry->size : 0;
	if (r == 0 && meta_apply(fd, &entry->meta, false, e) < 0)
		r = wrap(entry, e);
	if (r < 0)
		(void)unlinkat(dir, last, 0); /* half of a file is none */
	return r;
}

static int make_folder(struct extractor *x, int dir, const char *last, const struct tar_entry *entry, bool there,
		       const char *path, struct err *e)
{
	if (there && !x->x->job->owners)
		return 0;
	if (!there && mkdirat(dir, last, 0700) < 0)
		return failed(entry->name, errno, "create", e);
	auto_fd int fd = openat(dir, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return failed(entry->name, errno, "open", e);
	if (meta_apply(fd, &entry->meta, false, e) < 0)
		return wrap(entry, e);
	return note(x, path, &entry->meta, e);
}

/* By its fd, and only if it is what we have just made: the name may be another file's by now. */
static int own_node(int dir, const char *last, const struct tar_entry *entry, mode_t type, struct err *e)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, entry->meta.mtime };
	auto_fd int fd = openat(dir, last, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return failed(entry->name, errno, "open", e);
	if ((st.st_mode & S_IFMT) != type || st.st_nlink != 1)
		return failed(entry->name, EBUSY, "give an owner to", e);
	if (fchownat(fd, "", entry->meta.uid, entry->meta.gid, AT_EMPTY_PATH) < 0)
		return failed(entry->name, errno, "give an owner to", e);
	return utimensat(fd, "", times, AT_EMPTY_PATH) < 0 ? failed(entry->name, errno, "set the time of", e) : 0;
}

static int make_node(int dir, const char *last, const struct tar_entry *entry, struct err *e)
{
	static const mode_t types[TAR_KIND_COUNT] = {
		[TAR_SYMLINK] = S_IFLNK, [TAR_CHAR] = S_IFCHR, [TAR_BLOCK] = S_IFBLK, [TAR_FIFO] = S_IFIFO,
	};
	mode_t type = types[entry->kind];
	int r = type == S_IFLNK ? symlinkat(entry->link, dir, last)
				: mknodat(dir, last, type | (entry->meta.mode & 0777), entry->device);

	return r < 0 ? failed(entry->name, errno, "create", e) : own_node(dir, last, entry, type, e);
}

static int make_hardlink(struct extractor *x, int dir, const char *last, const struct tar_entry *entry, struct err *e)
{
	char path[PATH_MAX], folder[PATH_MAX], target[NAME_MAX + 1];
	int r = rename_entry(x, entry->link, path, e);

	if (r == 0)
		r = split(path, folder, target, e);
	if (r < 0)
		return r;
	auto_fd int from = open_folder(x, folder, e);

	if (from < 0)
		return from;
	return linkat(from, target, dir, last, 0) < 0 ? failed(entry->name, errno, "link", e) : 0;
}

static int make_entry(struct extractor *x, int dir, const char *last, const struct tar_entry *entry, const char *path,
		      struct err *e)
{
	int there = make_room(x, dir, last, entry, e);

	if (there < 0)
		return there;
	switch (entry->kind) {
	case TAR_FILE:
		return make_file(x, dir, last, entry, e);
	case TAR_FOLDER:
		return make_folder(x, dir, last, entry, there, path, e);
	case TAR_HARDLINK:
		return make_hardlink(x, dir, last, entry, e);
	default:
		return make_node(dir, last, entry, e);
	}
}

static int take_entry(struct extractor *x, struct tar_entry *entry, struct err *e)
{
	char path[PATH_MAX], folder[PATH_MAX], last[NAME_MAX + 1];
	int r = rename_entry(x, entry->name, path, e);

	if (r < 0 || !*path)
		return r;
	if (!x->x->job->owners)
		entry->meta = (struct meta){ .mode = entry->meta.mode & KEPT_BITS, .mtime = entry->meta.mtime };
	r = split(path, folder, last, e);
	strip(folder);
	if (r < 0)
		return r;
	int dir = enter(x, folder, e);

	x->done.entries++;
	return dir < 0 ? dir : make_entry(x, dir, last, entry, path, e);
}

static int take_all(struct extractor *x, struct stream *s, struct err *e)
{
	struct tar_entry entry;
	int r = tar_open(s, &x->tar, e), more = 1;

	while (r == 0 && more > 0) {
		more = tar_next(x->tar, &entry, e);
		r = more > 0 ? take_entry(x, &entry, e) : more;
	}
	set_times(x);
	return r == 0 ? stream_finish(s, NULL, e) : r;
}

int extract_stream(const struct extract *job, struct work_done *ret, struct err *e)
{
	struct extractor x = { .x = job, .base = -1, .current = -1 };
	struct stream *s = NULL;
	int r = take_aim(&x, e);

	if (r == 0)
		r = stream_open(&job->stream, &s, e);
	if (r == 0)
		r = take_all(&x, s, e);
	tar_close(x.tar);
	stream_close(s);
	arena_free(&x.arena);
	fd_close(&x.current);
	fd_close(&x.base);
	if (r == 0)
		*ret = x.done;
	return r;
}
