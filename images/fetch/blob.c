// SPDX-License-Identifier: Apache-2.0
/*
 * blob.c: a blob comes. It is written as it comes, in order, and hashed. When the connection breaks, the next try asks for what
 * is missing; a registry that sends all of it again is listened to until it comes to that. So whoever reads along in the file
 * never sees a byte change.
 */
#include "images/fetch/job.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "images/fetch/header.h"

static int wrong_length(const struct job *j, const char *how, uint64_t bytes, struct err *e)
{
	char what[JOB_WHAT_MAX];

	return err_say(e, EILSEQ, "%s: %s is %s than the %" PRIu64 " bytes it should have: %" PRIu64, j->fetcher->name,
		       job_what(j, what), how, j->request.bytes, bytes);
}

/* What this try's answer begins with, and whether it can be the blob. */
static int begin(struct job *j, struct err *e)
{
	const struct exchange *x = &j->x;
	struct incoming *in = &j->in;
	uint64_t first = 0, last, total = UINT64_MAX, announced = x->answer.length;
	char what[JOB_WHAT_MAX];

	in->begun = true;
	if (x->answer.status == 206) {
		if (!header_content_range(x->answer.content_range, &first, &last, &total) || first > in->have)
			return err_say(e, EPROTO, "%s: %s: it answers with a range that was not asked for", j->fetcher->name,
				       job_what(j, what));
		if (total != UINT64_MAX && total != j->request.bytes)
			return wrong_length(j, total < j->request.bytes ? "shorter" : "longer", total, e);
	}
	in->skip = in->have - first;
	if (announced == UINT64_MAX || x->answer.status == 206 || announced == j->request.bytes)
		return 0;
	return wrong_length(j, announced < j->request.bytes ? "shorter" : "longer", announced, e);
}

/* Who reads along is told that there is more; one that has not listened yet knows that already. */
static void tell_reader(const struct job *j)
{
	if (j->fd >= 0)
		(void)!write(j->fd, "", 1); /* full, or nobody there: both are fine */
}

static int more_came(struct exchange *x, const void *data, size_t len, struct err *e)
{
	struct job *j = x->owner;
	struct incoming *in = &j->in;
	int r = in->begun ? 0 : begin(j, e);

	if (r < 0)
		return r;
	size_t known = MIN(len, in->skip);

	in->skip -= known;
	data = (const char *)data + known;
	len -= known;
	if (len == 0)
		return 0;
	if (len > j->request.bytes - in->have)
		return wrong_length(j, "longer", in->have + len, e);
	r = fd_write_all(in->file, data, len);
	if (r < 0)
		return err_set(e, -r, "store a blob");
	digest_add(&in->digest, data, len);
	in->have += len;
	x->progress += len; /* what came before does not count: it would never end */
	tell_reader(j);
	job_progress(j, in->have, j->request.bytes);
	return 0;
}

static int check(struct job *j, struct err *e)
{
	struct incoming *in = &j->in;
	char hex[DIGEST_HEX + 1], what[JOB_WHAT_MAX];

	if (in->have != j->request.bytes)
		return wrong_length(j, "shorter", in->have, e);
	int r = digest_end(&in->digest, hex, e);

	if (r < 0 || streq(hex, j->request.digest))
		return r;
	return err_say(e, EILSEQ, "%s: %s: what came has the digest sha256:%s", j->fetcher->name, job_what(j, what), hex);
}

static void finish(struct job *j)
{
	struct fetch_reply reply = { .bytes = j->request.bytes };
	struct err e;

	if (check(j, &e) < 0)
		job_failed(j, &e);
	else
		job_done(j, &reply);
}

/* Ask for what is missing. */
static void send_try(struct exchange *x)
{
	struct job *j = x->owner;
	struct incoming *in = &j->in;

	if (in->have == j->request.bytes && in->have) { /* it broke after its last byte */
		finish(j);
		return;
	}
	in->begun = false;
	in->skip = 0;
	x->range[0] = '\0';
	if (in->have && !in->whole)
		snprintf(x->range, sizeof(x->range), "bytes=%" PRIu64 "-", in->have);
	exchange_send(x);
}

/* A registry that makes nothing of a range: one that is none, or the answer is another one. */
static bool misunderstood(const struct exchange *x)
{
	int status = x->answer.status;

	return x->range[0] && ((x->result == 0 && status == 416) || (x->result == -EPROTO && status == 206));
}

/* The end of a try that was answered, or of the last one. */
static void came(struct exchange *x)
{
	struct job *j = x->owner;
	struct incoming *in = &j->in;
	int status = x->answer.status;
	char what[JOB_WHAT_MAX];
	struct err e = x->e;

	if (misunderstood(x) && !in->whole) {
		in->whole = true;
		exchange_due(x);
	} else if (x->result == 0 && (status == 200 || status == 206)) {
		finish(j);
	} else {
		if (x->result == 0)
			(void)exchange_refused(x, job_what(j, what), &e);
		job_failed(j, &e);
	}
}

static int open_blob(struct job *j, struct err *e)
{
	struct incoming *in = &j->in;
	int r = fetcher_url(j->fetcher, &j->x.url, e, "blobs/sha256:%s", j->request.digest);

	if (r < 0)
		return r;
	if (j->fd >= 0 && fcntl(j->fd, F_SETFL, O_NONBLOCK) < 0)
		return err_set(e, errno, "prepare the pipe");
	(void)unlinkat(j->fetcher->work, j->request.digest, 0); /* of a request that has failed; mostly there is none */
	in->file = openat(j->fetcher->work, j->request.digest, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return in->file < 0 ? err_set(e, errno, "store a blob") : digest_begin(&in->digest, e);
}

void job_blob(struct job *j)
{
	struct err e;

	j->x.sink = more_came;
	j->x.again = send_try;
	j->x.done = came;
	if (open_blob(j, &e) < 0)
		job_failed(j, &e);
	else
		exchange_start(&j->x);
}
