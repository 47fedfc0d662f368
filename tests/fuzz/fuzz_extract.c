// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as an archive that is copied into a tree with links that lead out of it, extracted for real and without the walls
 * of the worker: whatever happens, nothing beside the tree is made, changed or taken away.
 *
 * The first byte says what the archive stands for and where it goes.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/worker/extract.h"
#include "images/worker/tar.h"

#define BLOCK 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char top[] = "/dev/shm/fuzz-extract-XXXXXX";
static int top_fd = -1;

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void remove_top(void)
{
	struct err e;

	(void)file_remove(AT_FDCWD, top, &e);
}

static void write_file(int dir, const char *name, const char *text)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	expect(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	umask(0);
	tar_prepare();
	expect(mkdtemp(top) != NULL);
	atexit(remove_top);
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	expect(top_fd >= 0 && mkdirat(top_fd, "outside", 0700) == 0);
	auto_fd int outside = openat(top_fd, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	write_file(outside, "secret", "secret");
	return 0;
}

/* A tree with a folder, a file, and links: out by name, out by "..", to within, to nothing. */
static int make_tree(void)
{
	static const char *const links[][2] = {
		{ "../outside", "up" }, { "d", "in" }, { "nothing", "dangling" }, { "loop", "loop" },
	};

	expect(mkdirat(top_fd, "tree", 0700) == 0);
	int tree = openat(top_fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	expect(tree >= 0 && mkdirat(tree, "d", 0700) == 0 && symlinkat(top, tree, "abs") == 0);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		expect(symlinkat(links[i][0], tree, links[i][1]) == 0);
	write_file(tree, "f", "file");
	return tree;
}

static int count(int dir, const char *name, void *arg, struct err *e)
{
	(void)dir;
	(void)name;
	(void)e;
	++*(int *)arg;
	return 0;
}

/* Still as it was, to the last change time. */
static void expect_outside(const struct stat *before)
{
	struct stat now;
	struct err e;
	int names = 0;

	expect(file_each_any(top_fd, count, &names, &e) == 0 && names == 2);
	expect(fstatat(top_fd, "outside/secret", &now, AT_SYMLINK_NOFOLLOW) == 0);
	expect(now.st_ino == before->st_ino && now.st_nlink == 1 && now.st_ctim.tv_nsec == before->st_ctim.tv_nsec &&
	       now.st_ctim.tv_sec == before->st_ctim.tv_sec);
	names = 0;
	auto_fd int outside = openat(top_fd, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	expect(file_each_any(outside, count, &names, &e) == 0 && names == 1);
}

static void fix_checksums(uint8_t *data, size_t size)
{
	for (uint8_t *h = data; h + BLOCK <= data + size; h += BLOCK) {
		unsigned sum = 0;
		char text[9];

		if (memcmp(h + 257, "ustar", 5) != 0)
			continue;
		memset(h + 148, ' ', 8);
		for (int i = 0; i < BLOCK; i++)
			sum += h[i];
		snprintf(text, sizeof(text), "%06o", sum);
		memcpy(h + 148, text, 7);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = { "", "/", "d", "f", "in", "up", "abs", "up/new", "abs/new/", "dangling", "loop", "new", "d/.." };
	uint8_t how = size ? data[0] : 0;
	struct tree_job job = {
		.source = (enum tree_source)(how % TREE_SOURCES),
		.owners = how & 0x40,
		.overwrite = how & 0x80,
	};
	auto_fd int blob = memfd_create("archive", MFD_CLOEXEC);
	auto_free uint8_t *copy = malloc(size + 1);
	struct work_done done;
	struct stat before;
	struct err e;

	if (size == 0)
		return 0;
	strcpy(job.path, paths[(how / TREE_SOURCES) % ARRAY_SIZE(paths)]);
	expect(copy && blob >= 0);
	memcpy(copy, data + 1, size - 1);
	fix_checksums(copy, size - 1);
	expect(fd_write_all(blob, copy, size - 1) == 0 && lseek(blob, 0, SEEK_SET) == 0);
	auto_fd int tree = make_tree();
	const struct extract x = { .stream = { .input.fd = blob, .max_bytes = 64 << 20 }, .root = tree, .job = &job };

	expect(fstatat(top_fd, "outside/secret", &before, AT_SYMLINK_NOFOLLOW) == 0);
	(void)extract_stream(&x, &done, &e);
	expect_outside(&before);
	expect(file_remove(top_fd, "tree", &e) == 0);
	return 0;
}
