// SPDX-License-Identifier: Apache-2.0
#include "images/fetch/job.h"

#include <errno.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/timestamp.h"

#define TELL_US 100000 /* a bar on a terminal wants no more */

const job_begin job_kinds[FETCH_KINDS] = {
	[FETCH_PING] = job_ping,
	[FETCH_HEAD] = job_head,
	[FETCH_MANIFEST] = job_manifest,
	[FETCH_BLOB] = job_blob,
	[FETCH_EXISTS] = job_exists,
	[FETCH_PUT_BLOB] = job_put_blob,
	[FETCH_PUT_MANIFEST] = job_put_manifest,
	[FETCH_TAGS] = job_tags,
	[FETCH_SEARCH] = job_search,
};

struct job *job_new(struct fetcher *f, const struct fetch_request *request, int fd)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->fetcher = f;
	j->request = *request;
	j->fd = fd;
	j->in.file = -1;
	exchange_init(&j->x, f, METHOD_GET);
	j->x.owner = j;
	return j;
}

void job_free(struct job *j)
{
	exchange_close(&j->x);
	fd_close(&j->fd);
	fd_close(&j->in.file);
	digest_close(&j->in.digest);
	arena_free(&j->pages.arena);
	free(j);
}

static void answer(struct job *j, struct fetch_reply *reply)
{
	struct fetcher *f = j->fetcher;

	reply->id = j->request.id;
	(void)fetcher_answer(f, reply); /* without memory for a word nobody can be told anything */
	fetcher_job_ended(f, j);
	job_free(j);
}

void job_done(struct job *j, struct fetch_reply *reply)
{
	reply->type = FETCH_DONE;
	answer(j, reply);
}

void job_failed(struct job *j, const struct err *e)
{
	struct fetch_reply reply = { .type = FETCH_FAILED, .status = j->x.answer.status, .err = *e };

	answer(j, &reply);
}

void job_refused(struct job *j, const char *what)
{
	struct err e = j->x.e;

	if (j->x.result == 0)
		(void)exchange_refused(&j->x, what, &e);
	job_failed(j, &e);
}

void job_progress(struct job *j, uint64_t done, uint64_t total)
{
	struct fetch_reply reply = { .type = FETCH_PROGRESS, .id = j->request.id, .done = done, .total = total };
	int64_t now = clock_us();

	if (now - j->told_us < TELL_US)
		return;
	j->told_us = now;
	(void)fetcher_answer(j->fetcher, &reply); /* the next one tells more */
}

const char *job_what(const struct job *j, char buf[JOB_WHAT_MAX])
{
	const struct fetch_request *q = &j->request;
	const char *repository = j->fetcher->settings.repository;

	if (q->digest[0])
		snprintf(buf, JOB_WHAT_MAX, "blob sha256:%.12s of %s", q->digest, repository);
	else if (q->reference[0])
		snprintf(buf, JOB_WHAT_MAX, "%s%s%s", repository, strchr(q->reference, ':') ? "@" : ":", q->reference);
	else
		snprintf(buf, JOB_WHAT_MAX, "%s", repository);
	return buf;
}
