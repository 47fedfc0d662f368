// SPDX-License-Identifier: Apache-2.0
/* host_files.c: what lies in certs.d for a host, as docker-certs.d(5) and containers-certs.d(5) have it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/auth.h"

#define PEM_MAX (1 << 20)

void host_files_close(struct host_files *f)
{
	fd_close(&f->ca);
	fd_close(&f->certificate);
	fd_close(&f->key);
}

/* The part before the suffix, or 0 where the name has another one. */
static int stem(const char *name, const char *suffix)
{
	size_t n = strlen(name), s = strlen(suffix);

	return n > s && streq(name + n - s, suffix) ? (int)(n - s) : 0;
}

/* One file after the other into one that has no name: that many authorities are trusted. */
static int add_authority(int dir, const char *name, int *ca, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* often a link to another place */
	size_t len;
	int r = fd < 0 ? err_set(e, errno, "open %s", name) : file_read_fd(fd, name, PEM_MAX, &text, &len, e);

	if (r < 0)
		return r;
	if (*ca < 0)
		*ca = memfd_create("authorities", MFD_CLOEXEC);
	if (*ca < 0)
		return err_set(e, errno, "make a file in memory");
	r = fd_write_all(*ca, text, len);
	if (r >= 0)
		r = fd_write_all(*ca, "\n", 1); /* the last line may have none */
	return r < 0 ? err_set(e, -r, "copy %s", name) : 0;
}

static int open_other(int dir, int n, const char *name, const char *suffix, int *ret, struct err *e)
{
	char other[NAME_MAX + 8];

	snprintf(other, sizeof(other), "%.*s%s", n, name, suffix);
	*ret = openat(dir, other, O_RDONLY | O_CLOEXEC);
	return *ret < 0 ? err_set(e, errno, "open %s, which %s needs", other, name) : 0;
}

static int take_file(int dir, const char *name, struct host_files *f, struct err *e)
{
	int certificate = stem(name, ".cert"), key = stem(name, ".key"), r = 0;

	if (stem(name, ".crt"))
		return add_authority(dir, name, &f->ca, e);
	if ((!certificate && !key) || f->certificate >= 0) /* the first pair is the one */
		return 0;
	r = open_other(dir, certificate + key, name, ".cert", &f->certificate, e);
	return r < 0 ? r : open_other(dir, certificate + key, name, ".key", &f->key, e);
}

/* Return: 1, 0 where there is no such folder, or -errno with @e filled */
static int take_folder(const char *path, struct host_files *f, struct err *e)
{
	struct dirent **names;
	auto_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = dir < 0 ? -1 : scandirat(dir, ".", &names, NULL, alphasort), r = 1;

	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_set(e, errno, "read %s", path);
	for (int i = 0; i < n; i++) {
		if (r >= 0)
			r = take_file(dir, names[i]->d_name, f, e) < 0 ? err_wrap(e, "%s", path) : 1;
		free(names[i]);
	}
	free(names);
	return r;
}

int auth_host_files(const char *const *folders, size_t n, const char *host, struct host_files *ret, struct err *e)
{
	auto_host_files struct host_files f = HOST_FILES_NONE;
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], host);
		r = take_folder(path, &f, e);
	}
	if (r >= 0 && f.ca >= 0 && lseek(f.ca, 0, SEEK_SET) < 0)
		r = err_set(e, errno, "go back to the beginning of a file");
	if (r < 0)
		return r;
	*ret = f;
	f = (struct host_files)HOST_FILES_NONE;
	return 0;
}
