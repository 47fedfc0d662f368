// SPDX-License-Identifier: Apache-2.0
#include "images/worker.h"

#include <errno.h>

#include "base/sock.h"

int worker_start(const char *path, const struct work_job *job, const int *fds, size_t n_fds, struct worker *ret,
		 struct err *e)
{
	struct work_message message = { .type = WORK_JOB, .job = *job };
	auto_worker struct worker w = WORKER_NONE;
	int r = child_start(path, "paene-worker", &w.child, e);

	if (r < 0)
		return r;
	r = sock_send(w.child.sock, &message, sizeof(message), fds, n_fds);
	if (r < 0 && r != -EPIPE) /* one that ended already is found by worker_receive() */
		return err_set(e, -r, "send %s its job", path);
	*ret = w;
	w = (struct worker)WORKER_NONE;
	return 0;
}

int worker_receive(struct worker *w, struct work_message *ret, struct err *e)
{
	struct work_message m;
	int r = child_receive(&w->child, &m, sizeof(m), e);

	if (r < 0)
		return r;
	switch (m.type) {
	case WORK_FAILED:
		return child_failure(&w->child, &m.err, e);
	case WORK_DONE:
		child_text(m.done.chain_detail, sizeof(m.done.chain_detail));
		child_text(m.done.signed_name, sizeof(m.done.signed_name));
		break;
	case WORK_LOCKED:
	case WORK_PROGRESS:
	case WORK_FOUND:
		break;
	default:
		return err_say(e, EPROTO, "paene-worker sent a message of an unknown kind");
	}
	*ret = m;
	return 0;
}

int worker_do(const char *path, const struct work_job *job, const int *fds, size_t n_fds, struct work_done *ret, struct err *e)
{
	auto_worker struct worker w = WORKER_NONE;
	struct work_message m = { .type = WORK_LOCKED };
	int r = worker_start(path, job, fds, n_fds, &w, e);

	while (r >= 0 && m.type != WORK_DONE)
		r = worker_receive(&w, &m, e);
	if (r < 0)
		return r;
	*ret = m.done;
	return 0;
}

void worker_end(struct worker *w)
{
	child_end(&w->child);
}
