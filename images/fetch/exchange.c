// SPDX-License-Identifier: Apache-2.0
#include "images/fetch/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/fd.h"
#include "base/timestamp.h"
#include "images/fetch/retry.h"
#include "images/fetch/token.h"
#include "images/fetch/transport.h"

#define REDIRECTS_MAX 5

void exchange_init(struct exchange *x, struct fetcher *f, enum method method)
{
	*x = (struct exchange){ .fetcher = f, .method = method, .upload = -1 };
}

static void forget_result(struct exchange *x)
{
	free(x->body);
	x->body = NULL;
	x->body_len = 0;
	x->result = 0;
	x->enough = false;
	x->broken.code = 0;
}

/* From the beginning: what redirects have led to need not be good a second time. */
static void go_home(struct exchange *x)
{
	x->here = x->url;
	x->redirects = 0;
	x->asked = 0;
}

void exchange_start(struct exchange *x)
{
	x->tries = 0;
	x->progress = 0;
	exchange_go(x);
}

void exchange_go(struct exchange *x)
{
	go_home(x);
	exchange_send(x);
}

void exchange_send(struct exchange *x)
{
	char *authorization = x->authorization;
	int r = 1;

	forget_result(x);
	if (!x->own && url_same_origin(&x->here, &x->fetcher->origin))
		r = token_authorize(x, &authorization, &x->e);
	if (r == 0)
		return;
	if (r > 0)
		r = transport_begin(x, authorization, &x->e);
	if (authorization != x->authorization)
		secret_free(authorization);
	if (r < 0)
		exchange_end(x, r);
}

void exchange_end(struct exchange *x, int result)
{
	x->result = result;
	x->done(x);
}

void exchange_due(struct exchange *x)
{
	go_home(x);
	if (x->again)
		x->again(x);
	else
		exchange_send(x);
}

/* Wait for a further try, if there is one left. Return: whether there is */
static bool pause_for_next(struct exchange *x)
{
	struct fetcher *f = x->fetcher;
	curl_off_t asked_s = 0;
	uint32_t random;

	if (x->progress >= RETRY_PROGRESS_BYTES)
		x->tries = 0;
	x->progress = 0;
	if (x->tries >= f->settings.retries)
		return false;
	(void)curl_easy_getinfo(x->easy, CURLINFO_RETRY_AFTER, &asked_s); /* 0 where there is none */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)clock_us(); /* it is no secret */
	x->due_us = clock_us() + retry_delay_us(x->tries, asked_s > 0 ? (uint64_t)asked_s : 0, random);
	x->tries++;
	x->next = f->paused;
	f->paused = x;
	return true;
}

static void transport_failed(struct exchange *x, CURLcode code)
{
	bool passes;
	int r = transport_words(x, code, &passes, &x->e);

	x->answer.status = 0; /* none that counts */
	if (passes && pause_for_next(x))
		return;
	if (passes && x->tries)
		r = err_hint(&x->e, "tried %u times", x->tries + 1);
	exchange_end(x, r);
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool sends_nothing(const struct exchange *x)
{
	return x->method == METHOD_GET || x->method == METHOD_HEAD;
}

/* Where a redirect leads, if it is one that is followed. */
static int follow(struct exchange *x, struct err *e)
{
	char name[URL_NAME_MAX];
	struct url *to = &x->here;
	bool tls = to->tls;

	url_name(to, name);
	if (x->own)
		return err_say(e, EACCES, "%s redirects who asks for a token, which is not followed", name);
	if (!sends_nothing(x) && x->answer.status < 307)
		return err_say(e, EPROTO, "%s redirects what is sent to it", name);
	if (!x->answer.location[0])
		return err_say(e, EPROTO, "%s redirects without a usable address", name);
	if (x->redirects++ == REDIRECTS_MAX)
		return err_say(e, ELOOP, "%s redirects more than %d times", x->fetcher->name, REDIRECTS_MAX);
	int r = url_read(to, x->answer.location, to, e);

	if (r < 0)
		return err_wrap(e, "%s redirects to", name);
	if (tls && !to->tls)
		return err_say(e, EACCES, "%s redirects from https to http, which is not followed", name);
	return 0;
}

/* Go on elsewhere, or with other credentials. */
static void go_on(struct exchange *x, int r)
{
	if (r < 0)
		exchange_end(x, r);
	else
		exchange_send(x);
}

void exchange_finished(struct exchange *x, CURLcode code)
{
	struct fetcher *f = x->fetcher;
	bool at_registry = url_same_origin(&x->here, &f->origin);

	transport_end(x);
	if (x->broken.code) {
		x->e = x->broken;
		exchange_end(x, -x->e.code);
		return;
	}
	if (code != CURLE_OK && !x->enough) {
		transport_failed(x, code);
		return;
	}
	f->answered |= at_registry;
	if (x->answer.status == 401 && at_registry && !x->own)
		go_on(x, token_refused(x, &x->e));
	else if (is_redirect(x->answer.status))
		go_on(x, follow(x, &x->e));
	else if (!retry_is_status(x->answer.status) || !pause_for_next(x))
		exchange_end(x, 0);
}

static void leave_pause(struct exchange *x)
{
	for (struct exchange **at = &x->fetcher->paused; *at; at = &(*at)->next)
		if (*at == x) {
			*at = x->next;
			return;
		}
}

void exchange_close(struct exchange *x)
{
	if (!x->fetcher)
		return;
	leave_pause(x);
	token_leave(x);
	transport_close(x);
	secret_free(x->authorization);
	free(x->body);
	*x = (struct exchange){ 0 };
}
