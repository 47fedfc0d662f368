// SPDX-License-Identifier: Apache-2.0
/* The decoder of blobs: every form that a layer comes in, cut, damaged and in pieces. */
#include "worker_tar.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "images/worker/inflate.h"

#define PLAIN_BYTES 700001 /* more than the decoder's buffers, and no multiple of them */

static struct bytes plain;

static struct bytes gzip(const void *data, size_t n)
{
	struct isal_zstream s;
	struct bytes out = { .v = malloc(n + 1000) };

	assert_non_null(out.v);
	isal_deflate_init(&s);
	s.end_of_stream = 1;
	s.gzip_flag = IGZIP_GZIP;
	s.next_in = (uint8_t *)data;
	s.avail_in = (uint32_t)n;
	s.next_out = (uint8_t *)out.v;
	s.avail_out = (uint32_t)(n + 1000);
	assert_int_equal(isal_deflate(&s), COMP_OK);
	assert_int_equal(s.internal_state.state, ZSTATE_END);
	out.n = s.total_out;
	return out;
}

static struct bytes zstd(const void *data, size_t n)
{
	size_t room = ZSTD_compressBound(n);
	struct bytes out = { .v = malloc(room) };

	assert_non_null(out.v);
	out.n = ZSTD_compress(out.v, room, data, n, 3);
	assert_false(ZSTD_isError(out.n));
	return out;
}

/* Read all, @step bytes at a time. Return: 0 or -errno */
static int inflate_fd(int fd, enum work_compression kind, size_t step, struct bytes *ret, struct err *e)
{
	struct input in = { .fd = fd };
	struct inflate *z = NULL;
	char *buf = malloc(step);
	size_t n = step;
	int r = inflate_open(&in, kind, false, &z, e);

	while (r == 0 && n == step) {
		r = inflate_read(z, buf, step, &n, e);
		if (r == 0)
			bytes_add(ret, buf, n);
	}
	inflate_close(z);
	input_close(&in);
	free(buf);
	return r;
}

static int inflate_bytes(const struct bytes *b, size_t step, struct bytes *ret, struct err *e)
{
	auto_fd int fd = bytes_fd(b);

	return inflate_fd(fd, COMPRESSION_DETECT, step, ret, e);
}

static void assert_inflates(const struct bytes *b, const struct bytes *expected)
{
	static const size_t steps[] = { 1 << 20, 65536, 1000 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		auto_bytes struct bytes out = { 0 };
		struct err e;

		if (inflate_bytes(b, steps[i], &out, &e) < 0)
			fail_msg("%s", e.text);
		assert_int_equal(out.n, expected->n);
		assert_true(out.n == 0 || memcmp(out.v, expected->v, out.n) == 0);
	}
}

static void assert_refused(const struct bytes *b, const char *words)
{
	auto_bytes struct bytes out = { 0 };
	struct err e;

	assert_true(inflate_bytes(b, 65536, &out, &e) < 0);
	if (!strstr(e.text, words))
		fail_msg("\"%s\" lacks \"%s\"", e.text, words);
}

static void test_forms(void **state)
{
	auto_bytes struct bytes g = gzip(plain.v, plain.n), z = zstd(plain.v, plain.n), none = { 0 };
	const struct bytes one = { "x", 1 };

	(void)state;
	assert_inflates(&plain, &plain);
	assert_inflates(&g, &plain);
	assert_inflates(&z, &plain);
	assert_inflates(&none, &none);
	assert_inflates(&one, &one);
}

static void test_several(void **state)
{
	static const size_t cuts[] = { 0, 1, 2, 511, 65535, 65536, 262144, PLAIN_BYTES };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		auto_bytes struct bytes g = gzip(plain.v, cuts[i]), g2 = gzip(plain.v + cuts[i], plain.n - cuts[i]);
		auto_bytes struct bytes z = zstd(plain.v, cuts[i]), z2 = zstd(plain.v + cuts[i], plain.n - cuts[i]);
		/* a skippable frame of 3 bytes */
		static const char skip[] = { 0x55, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c' };
		auto_bytes struct bytes framed = { 0 };

		bytes_add(&g, g2.v, g2.n);
		assert_inflates(&g, &plain);
		bytes_add(&framed, skip, sizeof(skip));
		bytes_add(&framed, z.v, z.n);
		bytes_add(&framed, skip, sizeof(skip));
		bytes_add(&framed, z2.v, z2.n);
		assert_inflates(&framed, &plain);
	}
}

