// SPDX-License-Identifier: Apache-2.0
#include "images/worker/content.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "images/worker/harmless.h"

/* Zeroes are looked for in pieces that begin at multiples of this: shorter holes would only scatter a file. */
#define PIECE_BYTES 32768U

static bool is_zero(const char *data, size_t len)
{
	return *data == 0 && memcmp(data, data + 1, len - 1) == 0;
}

static int write_all(int fd, const char *data, size_t len, uint64_t offset)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(fd, data + done, len - done, (off_t)(offset + done));

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

/* Neighbouring pieces that have something in them go out in one call. Return: where the last one ended, 0: none, or -errno */
static int64_t write_pieces(int fd, const char *data, size_t len, uint64_t offset)
{
	size_t from = 0; /* what lies between this and @at is to be written */
	int64_t end = 0;

	for (size_t at = 0, next; end >= 0 && at < len; at = next) {
		next = MIN(len, at + PIECE_BYTES - (offset + at) % PIECE_BYTES);
		bool hole = is_zero(data + at, next - at);
		size_t to = hole ? at : next;

		if (to > from && (hole || next == len)) {
			int r = write_all(fd, data + from, to - from, offset + from);

			end = r < 0 ? r : (int64_t)(offset + to);
		}
		from = hole ? next : from;
	}
	return end;
}

int content_write(struct tar *tar, const struct tar_entry *entry, int fd, struct err *e)
{
	char shown[HARMLESS_MAX];
	uint64_t offset;
	int64_t end = 0, r = 0;
	const void *data;
	size_t len;
	int more = 0;

	while (r >= 0 && (more = tar_data(tar, &data, &len, &offset, e)) > 0) {
		r = write_pieces(fd, data, len, offset);
		end = MAX(end, r);
	}
	if (more < 0)
		return more;
	if (r >= 0 && end < (int64_t)entry->size && ftruncate(fd, (off_t)entry->size) < 0) /* a hole at the end */
		r = -errno;
	return r < 0 ? err_set(e, (int)-r, "write %s", harmless(entry->name, shown)) : 0;
}
