// SPDX-License-Identifier: Apache-2.0
/*
 * push.c: a blob or a manifest goes to the registry.
 *
 * A blob that is not there yet, and can't be had from another repository, is sent in one piece, or in chunks where the registry
 * wants them or takes no piece so large. When the connection breaks, the registry is asked how far it has come, and the rest
 * goes as a chunk; one that does not know any more gets it anew.
 */
#include "images/fetch/job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "images/fetch/header.h"

#define CHUNK_BYTES (UINT64_C(16) << 20)
#define BEGUN_MAX   4 /* times */

/* The exchange for the next step: nothing of the last one stays but how often it has failed. */
static void prepare(struct job *j, enum method method, void (*done)(struct exchange *x))
{
	struct exchange *x = &j->x;

	x->method = method;
	x->done = done;
	x->again = NULL;
	x->moved = NULL;
	x->content_type = NULL;
	x->content_range[0] = '\0';
	x->scope[0] = '\0';
	x->upload = -1;
	x->upload_from = x->upload_bytes = 0;
}

static void fail(struct job *j, const struct err *e)
{
	struct err copy = *e; /* it may lie in the job */

	job_failed(j, &copy);
}

static void refused(struct job *j)
{
	char what[JOB_WHAT_MAX];

	job_refused(j, job_what(j, what));
}

static void is_there(struct job *j, bool before)
{
	struct fetch_reply reply = { .there = before, .bytes = j->request.bytes };

	job_done(j, &reply);
}

/* A registry that names another digest has stored something else. */
static int check_digest(const struct job *j, const char *expected, struct err *e)
{
	const char *said = j->x.answer.digest, *hex = str_after(said, "sha256:");
	char what[JOB_WHAT_MAX];

	if (!hex || streq(hex, expected)) /* it need not say anything, or may prefer another hash */
		return 0;
	return err_say(e, EILSEQ, "%s: %s: it has stored something else than was sent", j->fetcher->name, job_what(j, what));
}

static void begin_upload(struct job *j);
static void send_rest(struct job *j);

/* It forgot about the upload: begin anew, but not for ever. */
static void begin_again(struct job *j)
{
	if (j->out.begun >= BEGUN_MAX)
		refused(j);
	else
		begin_upload(j);
}

/* Where the next part goes: each answer may name another place. */
static int take_place(struct job *j, struct err *e)
{
	const struct exchange *x = &j->x;
	const struct url *from = &x->here;
	char what[JOB_WHAT_MAX];

	if (!x->answer.location[0])
		return 0;
	int r = url_read(from, x->answer.location, &j->out.place, e);

	if (r < 0)
		return err_wrap(e, "%s: %s: it wants it at", j->fetcher->name, job_what(j, what));
	if (from->tls && !j->out.place.tls)
		return err_say(e, EACCES, "%s: %s: it wants it at an http address, where nothing is sent", j->fetcher->name,
			       job_what(j, what));
	return 0;
}

/* How far has it come? */

static void state_came(struct exchange *x)
{
	struct job *j = x->owner;
	struct outgoing *out = &j->out;
	uint64_t have;
	struct err e;

	if (x->result < 0) {
		refused(j);
		return;
	}
	if (x->answer.status != 204 || !header_received(x->answer.range, &have) || have > j->request.bytes) {
		begin_again(j);
		return;
	}
	if (have > out->have)
		x->progress += have - out->have;
	out->have = have;
	if (take_place(j, &e) < 0)
		fail(j, &e);
	else
		send_rest(j);
}

static void ask_state(struct exchange *x)
{
	struct job *j = x->owner;

	prepare(j, METHOD_GET, state_came);
	x->again = ask_state;
	x->url = j->out.place;
	exchange_go(x);
}

/* The last step: it is all there, and shall be a blob. */
static void closed(struct exchange *x)
{
	struct job *j = x->owner;
	struct err e;

	if (x->result == 0 && x->answer.status == 413 && !j->out.chunk_bytes) {
		j->out.chunk_bytes = CHUNK_BYTES; /* too large in one piece */
		begin_again(j);
	} else if (x->result == 0 && x->answer.status == 404) {
		begin_again(j);
	} else if (x->result < 0 || x->answer.status < 200 || x->answer.status > 299) {
		refused(j);
	} else if (check_digest(j, j->request.digest, &e) < 0) {
		fail(j, &e);
	} else {
		is_there(j, false);
	}
}

static void chunk_sent(struct exchange *x)
{
	struct job *j = x->owner;
	struct outgoing *out = &j->out;
	uint64_t have = out->have + x->upload_bytes;
	struct err e;

	if (x->result == 0 && (x->answer.status == 404 || x->answer.status == 416)) {
		begin_again(j);
		return;
	}
	if (x->result < 0 || x->answer.status < 200 || x->answer.status > 299) {
		refused(j);
		return;
	}
	(void)header_received(x->answer.range, &have); /* else it has taken all of the chunk */
	if (have <= out->have || have > out->have + x->upload_bytes) {
		begin_again(j);
		return;
	}
	x->progress += have - out->have;
	out->have = have;
	if (take_place(j, &e) < 0)
		fail(j, &e);
	else
		send_rest(j);
}

static void bytes_sent(struct exchange *x)
{
	struct job *j = x->owner;

	job_progress(j, j->out.have + x->sent, j->request.bytes);
}

