// SPDX-License-Identifier: Apache-2.0
#include "images/worker/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "images/worker/ahead.h"
#include "images/worker/inflate.h"

struct stream {
	struct stream_options o;
	struct inflate *inflate;
	struct digest digest;
	uint64_t bytes;
	struct ahead *ahead;
};

/* Runs in the thread: everything above but `ahead` is its own until it ends. */
static int produce(void *arg, void *buf, size_t room, size_t *ret_len, struct err *e)
{
	struct stream *s = arg;
	int r = inflate_read(s->inflate, buf, room, ret_len, e);

	if (r < 0)
		return r;
	s->bytes += *ret_len;
	if (s->o.max_bytes && s->bytes > s->o.max_bytes)
		return err_say(e, EFBIG, "it has more than %" PRIu64 " bytes uncompressed (the limit: --max-layer-size)",
			       s->o.max_bytes);
	if (s->o.digest)
		digest_add(&s->digest, buf, *ret_len);
	return *ret_len < room ? input_check(&s->o.input, e) : 0;
}

static int start(struct stream *s, struct err *e)
{
	int r = s->o.digest ? digest_begin(&s->digest, e) : 0;

	if (r == 0)
		r = inflate_open(&s->o.input, s->o.compression, s->o.small_window, &s->inflate, e);
	return r < 0 ? r : ahead_start(produce, s, &s->ahead, e);
}

int stream_open(const struct stream_options *o, struct stream **ret, struct err *e)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(e);
	s->o = *o;
	int r = start(s, e);

	if (r < 0) {
		stream_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

int stream_next(struct stream *s, const void **ret_data, size_t *ret_len, struct err *e)
{
	return ahead_next(s->ahead, ret_data, ret_len, e);
}

int stream_finish(struct stream *s, char hex[DIGEST_HEX + 1], struct err *e)
{
	const void *rest;
	size_t len = 0;

	do {
		int r = ahead_next(s->ahead, &rest, &len, e);

		if (r < 0)
			return r;
	} while (len > 0);
	return hex ? digest_end(&s->digest, hex, e) : 0;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	ahead_stop(s->ahead);
	inflate_close(s->inflate);
	digest_close(&s->digest);
	input_close(&s->o.input);
	free(s);
}
