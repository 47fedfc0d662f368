// SPDX-License-Identifier: Apache-2.0
#include "images/worker/inflate.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define INPUT_BYTES	(256 << 10)
#define GZIP_FIRST_BYTE 0x1f
#define ZSTD_WINDOW_LOG 27 /* 128 MiB */
#define ZSTD_SMALL_LOG	23 /* 8 MiB */

struct inflate {
	struct input *input;
	enum work_compression kind;
	unsigned char *in; /* INPUT_BYTES; [pos, len) is not used yet */
	size_t pos, len;
	bool ended;    /* the input has no more than that */
	bool inside;   /* a member or frame has begun and not ended */
	bool complete; /* at least one has ended */
	bool small_window;
	struct inflate_state *gzip;
	ZSTD_DStream *zstd;
};

int inflate_open(struct input *in, enum work_compression kind, bool small_window, struct inflate **ret, struct err *e)
{
	struct inflate *z = calloc(1, sizeof(*z));

	if (z)
		z->in = malloc(INPUT_BYTES);
	if (!z || !z->in) {
		inflate_close(z);
		return err_nomem(e);
	}
	z->input = in;
	z->kind = kind;
	z->small_window = small_window;
	*ret = z;
	return 0;
}

void inflate_close(struct inflate *z)
{
	if (!z)
		return;
	free(z->in);
	free(z->gzip);
	ZSTD_freeDStream(z->zstd);
	free(z);
}

int compression_of(const void *data, size_t len, struct err *e)
{
	static const struct {
		const char *bytes;
		size_t n;
		int kind; /* -1: not supported */
		const char *name;
	} magics[] = {
		{ "\x1f\x8b", 2, COMPRESSION_GZIP, "gzip" },
		{ "\x28\xb5\x2f\xfd", 4, COMPRESSION_ZSTD, "zstd" },
		{ "\xfd\x37zXZ\0", 6, -1, "xz" },
		{ "BZh", 3, -1, "bzip2" },
		{ "\x04\x22\x4d\x18", 4, -1, "lz4" },
	};
	const unsigned char *p = data;

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		if (len < magics[i].n || memcmp(p, magics[i].bytes, magics[i].n) != 0)
			continue;
		if (magics[i].kind >= 0)
			return magics[i].kind;
		return err_say(e, ENOTSUP, "it is compressed with %s: only gzip and zstd are supported", magics[i].name);
	}
	/* a skippable frame, RFC 8878 3.1.2: zstd:chunked layers may begin with one */
	if (len >= 4 && (p[0] & 0xf0) == 0x50 && memcmp(p + 1, "\x2a\x4d\x18", 3) == 0)
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

/* Have at least one unused byte of the input, if there is one. */
static int refill(struct inflate *z, struct err *e)
{
	if (z->pos < z->len || z->ended)
		return 0;
	z->pos = 0;
	z->len = 0;
	int r = input_read(z->input, z->in, INPUT_BYTES, &z->len, e);

	z->ended = r == 0 && z->len == 0;
	return r;
}

/* The first bytes may come one by one from a pipe. */
static int detect(struct inflate *z, struct err *e)
{
	while (z->len < COMPRESSION_MAGIC_MAX && !z->ended) {
		size_t n = 0;
		int r = input_read(z->input, z->in + z->len, INPUT_BYTES - z->len, &n, e);

		if (r < 0)
			return r;
		z->len += n;
		z->ended = n == 0;
	}
	int kind = compression_of(z->in, z->len, e);

	if (kind < 0)
		return kind;
	z->kind = (enum work_compression)kind;
	return 0;
}

static int truncated(struct err *e)
{
	return err_say(e, EINVAL, "the compressed data ends too early");
}

static int plain_read(struct inflate *z, unsigned char *out, size_t room, size_t *ret_len, struct err *e)
{
	size_t done = MIN(room, z->len - z->pos); /* what detect() has read */

	memcpy(out, z->in + z->pos, done);
	z->pos += done;
	while (done < room && !z->ended) {
		size_t n = 0;
		int r = input_read(z->input, out + done, room - done, &n, e);

		if (r < 0)
			return r;
		done += n;
		z->ended = n == 0;
	}
	*ret_len = done;
	return 0;
}

static int gzip_trailing(struct err *e)
{
	return err_say(e, EINVAL, "there is something else after the end of the gzip data");
}

