// SPDX-License-Identifier: Apache-2.0
#include "images/store.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"

#define FOLDER_MODE 0700

/* In the order in which they are made; a folder comes after the one it is in. */
static const struct {
	const char *path;
	size_t offset;
} folders[] = {
	{ "images", offsetof(struct store, root) },
	{ "images/blobs", SIZE_MAX }, /* named, but not kept open */
	{ "images/blobs/sha256", offsetof(struct store, blobs) },
	{ "images/refs", offsetof(struct store, refs) },
	{ "images/records", offsetof(struct store, records) },
	{ "images/layers", offsetof(struct store, layers) },
	{ "images/tmp", offsetof(struct store, tmp) }, /* the last: in a store that is only read nobody works */
};

static int make_folders(int data, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdirat(data, folders[i].path, FOLDER_MODE) < 0 && errno != EEXIST)
			return err_set(e, errno, "make folder %s", folders[i].path);
	return 0;
}

/* The first @n of them. */
static int open_folders(int data, size_t n, struct store *s, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (folders[i].offset == SIZE_MAX)
			continue;
		int fd = path_open_beneath(data, folders[i].path, O_RDONLY | O_DIRECTORY, 0, e);

		if (fd < 0)
			return fd;
		*(int *)((char *)s + folders[i].offset) = fd;
	}
	return 0;
}

int store_open(int data, struct store *ret, struct err *e)
{
	struct store s = STORE_NONE;
	int r = open_folders(data, ARRAY_SIZE(folders), &s, e);

	if (r == -ENOENT) { /* only then: they are there on every run but the first */
		store_close(&s);
		r = make_folders(data, e);
		if (r == 0)
			r = open_folders(data, ARRAY_SIZE(folders), &s, e);
	}
	if (r < 0) {
		store_close(&s);
		return err_wrap(e, "image store");
	}
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	fd_close(&s->root);
	fd_close(&s->blobs);
	fd_close(&s->refs);
	fd_close(&s->records);
	fd_close(&s->layers);
	fd_close(&s->tmp);
	for (size_t i = 0; i < s->n_peers; i++)
		store_close(&s->peers[i].store);
	free(s->peers);
	s->peers = NULL;
	s->n_peers = 0;
}

int store_add_peer(struct store *s, const char *path, struct err *e)
{
	struct store_peer peer = { .store = STORE_NONE };
	struct store_peer *all = realloc(s->peers, (s->n_peers + 1) * sizeof(*all));

	if (!all)
		return err_nomem(e);
	s->peers = all;
	if (!realpath(path, peer.path))
		return err_set(e, errno, "image store %s", path);
	auto_fd int data = path_open_dir(peer.path, O_RDONLY, e);
	int r = data < 0 ? data : open_folders(data, ARRAY_SIZE(folders) - 1, &peer.store, e);

	if (r < 0) {
		store_close(&peer.store);
		return err_wrap(e, "image store %s", path);
	}
	s->peers[s->n_peers++] = peer;
	return 0;
}

int store_leads_to(int dir, const char *name, int fd, struct err *e)
{
	struct stat named, open_one;

	if (fstat(fd, &open_one) < 0)
		return err_set(e, errno, "look at %s", name);
	if (fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "look at %s", name);
	return named.st_ino == open_one.st_ino && named.st_dev == open_one.st_dev;
}

static int open_object(int dir, const char *name, struct err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open %s", name) : fd;
}

int store_hold(int dir, const char *name, struct err *e)
{
	for (;;) {
		auto_fd int fd = open_object(dir, name, e);

		if (fd < 0)
			return fd;
		/* waits only for somebody who is renaming it away or has just found that he must not */
		int r = fd_lock(fd, LOCK_SH);

		if (r < 0)
			return err_set(e, -r, "lock %s", name);
		r = store_leads_to(dir, name, fd, e);
		if (r != 0)
			return r < 0 ? r : fd_take(&fd);
	}
}

int store_seize(int dir, const char *name, struct err *e)
{
	auto_fd int fd = open_object(dir, name, e);

	if (fd < 0)
		return fd;
	int r = fd_lock(fd, LOCK_EX | LOCK_NB);

	if (r == -EWOULDBLOCK)
		return err_say(e, EBUSY, "%s is in use by another command", name);
	if (r < 0)
		return err_set(e, -r, "lock %s", name);
	r = store_leads_to(dir, name, fd, e);
	if (r == 0)
		return err_set(e, ENOENT, "open %s", name);
	return r < 0 ? r : fd_take(&fd);
}

int store_place(int from_dir, const char *from, int dir, const char *name, struct err *e)
{
	struct stat st;
	/* locked before it has its name: nobody can come in between */
	auto_fd int fd = store_hold(from_dir, from, e);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at %s", from);
	for (;;) {
		int r = S_ISDIR(st.st_mode) ? renameat2(from_dir, from, dir, name, RENAME_NOREPLACE)
					    : linkat(from_dir, from, dir, name, 0);

		if (r == 0)
			return fd_take(&fd);
		if (errno != EEXIST)
			return err_set(e, errno, "publish %s", name);
		int held = store_hold(dir, name, e);

		if (held != -ENOENT)
			return held;
	}
}

int store_sync(int dir, const char *what, struct err *e)
{
	return fsync(dir) < 0 ? err_set(e, errno, "make %s durable", what) : 0;
}

int store_read_record(int dir, const char *name, struct image *ret, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = file_read(dir, name, WORK_IMAGES_MAX, &text, &len, e);

	return r < 0 ? r : image_decode(text, len, name, ret, e);
}

/* Return: 0, or -errno */
static int copy_file(int from, int to, uint64_t bytes)
{
	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while (bytes > 0) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, bytes, 0);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes -= (uint64_t)n;
	}
	return 0;
}

int store_borrow(const struct store *s, const char *hex, uint64_t bytes, int dir, struct err *e)
{
	for (size_t i = 0; i < s->n_peers; i++) {
		auto_fd int from = openat(s->peers[i].store.blobs, hex, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		struct stat st;

		if (from < 0 || fstat(from, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != bytes)
			continue;
		auto_fd int to = openat(dir, hex, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		int r = to < 0 ? -errno : copy_file(from, to, bytes);

		return r < 0 ? err_set(e, -r, "copy blob %s of %s", hex, s->peers[i].path) : 1;
	}
	return 0;
}

int image_open_layer(const struct store *s, const char *folder, struct err *e)
{
	if (strchr(folder, '/') || folder[0] == '.')
		return err_say(e, EINVAL, "invalid layer folder");
	int fd = openat(s->layers, folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		err_say(e, ENOENT, "layer %s is missing from the store", folder);
		return err_hint(e, "load the image again");
	}
	return fd < 0 ? err_set(e, errno, "open layer %s", folder) : fd;
}
