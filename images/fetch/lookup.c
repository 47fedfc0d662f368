// SPDX-License-Identifier: Apache-2.0
/* lookup.c: whether a registry lets us in, what it has, and manifests. */
#include "images/fetch/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "images/digest_text.h"
#include "images/fetch/header.h"
#include "images/worker/harmless.h"

static const char manifest_types[] =
	"application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
	"application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

static bool was_answered(const struct exchange *x)
{
	return x->result == 0 && x->answer.status == 200;
}

/* "/v2/": whoever is let in there has the right credentials, or needs none. */
static void pinged(struct exchange *x)
{
	struct fetch_reply reply = { 0 };

	if (was_answered(x))
		job_done(x->owner, &reply);
	else
		job_refused(x->owner, "/v2/");
}

void job_ping(struct job *j)
{
	struct err e;

	j->x.done = pinged;
	if (fetcher_url(j->fetcher, &j->x.url, &e, "/v2/") < 0)
		job_failed(j, &e);
	else
		exchange_start(&j->x);
}

static void looked(struct exchange *x)
{
	struct job *j = x->owner;
	char what[JOB_WHAT_MAX];
	struct fetch_reply reply = { .there = was_answered(x) };

	if (x->result == 0 && (x->answer.status == 200 || x->answer.status == 404))
		job_done(j, &reply);
	else
		job_refused(j, job_what(j, what));
}

void job_exists(struct job *j)
{
	struct err e;

	j->x.method = METHOD_HEAD;
	j->x.done = looked;
	if (fetcher_url(j->fetcher, &j->x.url, &e, "blobs/sha256:%s", j->request.digest) < 0)
		job_failed(j, &e);
	else
		exchange_start(&j->x);
}

/* What the head says of a manifest: "" and 0 where it does not. */
static void take_head(const struct exchange *x, struct fetch_reply *ret)
{
	const char *hex = str_after(x->answer.digest, "sha256:");

	if (hex && digest_is_hex(hex))
		snprintf(ret->digest, sizeof(ret->digest), "%s", hex);
	(void)header_media_type(x->answer.type, ret->media_type, sizeof(ret->media_type)); /* else it stays "" */
	ret->bytes = x->answer.length == UINT64_MAX ? 0 : x->answer.length;
}

static int different(const struct job *j, const char *found, const char *expected, struct err *e)
{
	char what[JOB_WHAT_MAX];

	return err_say(e, EILSEQ, "%s: %s: what came has the digest sha256:%s, expected sha256:%s", j->fetcher->name,
		       job_what(j, what), found, expected);
}

/* The digest of what came, compared with what was asked for and with what the head says. */
static int check_manifest(const struct job *j, struct fetch_reply *reply, struct err *e)
{
	const struct exchange *x = &j->x;
	const char *wanted = str_after(j->request.reference, "sha256:");
	char hex[DIGEST_HEX + 1];
	int r = digest_of(x->body ? x->body : "", x->body_len, hex, e);

	if (r < 0)
		return r;
	if (wanted && !streq(hex, wanted))
		return different(j, hex, wanted, e);
	take_head(x, reply);
	if (reply->digest[0] && !streq(hex, reply->digest))
		return different(j, hex, reply->digest, e);
	snprintf(reply->digest, sizeof(reply->digest), "%s", hex);
	reply->bytes = x->body_len;
	return 0;
}

/* The same manifest may have been asked for before. */
static int keep_manifest(const struct job *j, const char *hex, struct err *e)
{
	int work = j->fetcher->work;
	auto_fd int fd = openat(work, hex, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? 0 : err_set(e, errno, "store a manifest");
	int r = fd_write_all(fd, j->x.body, j->x.body_len);

	if (r == 0)
		return 0;
	(void)unlinkat(work, hex, 0); /* nobody takes half of it for the whole: it is told below */
	return err_set(e, -r, "store a manifest");
}

static void manifest_came(struct exchange *x)
{
	struct job *j = x->owner;
	struct fetch_reply reply = { 0 };
	char what[JOB_WHAT_MAX];
	struct err e;

	if (!was_answered(x)) {
		job_refused(j, job_what(j, what));
		return;
	}
	int r = check_manifest(j, &reply, &e);

	if (r == 0 && j->request.kind == FETCH_MANIFEST)
		r = keep_manifest(j, reply.digest, &e);
	if (r < 0)
		job_failed(j, &e);
	else
		job_done(j, &reply);
}

static void ask_manifest(struct job *j, enum method method, void (*done)(struct exchange *x))
{
	struct err e;

	j->x.method = method;
	j->x.accept = manifest_types;
	j->x.body_max = MIN(j->request.bytes ? j->request.bytes : EXCHANGE_BODY_MAX, EXCHANGE_BODY_MAX);
	j->x.done = done;
	if (fetcher_url(j->fetcher, &j->x.url, &e, "manifests/%s", j->request.reference) < 0)
		job_failed(j, &e);
	else
		exchange_start(&j->x);
}

void job_manifest(struct job *j)
{
	ask_manifest(j, METHOD_GET, manifest_came);
}

/* A registry that does not answer HEAD, or without a digest, is asked for the whole. */
static void head_came(struct exchange *x)
{
	struct job *j = x->owner;
	struct fetch_reply reply = { 0 };
	int status = x->answer.status;
	char what[JOB_WHAT_MAX];

	if (x->result < 0 || (status != 200 && status != 400 && status != 405 && status != 501)) {
		job_refused(j, job_what(j, what));
		return;
	}
	take_head(x, &reply);
	const char *wanted = str_after(j->request.reference, "sha256:");
	struct err e;

	if (status != 200 || !reply.digest[0])
		ask_manifest(j, METHOD_GET, manifest_came);
	else if (wanted && !streq(wanted, reply.digest))
		job_failed(j, (different(j, reply.digest, wanted, &e), &e));
	else
		job_done(j, &reply);
}

void job_head(struct job *j)
{
	ask_manifest(j, METHOD_HEAD, head_came);
}
