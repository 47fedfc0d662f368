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

static int read_some(const struct input *in, void *buf, size_t room, size_t *ret_len, struct err *e)
{
	ssize_t n;

	do
		n = read(in->fd, buf, room);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(e, errno, "read the input");
	*ret_len = (size_t)n;
	return 0;
}

/* Return: 1: there may be more in the file, 0: no more will come, or -errno with @e filled */
static int wait_for_more(const struct input *in, struct err *e)
{
	char bytes[64]; /* each says the same */
	ssize_t n;

	do
		n = read(in->more, bytes, sizeof(bytes));
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_set(e, errno, "wait for the input") : n > 0;
}

/* After the pipe's end one more look: the last bytes came before it. */
static int read_growing(const struct input *in, void *buf, size_t room, size_t *ret_len, struct err *e)
{
	int r = read_some(in, buf, room, ret_len, e), more = 1;

	while (r == 0 && *ret_len == 0 && in->done_bytes < in->total_bytes && more > 0) {
		more = wait_for_more(in, e);
		r = more < 0 ? more : read_some(in, buf, room, ret_len, e);
	}
	if (r == 0 && *ret_len == 0 && in->done_bytes < in->total_bytes)
		return err_say(e, EREMOTEIO, "the blob ended after %" PRIu64 " of %" PRIu64 " bytes", in->done_bytes,
			       in->total_bytes);
	return r;
}

int input_read(struct input *in, void *buf, size_t room, size_t *ret_len, struct err *e)
{
	size_t n = 0;

	if (wanted(in) && !in->digest.ctx) {
		int r = digest_begin(&in->digest, e);

		if (r < 0)
			return r;
	}
	int r = in->grows ? read_growing(in, buf, room, &n, e) : read_some(in, buf, room, &n, e);

	if (r < 0)
		return r;
	in->done_bytes += n;
	if (in->total_bytes && in->done_bytes > in->total_bytes)
		return err_say(e, EINVAL, "the blob has more than the %" PRIu64 " bytes that it should have",
			       in->total_bytes);
	if (wanted(in))
		digest_add(&in->digest, buf, n);
	if (in->progress && in->done_bytes - in->reported_bytes >= REPORT_BYTES) {
		in->progress(in->progress_arg, in->done_bytes, in->total_bytes);
		in->reported_bytes = in->done_bytes;
	}
	*ret_len = n;
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
