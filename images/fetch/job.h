/* SPDX-License-Identifier: Apache-2.0 */
/* job.h: one request of the parent while it is served. */
#ifndef IMAGES_FETCH_JOB_H
#define IMAGES_FETCH_JOB_H

#include "base/arena.h"
#include "base/str.h"
#include "images/fetch/exchange.h"
#include "images/worker/digest.h"

/* A blob on its way here. */
struct incoming {
	int file;
	struct digest digest;
	uint64_t have;	  /* of it in the file */
	uint64_t skip;	  /* of what comes now is there already */
	bool begun;	  /* this try's answer has been looked at */
	bool whole;	  /* Range has not been understood: ask for everything */
};

/* A blob on its way there. */
struct outgoing {
	struct url place;     /* where the registry wants it */
	uint64_t have;	      /* of it there */
	uint64_t chunk_bytes; /* no more at once; 0: all of it */
	uint32_t begun;	      /* how often */
};

/* A list that comes in pages. */
struct pages {
	struct arena arena;
	struct strv names;
	size_t bytes, n;
};

struct job {
	struct job *next;
	struct fetcher *fetcher;
	struct fetch_request request;
	int fd; /* what came with it; -1 */
	struct exchange x;
	int64_t told_us; /* when the parent has last heard of progress */
	struct incoming in;
	struct outgoing out;
	struct pages pages;
};

/* How each kind of request begins: it calls job_done() or job_failed() at some time. */
typedef void (*job_begin)(struct job *j);
extern const job_begin job_kinds[FETCH_KINDS];

void job_ping(struct job *j);	   /* lookup.c */
void job_head(struct job *j);
void job_manifest(struct job *j);
void job_exists(struct job *j);
void job_put_manifest(struct job *j); /* push.c */
void job_put_blob(struct job *j);
void job_blob(struct job *j);	   /* blob.c */
void job_tags(struct job *j);	   /* listing.c */
void job_search(struct job *j);

struct job *job_new(struct fetcher *f, const struct fetch_request *request, int fd);
void job_free(struct job *j);

/* Tell the parent, and end it; @j is gone afterwards. */
void job_done(struct job *j, struct fetch_reply *reply);
void job_failed(struct job *j, const struct err *e);

/* Tell the parent how far it has come, now and then. */
void job_progress(struct job *j, uint64_t done, uint64_t total);

/* The exchange has failed, or was answered with a status that @what can't have: the job ends. */
void job_refused(struct job *j, const char *what);

/* "manifest NAME:TAG", "blob sha256:…": what it is about, for messages. */
#define JOB_WHAT_MAX 448
const char *job_what(const struct job *j, char buf[JOB_WHAT_MAX]);

#endif
