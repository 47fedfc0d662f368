// SPDX-License-Identifier: Apache-2.0
/*
 * paene-worker: one job, as images/protocol.h has it.
 *
 * At the start there is one socket (fd 3), an empty environment and the privileges of the parent. The job's
 * message comes from the parent and is trusted; the bytes behind its fds are not, and are read only behind
 * sandbox_enter().
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/sock.h"
#include "images/worker/describe.h"
#include "images/worker/import.h"
#include "images/worker/sandbox.h"
#include "images/worker/show.h"
#include "images/worker/tar.h"
#include "images/worker/unpack.h"

#define SOCKET 3

#ifdef __SANITIZE_ADDRESS__
/*
 * It looks for leaks by ptrace, which the filter denies; those are
 * looked for where the parsers are called as functions.
 */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

struct job {
	struct work_job work;
	int fds[4]; /* in the order of the table in protocol.h; -1: not given */
	int more;   /* of them, the last one, where the blob grows */
};

static const cap_value_t unpack_caps[] = {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP,
};
static const cap_value_t import_caps[] = { CAP_DAC_OVERRIDE }; /* a layout folder may be another user's */

static int receive(struct job *job, struct err *e)
{
	struct work_message m;
	ssize_t n = sock_recv(SOCKET, &m, sizeof(m), job->fds, ARRAY_SIZE(job->fds));

	if (n < 0)
		return err_set(e, (int)-n, "receive the job");
	if (n != sizeof(m) || m.type != WORK_JOB || job->fds[0] < 0 || job->fds[1] < 0)
		return err_say(e, EPROTO, "this is no job");
	job->work = m.job;
	job->work.media_type[WORK_TYPE_MAX - 1] = '\0';
	for (size_t i = ARRAY_SIZE(job->fds) - 1; job->work.grows && i > 1 && job->more < 0; i--)
		job->more = fd_take(&job->fds[i]);
	return 0;
}

static int send_message(const struct work_message *m)
{
	return sock_send(SOCKET, m, sizeof(*m), NULL, 0);
}

static void report(void *arg, uint64_t done, uint64_t total)
{
	struct work_message m = { .type = WORK_PROGRESS, .progress = { .done_bytes = done, .total_bytes = total } };

	(void)arg;
	(void)send_message(&m); /* a parent that has gone is noticed at the end */
}

static int lock_in(struct job *job, struct err *e)
{
	bool unpack = job->work.kind == WORK_UNPACK;
	struct sandbox s = {
		.root = job->fds[1],
		.readonly = unpack ? &job->fds[2] : job->work.input_is_folder ? &job->fds[0] : NULL,
		.caps = unpack ? unpack_caps : import_caps,
		.n_caps = unpack ? ARRAY_SIZE(unpack_caps) : ARRAY_SIZE(import_caps),
	};
	int r = digest_prepare(e);

	if (r < 0)
		return r;
	tar_prepare();
	int root = sandbox_enter(&s, e);

	if (root < 0)
		return err_wrap(e, "lock in");
	fd_close(&job->fds[1]);
	job->fds[1] = root;
	return 0;
}

static int run(const struct job *job, struct work_done *ret, struct err *e)
{
	const struct work_job *work = &job->work;
	struct stream_options stream = {
		.input = { .fd = job->fds[0], .total_bytes = work->blob_bytes, .expected = work->blob_digest,
			   .grows = job->more >= 0, .more = job->more, .progress = report },
		.compression = work->compression,
		.max_bytes = work->max_bytes,
	};
	struct unpack unpack = {
		.stream = stream,
		.target = job->fds[1],
		.lower = job->fds[2],
		.lowest = work->lowest,
		.no_devices = work->rootless,
		.diff_id = work->diff_id,
	};

	switch (work->kind) {
	case WORK_UNPACK:
		return unpack_layer(&unpack, ret, e);
	case WORK_DESCRIBE:
		return describe_image(work, job->fds[0], job->fds[1], ret, e);
	case WORK_SHOW:
		return show_json(job->fds[0], job->fds[1], ret, e);
	default:
		return import_archive(&stream, work->input_is_folder, job->fds[1], ret, e);
	}
}

int main(void)
{
	struct work_message m = { .type = WORK_LOCKED };
	struct job job = { .fds = { -1, -1, -1, -1 }, .more = -1 };
	struct work_done done;
	struct err e;

	umask(0);
	int r = receive(&job, &e);

	if (r == 0)
		r = lock_in(&job, &e);
	if (r == 0 && send_message(&m) < 0)
		return 1;
	if (r == 0)
		r = run(&job, &done, &e);
	if (r == 0)
		m = (struct work_message){ .type = WORK_DONE, .done = done };
	else
		m = (struct work_message){ .type = WORK_FAILED, .err = e };
	return send_message(&m) < 0 || r < 0;
}
