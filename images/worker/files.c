// SPDX-License-Identifier: Apache-2.0
#include "images/worker/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sys.h"
#include "images/worker/harmless.h"
#include "images/worker/name.h"
#include "images/worker/tar.h"

#define FILES_MAX  65536
#define LINKS_MAX  8
#define COPY_BYTES (256 << 10)

#define INCOMING "incoming"
#define PART	 ".part"
#define PART_MAX (DIGEST_HEX + sizeof(PART))

/* A file that is being stored. */
struct writer {
	int fd;
	struct digest digest;
	struct file *file;
	uint64_t max_bytes;
};

static void writer_close(struct writer *w)
{
	fd_close(&w->fd);
	digest_close(&w->digest);
}

static int writer_open(struct files *f, struct file *file, struct writer *ret, struct err *e)
{
	ret->file = file;
	ret->max_bytes = f->max_bytes;
	ret->fd = openat(f->work, INCOMING, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (ret->fd < 0)
		return err_set(e, errno, "create a blob");
	return digest_begin(&ret->digest, e);
}

static int writer_add(struct writer *w, const void *data, size_t len, struct err *e)
{
	struct file *file = w->file;
	size_t n = MIN(len, sizeof(file->magic) - file->n_magic);
	char shown[HARMLESS_MAX];

	if (w->max_bytes && len > w->max_bytes - file->bytes)
		return err_say(e, EFBIG, "%s has more than %" PRIu64 " bytes (the limit: --max-layer-size)",
			       harmless(file->name ? file->name : "a blob", shown), w->max_bytes);
	int r = fd_write_all(w->fd, data, len);

	if (r < 0)
		return err_set(e, -r, "write a blob");
	digest_add(&w->digest, data, len);
	memcpy(file->magic + file->n_magic, data, n);
	file->n_magic += n;
	file->bytes += len;
	return 0;
}

static const char *part_name(const struct file *file, char buf[PART_MAX])
{
	snprintf(buf, PART_MAX, "%s" PART, file->hex);
	return buf;
}

/* A second file with the same content takes the place of the first. */
static int writer_finish(struct files *f, struct writer *w, struct err *e)
{
	char part[PART_MAX];
	int r = digest_end(&w->digest, w->file->hex, e);

	if (r < 0)
		return r;
	if (renameat(f->work, INCOMING, f->work, part_name(w->file, part)) < 0)
		return err_set(e, errno, "name a blob");
	return 0;
}

int files_add(struct files *f, const void *data, size_t len, struct file *ret, struct err *e)
{
	struct writer w = { .fd = -1 };

	*ret = (struct file){ 0 };
	int r = writer_open(f, ret, &w, e);

	if (r == 0)
		r = writer_add(&w, data, len, e);
	if (r == 0)
		r = writer_finish(f, &w, e);
	writer_close(&w);
	return r;
}

static int write_entry(struct writer *w, struct tar *tar, const struct tar_entry *entry, struct err *e)
{
	char shown[HARMLESS_MAX];
	uint64_t offset;
	const void *data;
	size_t len;
	int more;

	while ((more = tar_data(tar, &data, &len, &offset, e)) > 0 && offset == w->file->bytes) {
		int r = writer_add(w, data, len, e);

		if (r < 0)
			return r;
	}
	if (more < 0)
		return more;
	if (more > 0 || w->file->bytes != entry->size)
		return err_say(e, EINVAL, "entry %s is a sparse file, which no image archive has",
			       harmless(entry->name, shown));
	return 0;
}

static int store_entry(struct files *f, struct file *file, struct tar *tar, const struct tar_entry *entry,
		       struct err *e)
{
	struct writer w = { .fd = -1 };
	int r = writer_open(f, file, &w, e);

	if (r == 0)
		r = write_entry(&w, tar, entry, e);
	if (r == 0)
		r = writer_finish(f, &w, e);
	writer_close(&w);
	return r;
}

static struct file *new_file(struct files *f, const char *name, struct err *e)
{
	if (f->n == f->room) {
		size_t room = f->room ? f->room * 2 : 64;
		struct file **v = reallocarray(f->v, room, sizeof(*v));

		if (!v) {
			err_nomem(e);
			return NULL;
		}
		f->v = v;
		f->room = room;
	}
	struct file *file = arena_alloc(&f->arena, sizeof(*file));

	if (file)
		file->name = arena_strdup(&f->arena, name);
	if (!file || !file->name) {
		err_nomem(e);
		return NULL;
	}
	f->v[f->n++] = file;
	return file;
}

/*
 * Where a link leads: a symbolic one begins at its own folder and may go up, a hard one at the root.
 * path_normal() answers by the words alone; nothing on disk is asked.
 */
static int set_link(struct files *f, struct file *file, const struct tar_entry *entry, struct err *e)
{
	const char *slash = strrchr(file->name, '/');
	int folder = entry->kind == TAR_SYMLINK && slash ? (int)(slash - file->name) : 0;
	char *path = *entry->link == '/' ? arena_strdup(&f->arena, entry->link)
					 : arena_printf(&f->arena, "%.*s/%s", folder, file->name, entry->link);
	char *normal = path ? arena_alloc(&f->arena, strlen(path) + 2) : NULL;

	if (!normal)
		return err_nomem(e);
	path_normal(path, normal);
	file->link = normal + 1;
	return 0;
}

static int take_entry(struct files *f, struct tar *tar, const struct tar_entry *entry, struct err *e)
{
	char name[PATH_MAX];

	if (entry->kind != TAR_FILE && entry->kind != TAR_SYMLINK && entry->kind != TAR_HARDLINK)
		return 0;
	if (f->n == FILES_MAX)
		return err_say(e, EINVAL, "it has more than %d files: no image archive does", FILES_MAX);
	int r = name_clean(entry->name, name, e);

	if (r < 0)
		return r;
	struct file *file = new_file(f, name, e);

	if (!file)
		return -ENOMEM;
	return entry->kind == TAR_FILE ? store_entry(f, file, tar, entry, e) : set_link(f, file, entry, e);
}

static int by_name(const void *a, const void *b)
{
	const struct file *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static bool same_content(const struct file *a, const struct file *b)
{
	return a->link && b->link ? streq(a->link, b->link) : !a->link && !b->link && streq(a->hex, b->hex);
}

/* Two programs must not see two different images in one archive: a name can stand for one file only. */
static int sort_files(struct files *f, struct err *e)
{
	char shown[HARMLESS_MAX];

	if (f->n > 0)
		qsort(f->v, f->n, sizeof(*f->v), by_name);
	for (size_t i = 1; i < f->n; i++)
		if (streq(f->v[i - 1]->name, f->v[i]->name) && !same_content(f->v[i - 1], f->v[i]))
			return err_say(e, EINVAL, "it has two different files named %s", harmless(f->v[i]->name, shown));
	return 0;
}

int files_read(struct files *f, struct stream *s, struct err *e)
{
	struct tar_entry entry;
	struct tar *tar = NULL;
	int r = tar_open(s, &tar, e), more = 1;

	while (r == 0 && more > 0) {
		more = tar_next(tar, &entry, e);
		r = more > 0 ? take_entry(f, tar, &entry, e) : more;
	}
	tar_close(tar);
	if (r == 0)
		r = stream_finish(s, NULL, e);
	return r < 0 ? r : sort_files(f, e);
}

static struct file *lookup(const struct files *f, const char *name)
{
	struct file key = { .name = (char *)name }, *k = &key;
	struct file **found = f->n ? bsearch(&k, f->v, f->n, sizeof(*f->v), by_name) : NULL;

	return found ? *found : NULL;
}

static int copy_content(struct writer *w, int from, struct err *e)
{
	auto_free char *buf = malloc(COPY_BYTES);

	if (!buf)
		return err_nomem(e);
	for (;;) {
		ssize_t n = fd_read_all(from, buf, COPY_BYTES);
		int r = n > 0 ? writer_add(w, buf, (size_t)n, e) : 0;

		if (n < 0)
			return err_set(e, (int)-n, "read a file of the layout");
		if (r < 0 || n < COPY_BYTES)
			return r;
	}
}

/* From a layout folder. No link is followed, and nothing but a regular file is read (rule U21). */
static int fetch(struct files *f, const char *name, const struct file **ret, struct err *e)
{
	struct writer w = { .fd = -1 };
	struct stat st;
	auto_fd int from = sys_openat2(f->folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0,
				       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (from < 0 && errno == ENOENT)
		return 0;
	if (from < 0 || fstat(from, &st) < 0)
		return err_set(e, errno, "open %s", name);
	if (!S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "%s is not a regular file", name);
	struct file *file = new_file(f, name, e);

	if (!file)
		return -ENOMEM;
	int r = writer_open(f, file, &w, e);

	if (r == 0)
		r = copy_content(&w, from, e);
	if (r == 0)
		r = writer_finish(f, &w, e);
	writer_close(&w);
	*ret = file;
	return r < 0 ? r : 1;
}

static int find_in_folder(struct files *f, const char *name, const struct file **ret, struct err *e)
{
	for (size_t i = 0; i < f->n; i++) {
		*ret = f->v[i];
		if (streq(f->v[i]->name, name))
			return 1;
	}
	if (f->n == FILES_MAX)
		return err_say(e, EINVAL, "it has more than %d files", FILES_MAX);
	return fetch(f, name, ret, e);
}

int files_find(struct files *f, const char *name, const struct file **ret, struct err *e)
{
	char clean[PATH_MAX], shown[HARMLESS_MAX];
	int r = name_clean(name, clean, e);

	if (r < 0)
		return r;
	if (f->folder >= 0)
		return find_in_folder(f, clean, ret, e);
	const struct file *file = lookup(f, clean);

	for (int links = 0; file && file->link; links++) {
		if (links == LINKS_MAX)
			return err_say(e, ELOOP, "too many links from %s", harmless(name, shown));
		file = lookup(f, file->link);
	}
	*ret = file;
	return file != NULL;
}

int files_text(struct files *f, const struct file *file, const char *what, char **ret, size_t *ret_len, struct err *e)
{
	char part[PART_MAX];
	auto_fd int fd = -1;

	if (file->bytes > FILES_TEXT_MAX)
		return err_say(e, EFBIG, "%s has more than %d MiB", what, FILES_TEXT_MAX >> 20);
	fd = openat(f->work, part_name(file, part), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) /* it is also a blob of an image before */
		fd = openat(f->work, file->hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open %s", what);
	return file_read_fd(fd, what, FILES_TEXT_MAX, ret, ret_len, e);
}

int files_keep(struct files *f, const struct file *file, struct err *e)
{
	char part[PART_MAX];

	if (renameat(f->work, part_name(file, part), f->work, file->hex) == 0)
		return 0;
	if (errno == ENOENT && faccessat(f->work, file->hex, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0; /* kept already, for another image */
	return err_set(e, errno, "keep a blob");
}

static int sweep_one(int dir, const char *name, void *arg, struct err *e)
{
	size_t n = strlen(name);

	(void)arg;
	if (n != PART_MAX - 1 || !streq(name + DIGEST_HEX, PART))
		return 0;
	return unlinkat(dir, name, 0) < 0 ? err_set(e, errno, "remove a file that is no blob") : 0;
}

int files_sweep(struct files *f, struct err *e)
{
	return file_each(f->work, sweep_one, NULL, e);
}

void files_close(struct files *f)
{
	free(f->v);
	f->v = NULL;
	arena_free(&f->arena);
}