static int gzip_failed(int code, bool complete, struct err *e)
{
	if (complete && code == ISAL_INVALID_WRAPPER)
		return gzip_trailing(e);
	if (code == ISAL_INCORRECT_CHECKSUM)
		return err_say(e, EINVAL, "the gzip data does not match its checksum");
	return err_say(e, EINVAL, "the gzip data is damaged");
}

static int gzip_begin(struct inflate *z, struct err *e)
{
	if (z->complete && z->in[z->pos] != GZIP_FIRST_BYTE) /* too short for a header, it would look like a truncated one */
		return gzip_trailing(e);
	if (!z->gzip)
		z->gzip = malloc(sizeof(*z->gzip));
	if (!z->gzip)
		return err_nomem(e);
	isal_inflate_init(z->gzip);
	z->gzip->crc_flag = ISAL_GZIP;
	z->inside = true;
	return 0;
}

/* One step. Return: 0, or -errno */
static int gzip_step(struct inflate *z, unsigned char *out, size_t room, size_t *ret_len, struct err *e)
{
	int r = z->inside ? 0 : gzip_begin(z, e);

	if (r < 0)
		return r;
	struct inflate_state *s = z->gzip;

	s->next_in = z->in + z->pos;
	s->avail_in = (uint32_t)(z->len - z->pos);
	s->next_out = out;
	s->avail_out = (uint32_t)room;
	int code = isal_inflate(s);

	if (code < 0)
		return gzip_failed(code, z->complete, e);
	z->pos = z->len - s->avail_in;
	*ret_len = room - s->avail_out;
	if (s->block_state == ISAL_BLOCK_FINISH) {
		z->inside = false;
		z->complete = true;
	}
	return 0;
}

static int zstd_failed(const struct inflate *z, size_t code, struct err *e)
{
	ZSTD_ErrorCode why = ZSTD_getErrorCode(code);

	if (why == ZSTD_error_memory_allocation)
		return err_nomem(e);
	if (why == ZSTD_error_frameParameter_windowTooLarge && z->small_window)
		return err_say(e, ENOBUFS, "the zstd data needs a window of more than 8 MiB");
	if (why == ZSTD_error_frameParameter_windowTooLarge)
		return err_say(e, EINVAL, "the zstd data needs a window of more than 128 MiB");
	if (z->complete && why == ZSTD_error_prefix_unknown)
		return err_say(e, EINVAL, "there is something else after the end of the zstd data");
	return err_say(e, EINVAL, "the zstd data is damaged (%s)", ZSTD_getErrorName(code));
}

static int zstd_step(struct inflate *z, unsigned char *out, size_t room, size_t *ret_len, struct err *e)
{
	ZSTD_inBuffer from = { .src = z->in, .size = z->len, .pos = z->pos };
	ZSTD_outBuffer to = { .dst = out, .size = room };

	if (!z->zstd) {
		int most = z->small_window ? ZSTD_SMALL_LOG : ZSTD_WINDOW_LOG;

		z->zstd = ZSTD_createDStream();
		if (!z->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(z->zstd, ZSTD_d_windowLogMax, most)))
			return err_nomem(e);
	}
	size_t code = ZSTD_decompressStream(z->zstd, &to, &from);

	if (ZSTD_isError(code))
		return zstd_failed(z, code, e);
	z->pos = from.pos;
	z->inside = code != 0;
	z->complete |= code == 0;
	*ret_len = to.pos;
	return 0;
}

/* Decode until @room is full or the data ends. */
static int decode(struct inflate *z, unsigned char *out, size_t room, size_t *ret_len, struct err *e)
{
	size_t done = 0;

	while (done < room) {
		size_t n = 0;
		int r = refill(z, e);

		if (r < 0)
			return r;
		if (z->pos == z->len && !z->inside) {
			if (!z->complete)
				return truncated(e);
			break;
		}
		size_t before = z->pos;

		r = z->kind == COMPRESSION_GZIP ? gzip_step(z, out + done, room - done, &n, e)
						: zstd_step(z, out + done, room - done, &n, e);
		if (r < 0)
			return r;
		if (z->inside && n == 0 && z->pos == before)
			return truncated(e);
		done += n;
	}
	*ret_len = done;
	return 0;
}

int inflate_read(struct inflate *z, void *buf, size_t room, size_t *ret_len, struct err *e)
{
	int r = z->kind == COMPRESSION_DETECT ? detect(z, e) : 0;

	if (r < 0)
		return r;
	return z->kind == COMPRESSION_NONE ? plain_read(z, buf, room, ret_len, e) : decode(z, buf, room, ret_len, e);
}
