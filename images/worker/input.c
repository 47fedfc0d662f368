// SPDX-License-Identifier: Apache-2.0
#include "images/worker/input.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#define REPORT_BYTES (8 << 20)

static bool wanted(const struct input *in)
{
	return in->expected && *in->expected;
}

int input_read(struct input *in, void *buf, size_t room, size_t *ret_len, struct err *e)
{
	ssize_t n;

	if (wanted(in) && !in->digest.ctx) {
		int r = digest_begin(&in->digest, e);

		if (r < 0)
			return r;
	}
	do
		n = read(in->fd, buf, room);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(e, errno, "read the input");
	in->done_bytes += (uint64_t)n;
	if (in->total_bytes && in->done_bytes > in->total_bytes)
		return err_say(e, EINVAL, "the blob has more than the %" PRIu64 " bytes that it should have",
			       in->total_bytes);
	if (wanted(in))
		digest_add(&in->digest, buf, (size_t)n);
	if (in->progress && in->done_bytes - in->reported_bytes >= REPORT_BYTES) {
		in->progress(in->progress_arg, in->done_bytes, in->total_bytes);
		in->reported_bytes = in->done_bytes;
	}
	*ret_len = (size_t)n;
	return 0;
}

int input_check(struct input *in, struct err *e)
{
	char found[DIGEST_HEX + 1];

	if (in->total_bytes && in->done_bytes != in->total_bytes)
		return err_say(e, EINVAL, "the blob has %" PRIu64 " bytes and should have %" PRIu64, in->done_bytes,
			       in->total_bytes);
	if (!wanted(in))
		return 0;
	int r = digest_end(&in->digest, found, e);

	if (r < 0)
		return r;
	if (!streq(found, in->expected))
		return err_say(e, EINVAL, "layer sha256:%s does not match its digest (found sha256:%s)", in->expected,
			       found);
	return 0;
}

void input_close(struct input *in)
{
	digest_close(&in->digest);
}