static void test_trailing(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} tails[] = { { "x", 1 }, { "\0\0\0\0", 4 }, { "garbage that is longer than a header", 36 }, { "\x1f", 1 },
		      { "\x1f\x8bnothing of the kind, really", 28 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		auto_bytes struct bytes g = gzip(plain.v, 1000), z = zstd(plain.v, 1000);

		bytes_add(&g, tails[i].bytes, tails[i].n);
		assert_refused(&g, "");
		bytes_add(&z, tails[i].bytes, tails[i].n);
		assert_refused(&z, "");
	}
	auto_bytes struct bytes g = gzip(plain.v, 1000);

	bytes_add(&g, "garbage", 7);
	assert_refused(&g, "something else after the end of the gzip data");
}

static void test_truncated(void **state)
{
	auto_bytes struct bytes g = gzip(plain.v, 20000), z = zstd(plain.v, 20000);

	(void)state;
	for (size_t n = COMPRESSION_MAGIC_MAX; n < g.n; n += n < 64 || n + 64 > g.n ? 1 : 97) {
		struct bytes cut = { g.v, n };

		assert_refused(&cut, "ends too early");
	}
	for (size_t n = COMPRESSION_MAGIC_MAX; n < z.n; n += n < 64 || n + 64 > z.n ? 1 : 97) {
		struct bytes cut = { z.v, n };

		assert_refused(&cut, "ends too early");
	}
}

static void test_damaged(void **state)
{
	auto_bytes struct bytes g = gzip(plain.v, 20000), z = zstd(plain.v, 20000);

	(void)state;
	g.v[g.n - 6] ^= 1; /* of the checksum */
	assert_refused(&g, "does not match its checksum");
	z.v[z.n / 2] ^= 0x55;
	z.v[z.n / 2 + 1] ^= 0x55;
	auto_bytes struct bytes out = { 0 };
	struct err e;

	/* without a checksum of its own zstd may not notice: then the digest does; it must not crash */
	(void)inflate_bytes(&z, 65536, &out, &e);
}

static void test_not_supported(void **state)
{
	const struct bytes xz = { "\xfd\x37zXZ\0 and so on", 16 }, bzip2 = { "BZh91AY&SY", 10 };
	/* a zstd frame header that asks for a window of 2^31 */
	const struct bytes window = { "\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00x", 10 };

	(void)state;
	assert_refused(&xz, "compressed with xz");
	assert_refused(&bzip2, "compressed with bzip2");
	assert_refused(&window, "window of more than 128 MiB");
}

/* From a pipe the bytes come one by one. */
static void test_pieces(void **state)
{
	auto_bytes struct bytes g = gzip("hello, world", 12), out = { 0 };
	int ends[2];
	struct err e;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		for (size_t i = 0; i < g.n; i++) {
			if (write(ends[1], g.v + i, 1) != 1)
				_exit(1);
			usleep(200);
		}
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(inflate_fd(ends[0], COMPRESSION_DETECT, 100, &out, &e), 0);
	close(ends[0]);
	assert_int_equal(out.n, 12);
	assert_memory_equal(out.v, "hello, world", 12);
}

static void test_input_checks(void **state)
{
	char hex[DIGEST_HEX + 1];
	struct bytes b = { "abc", 3 };
	char buf[16];
	size_t n;
	struct err e;

	(void)state;
	bytes_digest(&b, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	auto_fd int fd = bytes_fd(&b), fd2 = bytes_fd(&b), fd3 = bytes_fd(&b);
	struct input good = { .fd = fd, .total_bytes = 3, .expected = hex };

	assert_int_equal(input_read(&good, buf, sizeof(buf), &n, &e), 0);
	assert_int_equal(n, 3);
	assert_int_equal(input_check(&good, &e), 0);
	input_close(&good);
	struct input longer = { .fd = fd2, .total_bytes = 2 };

	assert_int_equal(input_read(&longer, buf, sizeof(buf), &n, &e), -EINVAL);
	struct input other = { .fd = fd3, .total_bytes = 4, .expected = hex };

	assert_int_equal(input_read(&other, buf, sizeof(buf), &n, &e), 0);
	assert_int_equal(input_check(&other, &e), -EINVAL);
	input_close(&other);
}

static int make_plain(void **state)
{
	(void)state;
	plain.v = malloc(PLAIN_BYTES);
	plain.n = PLAIN_BYTES;
	if (!plain.v)
		return -1;
	for (size_t i = 0; i < plain.n; i++) /* half of it compresses */
		plain.v[i] = (char)(i & 0x8000 ? i >> 4 : i * 2654435761U >> 13);
	return 0;
}

static int free_plain(void **state)
{
	(void)state;
	bytes_free(&plain);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),	   cmocka_unit_test(test_several),
		cmocka_unit_test(test_trailing),   cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damaged),	   cmocka_unit_test(test_not_supported),
		cmocka_unit_test(test_pieces),	   cmocka_unit_test(test_input_checks),
	};

	return cmocka_run_group_tests(tests, make_plain, free_plain);
}
