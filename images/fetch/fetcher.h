/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetcher.h: what all requests to one repository of one registry share, and the loop that serves them. One thread: whatever
 * waits is in a list here, and goes on by a function of its own.
 */
#ifndef IMAGES_FETCH_FETCHER_H
#define IMAGES_FETCH_FETCHER_H

#include <curl/curl.h>

#include "images/fetch.h"
#include "images/fetch/challenge.h"
#include "images/fetch/url.h"

struct exchange;
struct job;
struct token;

/* An answer that the parent has not taken yet. */
struct answer_waiting {
	struct answer_waiting *next;
	struct fetch_reply reply;
};

struct fetcher {
	struct fetch_session settings;
	struct url origin;   /* of the registry */
	char name[URL_NAME_MAX]; /* of it, for messages */
	int sock, work;
	CURLM *multi;

	bool answered;		    /* the registry has, something: it is there */
	struct challenge challenge; /* how it wants to be told who is asking, since it has said so */
	struct token *tokens;

	struct job *queued, **queued_end, *active; /* as they came; those that are served */
	size_t n_active;
	struct exchange *paused; /* until their time has come */
	struct answer_waiting *answers, **answers_end;
};

/**
 * fetcher_open() - Make ready what needs the machine's files, before they are out of reach
 * @settings:	Copied
 *
 * Return: 0, or -errno with @e filled
 */
int fetcher_open(struct fetcher *f, const struct fetch_session *settings, int sock, struct err *e);

/* Serve requests until the parent has gone. Return: 0, or -errno with @e filled */
int fetcher_run(struct fetcher *f, struct err *e);

/* Forget it all, secrets first. */
void fetcher_close(struct fetcher *f);

/* Tell the parent. What it does not take at once is kept, but for progress. Return: 0 or -ENOMEM */
int fetcher_answer(struct fetcher *f, const struct fetch_reply *reply);

/* A path of the registry's, of "/v2/REPOSITORY/…" where @path does not begin with a slash. */
int fetcher_url(const struct fetcher *f, struct url *ret, struct err *e, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Begin with the requests that there is room for, now that one has ended. */
void fetcher_job_ended(struct fetcher *f, struct job *j);

#endif