/* All of it, the next chunk, or the end of it. */
static void send_rest(struct job *j)
{
	struct exchange *x = &j->x;
	struct outgoing *out = &j->out;
	uint64_t left = j->request.bytes - out->have;
	bool last = left == 0 || (out->have == 0 && !out->chunk_bytes);
	char digest[sizeof("sha256:") + DIGEST_HEX];
	struct err e;

	prepare(j, last ? METHOD_PUT : METHOD_PATCH, last ? closed : chunk_sent);
	x->again = ask_state;
	x->moved = bytes_sent;
	x->content_type = "application/octet-stream";
	x->upload = j->fd;
	x->upload_from = out->have;
	x->upload_bytes = last || !out->chunk_bytes ? left : MIN(left, out->chunk_bytes);
	x->url = out->place;
	if (!last)
		snprintf(x->content_range, sizeof(x->content_range), "%" PRIu64 "-%" PRIu64, out->have,
			 out->have + x->upload_bytes - 1);
	snprintf(digest, sizeof(digest), "sha256:%s", j->request.digest);
	if (last && url_add(&x->url, "digest", digest, &e) < 0)
		fail(j, &e);
	else
		exchange_go(x);
}

/* The first step: a place to send it to, or it is there after all. */

/* A registry may want chunks, not smaller than it says. */
static uint64_t chunk_bytes(const char *least)
{
	uint64_t bytes;

	return str_to_u64(least, INT64_MAX, &bytes) == 0 && bytes ? MAX(bytes, CHUNK_BYTES) : 0;
}

static void upload_begun(struct exchange *x)
{
	struct job *j = x->owner;
	bool mounting = x->scope[0];
	struct err e;

	if (mounting && x->result == 0 && x->answer.status == 201) {
		is_there(j, true);
		return;
	}
	if (mounting && (x->result == -EACCES || (x->result == 0 && x->answer.status != 202))) {
		j->request.mount_from[0] = '\0'; /* then without */
		begin_upload(j);
		return;
	}
	if (x->result < 0 || x->answer.status != 202 || !x->answer.location[0]) {
		refused(j);
		return;
	}
	if (!j->out.chunk_bytes)
		j->out.chunk_bytes = chunk_bytes(x->answer.chunk_min);
	if (take_place(j, &e) < 0)
		fail(j, &e);
	else
		send_rest(j);
}

static void begin_upload(struct job *j)
{
	struct exchange *x = &j->x;
	const char *from = j->request.mount_from;
	char digest[sizeof("sha256:") + DIGEST_HEX];
	struct err e;

	j->out.have = 0;
	j->out.begun++;
	prepare(j, METHOD_POST, upload_begun);
	snprintf(digest, sizeof(digest), "sha256:%s", j->request.digest);
	int r = fetcher_url(j->fetcher, &x->url, &e, "blobs/uploads/");

	if (r == 0 && from[0]) {
		snprintf(x->scope, sizeof(x->scope), "repository:%s:pull", from);
		r = url_add(&x->url, "mount", digest, &e);
		if (r == 0)
			r = url_add(&x->url, "from", from, &e);
	}
	if (r < 0)
		fail(j, &e);
	else
		exchange_go(x);
}

static void looked(struct exchange *x)
{
	struct job *j = x->owner;

	if (x->result == 0 && x->answer.status == 200)
		is_there(j, true);
	else if (x->result == 0 && x->answer.status != 403)
		begin_upload(j);
	else
		refused(j);
}

void job_put_blob(struct job *j)
{
	struct err e;
	struct stat st;

	prepare(j, METHOD_HEAD, looked);
	if (j->fd < 0 || fstat(j->fd, &st) < 0 || (uint64_t)st.st_size != j->request.bytes)
		job_failed(j, (err_say(&e, EINVAL, "the blob to be sent has not the size that it should have"), &e));
	else if (fetcher_url(j->fetcher, &j->x.url, &e, "blobs/sha256:%s", j->request.digest) < 0)
		fail(j, &e);
	else
		exchange_start(&j->x);
}

/* A manifest. */

static void manifest_sent(struct exchange *x)
{
	struct job *j = x->owner;
	struct fetch_reply reply = { .bytes = x->upload_bytes };
	struct err e;

	snprintf(reply.digest, sizeof(reply.digest), "%s", j->request.digest);
	if (x->result < 0 || x->answer.status < 200 || x->answer.status > 299)
		refused(j);
	else if (check_digest(j, reply.digest, &e) < 0)
		fail(j, &e);
	else
		job_done(j, &reply);
}

/* Its digest becomes the request's, to be compared with what the registry has stored. */
static int digest_manifest(struct job *j, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;

	if (j->fd < 0 || lseek(j->fd, 0, SEEK_SET) < 0)
		return err_say(e, EINVAL, "there is no manifest to be sent");
	int r = file_read_fd(j->fd, "the manifest", EXCHANGE_BODY_MAX, &text, &len, e);

	if (r < 0)
		return r;
	j->x.upload_bytes = len;
	return digest_of(text, len, j->request.digest, e);
}

void job_put_manifest(struct job *j)
{
	struct err e;

	prepare(j, METHOD_PUT, manifest_sent);
	j->x.upload = j->fd;
	j->x.content_type = j->request.media_type;
	int r = fetcher_url(j->fetcher, &j->x.url, &e, "manifests/%s", j->request.reference);

	if (r == 0)
		r = digest_manifest(j, &e);
	if (r < 0)
		fail(j, &e);
	else
		exchange_start(&j->x);
}
