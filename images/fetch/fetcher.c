// SPDX-License-Identifier: Apache-2.0
#include "images/fetch/fetcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/sock.h"
#include "base/timestamp.h"
#include "images/fetch/job.h"
#include "images/fetch/token.h"

#define JOBS_MAX	16 /* at once; others wait: each may have a connection and its buffers */
#define CONNECTIONS_MAX 8  /* to one host, where it does not speak HTTP/2 */
#define WAIT_MAX_MS	10000

static int make_multi(struct fetcher *f, struct err *e)
{
	f->multi = curl_multi_init();
	if (!f->multi || curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX) != CURLM_OK ||
	    curl_multi_setopt(f->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)CONNECTIONS_MAX) != CURLM_OK)
		return err_nomem(e);
	return 0;
}

int fetcher_open(struct fetcher *f, const struct fetch_session *settings, int sock, struct err *e)
{
	*f = (struct fetcher){ .settings = *settings, .sock = sock, .work = -1 };
	f->queued_end = &f->queued;
	f->answers_end = &f->answers;
	int r = url_read(NULL, settings->url, &f->origin, e);

	if (r < 0)
		return err_wrap(e, "the registry's address is");
	url_name(&f->origin, f->name);
	/* reads OpenSSL's settings of the machine */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_nomem(e);
	if (fcntl(sock, F_SETFL, O_NONBLOCK) < 0)
		return err_set(e, errno, "prepare the socket");
	return make_multi(f, e);
}

int fetcher_url(const struct fetcher *f, struct url *ret, struct err *e, const char *fmt, ...)
{
	auto_free char *path = NULL, *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&path, fmt, ap);

	va_end(ap);
	if (n < 0) {
		path = NULL;
		return err_nomem(e);
	}
	bool own = path[0] == '/';

	n = asprintf(&text, "%s%s%s%s", own ? "" : "/v2/", own ? "" : f->settings.repository, own ? "" : "/", path);
	if (n < 0) {
		text = NULL;
		return err_nomem(e);
	}
	return url_read(&f->origin, text, ret, e);
}

/* Words to the parent. */

int fetcher_answer(struct fetcher *f, const struct fetch_reply *reply)
{
	if (!f->answers) {
		int r = sock_send(f->sock, reply, sizeof(*reply), NULL, 0);

		if (r != -EAGAIN)
			return 0; /* a parent that has gone is noticed when we listen to it */
	}
	if (reply->type == FETCH_PROGRESS)
		return 0;
	struct answer_waiting *a = malloc(sizeof(*a));

	if (!a)
		return -ENOMEM;
	*a = (struct answer_waiting){ .reply = *reply };
	*f->answers_end = a;
	f->answers_end = &a->next;
	return 0;
}

static void send_answers(struct fetcher *f)
{
	struct answer_waiting *a;

	while ((a = f->answers)) {
		if (sock_send(f->sock, &a->reply, sizeof(a->reply), NULL, 0) == -EAGAIN)
			return;
		f->answers = a->next;
		if (!f->answers)
			f->answers_end = &f->answers;
		free(a);
	}
}

/* Requests. */

static void begin_jobs(struct fetcher *f)
{
	struct job *j;

	while (f->n_active < JOBS_MAX && (j = f->queued)) {
		f->queued = j->next;
		if (!f->queued)
			f->queued_end = &f->queued;
		j->next = f->active;
		f->active = j;
		f->n_active++;
		job_kinds[j->request.kind](j);
	}
}

void fetcher_job_ended(struct fetcher *f, struct job *j)
{
	struct job **at = &f->active;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	f->n_active--; /* the loop begins with the next, so that nothing is begun from within what ends */
}

static int take_request(struct fetcher *f, const struct fetch_request *request, int fd, struct err *e)
{
	struct job *j = job_new(f, request, fd);

	if (!j)
		return err_nomem(e);
	*f->queued_end = j;
	f->queued_end = &j->next;
	return 0;
}

/* All that the parent has asked for by now. Return: 1, 0: it has gone, or -errno with @e filled */
static int hear_parent(struct fetcher *f, struct err *e)
{
	struct fetch_request request;

	for (;;) {
		auto_fd int fd = -1;
		ssize_t n = sock_recv(f->sock, &request, sizeof(request), &fd, 1);

		if (n == 0 || n == -ECONNRESET)
			return 0;
		if (n == -EAGAIN)
			return 1;
		if (n < 0)
			return err_set(e, (int)-n, "receive a request");
		if (n != sizeof(request) || request.kind >= FETCH_KINDS)
			return err_say(e, EPROTO, "this is no request");
		int r = take_request(f, &request, fd_take(&fd), e);

		if (r < 0)
			return r;
	}
}

/* The loop. */

static void hear_libcurl(struct fetcher *f)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(f->multi, &left))) {
		struct exchange *x = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode code = m->data.result;

		if (curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &x) == CURLE_OK && x)
			exchange_finished(x, code);
	}
}

static void end_pauses(struct fetcher *f)
{
	int64_t now = clock_us();
	struct exchange **at = &f->paused, *due = NULL, *next;

	while (*at) {
		struct exchange *x = *at;

		if (x->due_us > now) {
			at = &x->next;
			continue;
		}
		*at = x->next;
		x->next = due;
		due = x;
	}
	for (; due; due = next) {
		next = due->next;
		due->next = NULL;
		exchange_due(due);
	}
}

static int wait_ms(const struct fetcher *f)
{
	int64_t now = clock_us(), wait_us = WAIT_MAX_MS * 1000;

	if (f->queued && f->n_active < JOBS_MAX)
		return 0;
	for (const struct exchange *x = f->paused; x; x = x->next)
		wait_us = MIN(wait_us, MAX(x->due_us - now, 0));
	return (int)((wait_us + 999) / 1000);
}

int fetcher_run(struct fetcher *f, struct err *e)
{
	int r, running;

	do {
		struct curl_waitfd parent = {
			.fd = f->sock,
			.events = (short)(CURL_WAIT_POLLIN | (f->answers ? CURL_WAIT_POLLOUT : 0)),
		};

		begin_jobs(f);
		if (curl_multi_perform(f->multi, &running) != CURLM_OK)
			return err_nomem(e);
		hear_libcurl(f);
		end_pauses(f);
		send_answers(f);
		/* libcurl shortens the wait to what it has to do itself */
		if (curl_multi_poll(f->multi, &parent, 1, wait_ms(f), NULL) != CURLM_OK)
			return err_nomem(e);
		r = hear_parent(f, e);
	} while (r > 0);
	return r;
}

void fetcher_close(struct fetcher *f)
{
	struct answer_waiting *a;
	struct job *j;

	while ((j = f->active ? f->active : f->queued)) {
		*(f->active ? &f->active : &f->queued) = j->next;
		job_free(j);
	}
	token_forget_all(f);
	while ((a = f->answers)) {
		f->answers = a->next;
		free(a);
	}
	if (f->multi)
		curl_multi_cleanup(f->multi);
	fd_close(&f->work);
	explicit_bzero(&f->settings, sizeof(f->settings));
}
