// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a layer, unpacked for real: refused or placed, and nothing ever lies beside the target.
 * Checksums of headers are put right before, so that the bytes behind them are reached.
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
#include "images/worker/tar.h"
#include "images/worker/unpack.h"

#define BLOCK 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char top[] = "/dev/shm/fuzz-tar-XXXXXX";
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

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	umask(0);
	tar_prepare();
	expect(mkdtemp(top) != NULL);
	atexit(remove_top);
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	expect(top_fd >= 0);
	return 0;
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

static int count(int dir, const char *name, void *arg, struct err *e)
{
	(void)dir;
	(void)name;
	(void)e;
	++*(int *)arg;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_fd int blob = memfd_create("layer", MFD_CLOEXEC);
	auto_free uint8_t *copy = malloc(size + 1);
	struct work_done done;
	struct err e;
	int names = 0;

	expect(copy && blob >= 0);
	memcpy(copy, data, size);
	fix_checksums(copy, size);
	expect(fd_write_all(blob, copy, size) == 0 && lseek(blob, 0, SEEK_SET) == 0);
	expect(mkdirat(top_fd, "target", 0700) == 0);
	auto_fd int target = openat(top_fd, "target", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct unpack u = {
		.stream = { .input.fd = blob, .max_bytes = 64 << 20 },
		.target = target,
		.lower = -1,
		.lowest = true,
		.no_devices = geteuid() != 0,
		.diff_id = "",
	};

	expect(target >= 0);
	(void)unpack_layer(&u, &done, &e);
	expect(file_each(top_fd, count, &names, &e) == 0 && names == 1);
	expect(file_remove(top_fd, "target", &e) == 0);
	return 0;
}
