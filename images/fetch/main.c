// SPDX-License-Identifier: Apache-2.0
/*
 * paene-fetch: a session with one registry, as images/fetch.h has it.
 *
 * At the start there is one socket (fd 3), an empty environment and the privileges of the parent. What comes through the socket
 * is the parent's and trusted; what registries send is not, and none is spoken to but behind lock_in_enter().
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/sock.h"
#include "images/fetch/fetcher.h"
#include "images/fetch/lock_in.h"
#include "images/worker/digest.h"

#define SOCKET 3
#define FDS    4 /* the work folder, CA file, certificate, key */

#ifdef __SANITIZE_ADDRESS__
/* It looks for leaks by ptrace, which the filter denies. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static int receive(struct fetch_session *session, int fds[FDS], struct err *e)
{
	ssize_t n = sock_recv(SOCKET, session, sizeof(*session), fds, FDS);

	if (n < 0)
		return err_set(e, (int)-n, "receive the session");
	if (n != sizeof(*session) || fds[0] < 0)
		return err_say(e, EPROTO, "this is no session");
	return 0;
}

/* Return: the work folder as it is seen from inside, or -errno with @e filled */
static int lock_in(const struct fetch_session *session, const int fds[FDS], struct err *e)
{
	int at = 1;
	struct lock_in l = { .work = fds[0], .ca = -1, .certificate = -1, .key = -1 };

	if (session->has_ca)
		l.ca = fds[at++];
	if (session->has_certificate) {
		l.certificate = fds[at++];
		l.key = fds[at];
	}
	int r = digest_prepare(e);

	if (r == 0)
		r = lock_in_enter(&l, e);
	return r < 0 && e->text[0] ? err_wrap(e, "lock in") : r;
}

static int serve(struct fetcher *f, struct fetch_session *session, struct err *e)
{
	const struct fetch_reply locked = { .type = FETCH_LOCKED };
	int fds[FDS] = { -1, -1, -1, -1 };
	int r = receive(session, fds, e);

	if (r == 0)
		r = fetcher_open(f, session, SOCKET, e);
	if (r == 0)
		r = lock_in(session, fds, e);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(&fds[i]);
	if (r < 0)
		return r;
	f->work = r;
	r = fetcher_answer(f, &locked);
	return r < 0 ? r : fetcher_run(f, e);
}

int main(void)
{
	struct fetcher f = { .work = -1 };
	struct fetch_session session = { 0 };
	struct err e = { 0 };

	umask(077);
	(void)signal(SIGPIPE, SIG_IGN); /* whoever read along in a blob may have ended */
	mallopt(M_ARENA_MAX, 1);	/* one thread, and those that resolve a name: no memory of their own for them */
	int r = serve(&f, &session, &e);

	explicit_bzero(&session, sizeof(session));
	fetcher_close(&f);
	if (r >= 0)
		return 0;
	struct fetch_reply failed = { .type = FETCH_FAILED, .err = e };

	(void)sock_send(SOCKET, &failed, sizeof(failed), NULL, 0); /* nobody else to tell */
	return 1;
}
