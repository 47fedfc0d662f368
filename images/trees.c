// SPDX-License-Identifier: Apache-2.0
#include "images/trees.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

#include "base/fd.h"
#include "images/worker.h"

#define FDS_MAX 3

void tree_close(struct tree_at *t)
{
	fd_close(&t->folder);
	fd_close(&t->mount_ns);
	fd_close(&t->user_ns);
}

static int set_text(char *to, size_t room, const char *from, struct err *e)
{
	if (strlen(from) >= room)
		return err_set(e, ENAMETOOLONG, "%.60s…", from);
	memcpy(to, from, strlen(from) + 1);
	return 0;
}

/* Start a job on a tree. */
static int start(struct work_job *job, const struct tree_at *at, int stream, const struct tree_options *o,
		 struct worker *ret, struct err *e)
{
	int fds[FDS_MAX] = { stream, at->folder };
	size_t n = 2;

	job->tree.submounts = !at->top_only;
	if (at->folder < 0) {
		job->tree.joins_mount = true;
		fds[1] = at->mount_ns;
	}
	if (at->folder < 0 && at->user_ns >= 0) {
		job->tree.joins_user = true;
		fds[n++] = at->user_ns;
	}
	return worker_start(o->worker, job, fds, n, ret, e);
}

static int start_pack(const struct tree_out *out, int output, const struct tree_options *o, struct worker *ret,
		      struct err *e)
{
	struct work_job job = { .kind = WORK_PACK, .compression = out->compression };
	int r = set_text(job.tree.path, sizeof(job.tree.path), out->path, e);

	if (r == 0)
		r = set_text(job.tree.name, sizeof(job.tree.name), out->name, e);
	job.tree.follow = out->follow;
	job.tree.layer = out->layer;
	return r < 0 ? r : start(&job, out->at, output, o, ret, e);
}

static int start_extract(int input, enum tree_source source, const struct tree_in *in, const struct tree_options *o,
			 struct worker *ret, struct err *e)
{
	struct work_job job = { .kind = WORK_EXTRACT, .compression = COMPRESSION_DETECT };
	int r = set_text(job.tree.path, sizeof(job.tree.path), in->path, e);

	job.tree.source = source;
	job.tree.owners = in->owners;
	job.tree.overwrite = in->overwrite;
	return r < 0 ? r : start(&job, in->at, input, o, ret, e);
}

static void tell(const struct tree_options *o, const struct work_message *m)
{
	const struct image_progress now = {
		.step = STEP_COPYING, .done = m->progress.done_bytes, .total = m->progress.total_bytes,
	};

	if (m->type == WORK_PROGRESS && o->progress)
		o->progress(&now, o->progress_arg);
}

/* Until the job is done. */
static int finish(struct worker *w, const struct tree_options *o, struct work_done *ret, struct err *e)
{
	struct work_message m = { .type = WORK_LOCKED };

	while (m.type != WORK_DONE) {
		int r = worker_receive(w, &m, e);

		if (r < 0)
			return r;
		tell(o, &m);
	}
	if (ret)
		*ret = m.done;
	return 0;
}

int tree_pack(const struct tree_out *out, int output, const struct tree_options *o, struct work_done *ret, struct err *e)
{
	auto_worker struct worker w = WORKER_NONE;
	int r = start_pack(out, output, o, &w, e);

	return r < 0 ? r : finish(&w, o, ret, e);
}

int tree_extract(int input, const struct tree_in *in, const struct tree_options *o, struct err *e)
{
	auto_worker struct worker w = WORKER_NONE;
	int r = start_extract(input, TREE_STREAM, in, o, &w, e);

	return r < 0 ? r : finish(&w, o, NULL, e);
}

/* What the packing worker has found at its path; it sends nothing before that. Return: 1: a folder, 0, or -errno */
static int hear_found(struct worker *w, struct err *e)
{
	struct work_message m = { .type = WORK_LOCKED };

	while (m.type == WORK_LOCKED) {
		int r = worker_receive(w, &m, e);

		if (r < 0)
			return r;
	}
	return m.type == WORK_FOUND ? m.found.is_folder : err_say(e, EPROTO, "paene-worker has not said what it found");
}

/* One of two workers that are heard in turn: one that nobody hears stands still when it has said enough. */
struct end {
	struct worker worker;
	bool done;
	int result;
	struct err err;
};

static void hear(struct end *x, const struct tree_options *o)
{
	struct work_message m = { .type = WORK_DONE };

	x->result = worker_receive(&x->worker, &m, &x->err);
	x->done = x->result < 0 || m.type == WORK_DONE;
	if (o && x->result == 0)
		tell(o, &m);
}

static void hear_both(struct end *from, struct end *to, const struct tree_options *o)
{
	while (!from->done || !to->done) {
		struct pollfd fds[] = {
			{ .fd = from->done ? -1 : from->worker.child.sock, .events = POLLIN },
			{ .fd = to->done ? -1 : to->worker.child.sock, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0) /* a signal */
			continue;
		if (fds[0].revents)
			hear(from, NULL);
		if (fds[1].revents)
			hear(to, o);
	}
}

/* Both ends of the pipe are the workers' alone once they have begun. */
static int start_both(struct end *from, struct end *to, const struct tree_out *out, bool contents, const struct tree_in *in,
		      const struct tree_options *o, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	auto_fd int input = ends[0], output = ends[1];
	int r = start_pack(out, output, o, &from->worker, e);

	fd_close(&output);
	if (r == 0)
		r = hear_found(&from->worker, e);
	if (r < 0)
		return r;
	return start_extract(input, !r ? TREE_FILE : contents ? TREE_CONTENTS : TREE_FOLDER, in, o, &to->worker, e);
}

int tree_copy(const struct tree_out *out, bool contents, const struct tree_in *in, const struct tree_options *o,
	      struct err *e)
{
	struct end from = { .worker = WORKER_NONE }, to = { .worker = WORKER_NONE };
	int r = start_both(&from, &to, out, contents, in, o, e);

	if (r == 0)
		hear_both(&from, &to, o);
	worker_end(&from.worker);
	worker_end(&to.worker);
	/* who reads a stream that breaks off knows less of it than who wrote it, unless he broke it off himself */
	const struct end *knows = from.result < 0 && !(to.result < 0 && from.result == -EPIPE) ? &from : &to;

	if (r == 0 && knows->result < 0)
		*e = knows->err;
	return r < 0 ? r : knows->result;
}

int tree_store(int input, int work, enum work_compression compression, const struct tree_options *o,
	       struct work_done *ret, struct err *e)
{
	struct work_job job = { .kind = WORK_STORE, .compression = compression };
	auto_worker struct worker w = WORKER_NONE;
	const int fds[] = { input, work };
	int r = worker_start(o->worker, &job, fds, ARRAY_SIZE(fds), &w, e);

	return r < 0 ? r : finish(&w, o, ret, e);
}
