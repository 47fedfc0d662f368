// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a blob: plain, gzip or zstd. The result must not depend on how much is asked for at a time,
 * which the first byte says; the rest is the blob.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "images/worker/digest.h"
#include "images/worker/inflate.h"

#define PLAIN_MAX	(4 << 20)
#define GZIP_FIRST_BYTE 0x1f

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

/* Return: 0 with the digest and the number of what came out, or -errno; cut at PLAIN_MAX */
static int inflate_all(int fd, size_t step, char hex[DIGEST_HEX + 1], size_t *ret)
{
	struct input in = { .fd = fd };
	struct inflate *z = NULL;
	struct digest d = { 0 };
	auto_free char *buf = malloc(step);
	size_t n = step, total = 0;
	struct err e;

	expect(buf && lseek(fd, 0, SEEK_SET) == 0 && digest_begin(&d, &e) == 0);
	int r = inflate_open(&in, COMPRESSION_DETECT, false, &z, &e);

	while (r == 0 && n == step && total < PLAIN_MAX) {
		r = inflate_read(z, buf, step, &n, &e);
		if (r == 0)
			digest_add(&d, buf, n);
		total += r == 0 ? n : 0;
	}
	inflate_close(z);
	input_close(&in);
	expect(digest_end(&d, hex, &e) == 0);
	digest_close(&d);
	*ret = total;
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_fd int fd = memfd_create("blob", MFD_CLOEXEC);
	char one[DIGEST_HEX + 1], other[DIGEST_HEX + 1];
	size_t n, m;

	if (size == 0)
		return 0;
	expect(fd >= 0 && fd_write_all(fd, data + 1, size - 1) == 0);
	int r = inflate_all(fd, 1 << 16, one, &n), s = inflate_all(fd, 1 + data[0] * 16U, other, &m);

	if (n >= PLAIN_MAX || m >= PLAIN_MAX)
		return 0;
	if (r == 0 && s == 0)
		expect(n == m && streq(one, other));
	/* not so with zstd: it checks the size that a frame states only where it can decode it in one go */
	if (data[1 % size] == GZIP_FIRST_BYTE)
		expect(r == s);
	return 0;
}
