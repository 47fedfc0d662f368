// SPDX-License-Identifier: Apache-2.0
/* What goes out through a sink comes back through a stream; the same bytes each time. Headers of archives that we write ourselves. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "images/tar_header.h"
#include "images/worker/sink.h"
#include "images/worker/stream.h"

#define BYTES (3 << 20)

/* Half of it compresses well, half does not. */
static char *material(void)
{
	char *data = malloc(BYTES);
	uint64_t x = 88172645463325252ULL;

	assert_non_null(data);
	for (size_t i = 0; i < BYTES; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = i < BYTES / 2 ? (char)(i / 1000) : (char)x;
	}
	return data;
}

static int write_all(const char *data, size_t len, enum work_compression kind, struct work_done *done)
{
	struct sink_options o = { .fd = memfd_create("sink", MFD_CLOEXEC), .compression = kind, .digest = true };
	struct sink *s = NULL;
	struct err e;

	assert_true(o.fd >= 0);
	assert_int_equal(sink_open(&o, &s, &e), 0);
	for (size_t at = 0; at < len; at += 70001)
		assert_int_equal(sink_write(s, data + at, MIN(len - at, (size_t)70001), &e), 0);
	assert_int_equal(sink_finish(s, done, &e), 0);
	sink_close(s);
	assert_int_equal(lseek(o.fd, 0, SEEK_SET), 0);
	return o.fd;
}

static void there_and_back(void **state)
{
	static const enum work_compression kinds[] = { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };
	auto_free char *data = material();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (int empty = 0; empty < 2; empty++) {
			size_t len = empty ? 0 : BYTES;
			struct work_done once = { 0 }, again = { 0 };
			auto_fd int fd = write_all(data, len, kinds[i], &once), second = write_all(data, len, kinds[i], &again);
			struct stream_options o = {
				.input = { .fd = fd, .total_bytes = once.packed_bytes, .expected = once.digest }, .digest = true,
			};
			char hex[DIGEST_HEX + 1];
			struct stream *s = NULL;
			const void *piece;
			size_t n = 1, at = 0;
			struct err e;

			assert_true(second >= 0);
			assert_string_equal(once.digest, again.digest);
			assert_int_equal(once.bytes, len);
			assert_int_equal(stream_open(&o, &s, &e), 0);
			for (; n > 0; at += n) {
				assert_int_equal(stream_next(s, &piece, &n, &e), 0);
				assert_true(at + n <= len);
				assert_memory_equal(piece, data + at, n);
			}
			assert_int_equal(at, len);
			assert_int_equal(stream_finish(s, hex, &e), 0);
			assert_string_equal(hex, once.diff_id);
			stream_close(s);
		}
}

static void a_pipe_that_nobody_reads(void **state)
{
	struct sink_options o = { .compression = COMPRESSION_NONE };
	struct sink *s = NULL;
	struct err e;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	o.fd = ends[1];
	assert_int_equal(sink_open(&o, &s, &e), 0);
	assert_int_equal(sink_write(s, "x", 1, &e), -EPIPE);
	sink_close(s);
	close(ends[1]);
}

/* What libarchive reads in them. */
static void headers(void **state)
{
	static const struct {
		const char *name;
		uint64_t size;
	} files[] = {
		{ "index.json", 0 }, { "index.json", 12345 }, { "blobs/", 0 }, { "big", (UINT64_C(1) << 33) - 1 },
		{ "bigger", UINT64_C(1) << 33 }, { "biggest", UINT64_C(1) << 50 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct archive *a = archive_read_new();
		struct archive_entry *entry;
		char block[TAR_BLOCK];

		tar_header(files[i].name, files[i].size, block);
		archive_read_support_format_tar(a);
		assert_int_equal(archive_read_open_memory(a, block, sizeof(block)), ARCHIVE_OK);
		assert_int_equal(archive_read_next_header(a, &entry), ARCHIVE_OK);
		assert_string_equal(archive_entry_pathname(entry), files[i].name);
		assert_int_equal(archive_entry_size(entry), files[i].size);
		assert_int_equal(archive_entry_mtime(entry), 0);
		assert_int_equal(archive_entry_uid(entry), 0);
		assert_int_equal(archive_entry_filetype(entry), files[i].name[strlen(files[i].name) - 1] == '/' ? AE_IFDIR : AE_IFREG);
		archive_read_free(a);
	}
	assert_int_equal(tar_padding(0), 0);
	assert_int_equal(tar_padding(1), 511);
	assert_int_equal(tar_padding(512), 0);
	assert_int_equal(tar_padding(513), 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(a_pipe_that_nobody_reads),
		cmocka_unit_test(headers),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
