// SPDX-License-Identifier: Apache-2.0
#include "images/worker/sink.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/fd.h"

#define OUTPUT_BYTES (256 << 10)
#define REPORT_BYTES (8 << 20)
#define GZIP_LEVEL   2
#define ZSTD_LEVEL   3

struct sink {
	struct sink_options o;
	struct digest plain, packed;
	uint64_t plain_bytes, packed_bytes, reported_bytes;
	unsigned char *out; /* OUTPUT_BYTES */
	struct isal_zstream *gzip;
	unsigned char *gzip_buffer;
	ZSTD_CCtx *zstd;
};

static int put(struct sink *s, const void *data, size_t len, struct err *e)
{
	int r = fd_write_all(s->o.fd, data, len);

	if (r < 0)
		return err_set(e, -r, "write the output");
	s->packed_bytes += len;
	if (s->o.digest)
		digest_add(&s->packed, data, len);
	return 0;
}

static int pass_on(struct sink *s, const void *data, size_t len, bool last, struct err *e)
{
	(void)last;
	return len ? put(s, data, len, e) : 0;
}

static int open_gzip(struct sink *s, struct err *e)
{
	s->out = malloc(OUTPUT_BYTES);
	s->gzip = malloc(sizeof(*s->gzip));
	s->gzip_buffer = malloc(ISAL_DEF_LVL2_DEFAULT);
	if (!s->out || !s->gzip || !s->gzip_buffer)
		return err_nomem(e);
	isal_deflate_init(s->gzip);
	s->gzip->level = GZIP_LEVEL;
	s->gzip->level_buf = s->gzip_buffer;
	s->gzip->level_buf_size = ISAL_DEF_LVL2_DEFAULT;
	s->gzip->gzip_flag = IGZIP_GZIP; /* with a header that says nothing */
	return 0;
}

static int gzip(struct sink *s, const void *data, size_t len, bool last, struct err *e)
{
	struct isal_zstream *z = s->gzip;

	z->next_in = (uint8_t *)data;
	z->avail_in = (uint32_t)len;
	z->end_of_stream = last;
	do {
		z->next_out = s->out;
		z->avail_out = OUTPUT_BYTES;
		if (isal_deflate(z) != COMP_OK)
			return err_say(e, EIO, "compress with gzip");
		int r = put(s, s->out, OUTPUT_BYTES - z->avail_out, e);

		if (r < 0)
			return r;
	} while (z->avail_out == 0);
	return 0;
}

static int open_zstd(struct sink *s, struct err *e)
{
	s->out = malloc(OUTPUT_BYTES);
	s->zstd = ZSTD_createCCtx();
	if (!s->out || !s->zstd)
		return err_nomem(e);
	size_t code = ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);

	return ZSTD_isError(code) ? err_say(e, EIO, "set up zstd: %s", ZSTD_getErrorName(code)) : 0;
}

static int zstd(struct sink *s, const void *data, size_t len, bool last, struct err *e)
{
	ZSTD_inBuffer in = { .src = data, .size = len };
	size_t left;

	do {
		ZSTD_outBuffer out = { .dst = s->out, .size = OUTPUT_BYTES };

		left = ZSTD_compressStream2(s->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_say(e, EIO, "compress with zstd: %s", ZSTD_getErrorName(left));
		int r = put(s, s->out, out.pos, e);

		if (r < 0)
			return r;
	} while (last ? left > 0 : in.pos < in.size);
	return 0;
}

static const struct {
	int (*open)(struct sink *s, struct err *e);
	int (*write)(struct sink *s, const void *data, size_t len, bool last, struct err *e);
} kinds[] = {
	[COMPRESSION_NONE] = { NULL, pass_on },
	[COMPRESSION_GZIP] = { open_gzip, gzip },
	[COMPRESSION_ZSTD] = { open_zstd, zstd },
};

static int start(struct sink *s, struct err *e)
{
	unsigned kind = s->o.compression;
	int r = 0;

	if (kind >= ARRAY_SIZE(kinds) || !kinds[kind].write)
		return err_say(e, EINVAL, "no such compression");
	if (s->o.digest) {
		r = digest_begin(&s->plain, e);
		if (r == 0)
			r = digest_begin(&s->packed, e);
	}
	return r == 0 && kinds[kind].open ? kinds[kind].open(s, e) : r;
}

int sink_open(const struct sink_options *o, struct sink **ret, struct err *e)
{
	struct sink *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(e);
	s->o = *o;
	int r = start(s, e);

	if (r < 0)
		sink_close(s);
	else
		*ret = s;
	return r;
}

int sink_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	s->plain_bytes += len;
	if (s->o.digest)
		digest_add(&s->plain, data, len);
	if (s->o.progress && s->plain_bytes - s->reported_bytes >= REPORT_BYTES) {
		s->o.progress(s->o.progress_arg, s->plain_bytes, 0);
		s->reported_bytes = s->plain_bytes;
	}
	return kinds[s->o.compression].write(s, data, len, false, e);
}

int sink_finish(struct sink *s, struct work_done *ret, struct err *e)
{
	int r = kinds[s->o.compression].write(s, NULL, 0, true, e);

	if (r == 0 && s->o.digest)
		r = digest_end(&s->plain, ret->diff_id, e);
	if (r == 0 && s->o.digest)
		r = digest_end(&s->packed, ret->digest, e);
	ret->bytes = s->plain_bytes;
	ret->packed_bytes = s->packed_bytes;
	return r;
}

void sink_close(struct sink *s)
{
	if (!s)
		return;
	digest_close(&s->plain);
	digest_close(&s->packed);
	free(s->out);
	free(s->gzip);
	free(s->gzip_buffer);
	ZSTD_freeCCtx(s->zstd);
	free(s);
}
