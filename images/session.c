// SPDX-License-Identifier: Apache-2.0
#include "images/session.h"

#include <stdio.h>

#include "images/proxy.h"

static int take_auth(const struct session_settings *s, const struct endpoint *at, const struct auth *as,
		     struct fetch_session *ret, struct err *e)
{
	auto_auth struct auth found = { 0 };

	if (!as && auth_find(&s->auth, at->host, at->repository, &found, e) < 0)
		return -e->code;
	snprintf(ret->user, sizeof(ret->user), "%s", as ? as->user : found.user);
	snprintf(ret->password, sizeof(ret->password), "%s", as ? as->password : found.password);
	return 0;
}

static int start(const struct session_settings *s, struct fetch_session *session, const char *host, int work,
		 struct transfer *ret, struct err *e)
{
	auto_host_files struct host_files f = HOST_FILES_NONE;
	int r = auth_host_files(s->certificates, s->n_certificates, host, &f, e);
	int fds[3];
	size_t n = 0;

	if (r < 0)
		return r;
	session->has_ca = f.ca >= 0;
	session->has_certificate = f.certificate >= 0;
	if (session->has_ca)
		fds[n++] = f.ca;
	if (session->has_certificate) {
		fds[n++] = f.certificate;
		fds[n++] = f.key;
	}
	return transfer_start(s->fetcher, session, work, fds, n, ret, e);
}

int session_start(const struct session_settings *s, const struct endpoint *at, const struct auth *as, bool push, int work,
		  struct transfer *ret, struct err *e)
{
	struct fetch_session session = { .any_certificate = at->any_certificate, .push = push, .retries = s->retries };
	int r;

	snprintf(session.url, sizeof(session.url), "%s", at->url);
	snprintf(session.repository, sizeof(session.repository), "%s", at->repository);
	r = proxy_choose(s->auth.environment, &session, e);
	if (r >= 0)
		r = take_auth(s, at, as, &session, e);
	if (r >= 0)
		r = start(s, &session, at->host, work, ret, e);
	explicit_bzero(session.password, sizeof(session.password));
	explicit_bzero(session.proxy, sizeof(session.proxy)); /* a proxy's password is part of its address */
	return r < 0 ? err_wrap(e, "%s", at->host) : 0;
}
