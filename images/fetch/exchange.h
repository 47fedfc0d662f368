/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange.h: one request of HTTP with all that it takes to have it answered: credentials where the registry asks for them,
 * redirects, further tries where a connection breaks or the registry is busy.
 *
 * Theory of operation. An exchange is prepared by its user, started, and tells of its end by @done. In between it is in one of
 * four places: in libcurl's hands, paused until its next try, waiting for a token (token.h), or in one of its own functions.
 * What is sent where follows from two addresses: @url, what its user wants, and @here, where redirects have led.
 *
 *  - Credentials go to the origin of the session alone: scheme, host and port (rule K12). A storage that wants some gets none.
 *  - From https nothing leads to http.
 *  - The certificate of the session's host alone may be let pass unverified, and it alone sees ours.
 *  - All that comes is bounded: headers, bodies, redirects, how slow it may be, how often it may fail (rule K11).
 */
#ifndef IMAGES_FETCH_EXCHANGE_H
#define IMAGES_FETCH_EXCHANGE_H

#include "images/fetch/fetcher.h"

#define EXCHANGE_BODY_MAX (4 << 20)

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_COUNT };

/* Headers that somebody here asks for; "" where they did not come, or were too long. */
struct answer {
	int status;
	uint64_t length; /* of the body, as announced; UINT64_MAX: it was not */
	char type[128], digest[96], range[64], content_range[96], chunk_min[24];
	char location[URL_MAX], link[URL_MAX];
	struct challenge challenge;
};

struct exchange {
	struct fetcher *fetcher;
	enum method method;
	struct url url;
	const char *accept, *content_type;
	char range[48], content_range[48]; /* of what is asked for, and of what is sent: as in the headers; "": whole */
	char scope[300];		   /* a right beside those of the session; "" */
	bool own;			   /* it goes to no registry: it has no authorization but this, follows no redirect */
	char *authorization;		   /* owned, overwritten at the end; NULL: none */
	const char *form;		   /* POST: the body; NULL: none */
	int upload;			   /* PUT, PATCH: a file, of which these are sent; -1: no body */
	uint64_t upload_from, upload_bytes;
	uint64_t body_max; /* of a good answer; 0: EXCHANGE_BODY_MAX */

	/* a good answer's body as it comes, instead of @body. Return: 0, or -errno with @e filled: it ends there */
	int (*sink)(struct exchange *x, const void *data, size_t len, struct err *e);
	void (*moved)(struct exchange *x);		    /* some more of the upload has been sent; NULL */
	void (*again)(struct exchange *x);		    /* instead of a further try as the last; NULL */
	void (*done)(struct exchange *x);		    /* the end; may start it again, for something else */
	void *owner;

	/* the result: 0 with whatever status, or -errno with @e filled */
	int result;
	struct err e;
	struct answer answer;
	char *body; /* with a zero behind it; NULL: none */
	size_t body_len;

	/* its own affairs */
	struct url here;
	CURL *easy;
	struct curl_slist *headers;
	struct exchange *next;	/* in the list that it waits in */
	int64_t due_us;		/* while it is paused */
	uint32_t redirects, asked, tries, token_serial;
	uint64_t progress;	/* new bytes since the last failure: its user counts them */
	uint64_t sent;		/* of the upload, in this try */
	size_t header_bytes, n_headers;
	bool enough;		/* of an answer that is of no use */
	struct err broken;	/* why it ended from within */
	char words[CURL_ERROR_SIZE];
};

/* An exchange that has not begun: zeros, but for what must not be. */
void exchange_init(struct exchange *x, struct fetcher *f, enum method method);

/* Begin, as for the first time. The result of an earlier use is freed. */
void exchange_start(struct exchange *x);

/* The same as one more step of what has begun: tries that have failed still count. */
void exchange_go(struct exchange *x);

/* Go on where it is: with the next try, or with the token that has come. */
void exchange_send(struct exchange *x);

/* It is over, with what is in x->result and x->e. */
void exchange_end(struct exchange *x, int result);

/* Its pause is over. */
void exchange_due(struct exchange *x);

/* libcurl has done with it. */
void exchange_finished(struct exchange *x, CURLcode code);

/* Let go of what it holds, whatever it is at. */
void exchange_close(struct exchange *x);

/**
 * exchange_refused() - Words for an answer that nobody has a use for
 * @what:	What was asked for ("manifest a:1")
 *
 * Return: -errno by its status, with @e filled: what the registry itself has to say, too
 */
int exchange_refused(const struct exchange *x, const char *what, struct err *e);

#endif
