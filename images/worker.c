// SPDX-License-Identifier: Apache-2.0
#include "images/worker.h"

#include <errno.h>
#include <stdio.h>
#include <sys/pidfd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/sock.h"
#include "base/str.h"

#define SIGNAL_BASE 128 /* of an exit status, as proc_wait() gives it */

int worker_start(const char *path, const struct work_job *job, const int *fds, size_t n_fds, struct worker *ret,
		 struct err *e)
{
	struct work_message message = { .type = WORK_JOB, .job = *job };
	char *const argv[] = { (char *)"paene-worker", NULL };
	auto_worker struct worker w = WORKER_NONE;
	auto_fd int theirs = -1;
	int r = sock_pair(&w.sock, &theirs, e);

	if (r < 0)
		return r;
	struct proc_spawn spawn = {
		.path = path,
		.argv = argv,
		.stdio = { -1, -1, STDERR_FILENO },
		.keep = &theirs,
		.n_keep = 1,
		.cwd = -1,
		.die_with_parent = true,
	};

	r = proc_spawn(&spawn, NULL, &w.pidfd, e);
	if (r < 0)
		return r;
	r = sock_send(w.sock, &message, sizeof(message), fds, n_fds);
	if (r < 0 && r != -EPIPE) /* one that ended already is found by worker_receive() */
		return err_set(e, -r, "send %s its job", path);
	*ret = w;
	w = (struct worker)WORKER_NONE;
	return 0;
}

static int ended_early(struct worker *w, struct err *e)
{
	char name[PROC_SIGNAL_MAX];
	int status = proc_wait(w->pidfd, e);

	if (status < 0)
		return status;
	fd_close(&w->pidfd);
	if (status > SIGNAL_BASE) {
		const char *signal_name = proc_signal_name(status - SIGNAL_BASE, name);

		return err_say(e, EPROTO, "paene-worker was killed by signal %s", signal_name ? signal_name : "?");
	}
	return err_say(e, EPROTO, "paene-worker ended without an answer (status %d)", status);
}

/* Text from the other side: end it, and take from it what a terminal would obey (it may have been taken over). */
static void make_harmless(char *text, size_t size)
{
	auto_free char *shown = NULL;
	size_t len;

	text[size - 1] = '\0';
	FILE *f = open_memstream(&shown, &len);

	if (f)
		str_harmless(f, text, strlen(text), false);
	if (!f || fclose(f) < 0)
		text[0] = '\0';
	else
		snprintf(text, size, "%s", shown);
}

static int take_failure(const struct err *theirs, struct err *e)
{
	struct err said = *theirs;

	make_harmless(said.text, sizeof(said.text));
	/* a number that is no errno would make a failure look like something else */
	return err_say(e, said.code > 0 && said.code < 4096 ? said.code : EPROTO, "%s",
		       said.text[0] ? said.text : "paene-worker failed");
}

int worker_receive(struct worker *w, struct work_message *ret, struct err *e)
{
	struct work_message m;
	ssize_t n = sock_recv(w->sock, &m, sizeof(m), NULL, 0);

	if (n == 0 || n == -ECONNRESET)
		return ended_early(w, e);
	if (n < 0 && n != -EMSGSIZE)
		return err_set(e, (int)-n, "hear from paene-worker");
	if (n != (ssize_t)sizeof(m))
		return err_say(e, EPROTO, "paene-worker sent a message of an unknown form");
	switch (m.type) {
	case WORK_FAILED:
		return take_failure(&m.err, e);
	case WORK_DONE:
		make_harmless(m.done.chain_detail, sizeof(m.done.chain_detail));
		break;
	case WORK_LOCKED:
	case WORK_PROGRESS:
		break;
	default:
		return err_say(e, EPROTO, "paene-worker sent a message of an unknown kind");
	}
	*ret = m;
	return 0;
}

void worker_end(struct worker *w)
{
	struct err ignored;

	fd_close(&w->sock);
	if (w->pidfd < 0)
		return;
	(void)pidfd_send_signal(w->pidfd, SIGKILL, NULL, 0); /* it may have ended by itself */
	(void)proc_wait(w->pidfd, &ignored);
	fd_close(&w->pidfd);
}
