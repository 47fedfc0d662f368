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
#include <signal.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/sock.h"
#include "images/worker/derive.h"
#include "images/worker/describe.h"
#include "images/worker/extract.h"
#include "images/worker/import.h"
#include "images/worker/pack.h"
#include "images/worker/sandbox.h"
#include "images/worker/show.h"
#include "images/worker/signature.h"
#include "images/worker/store_layer.h"
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

static int run_import(const struct job *job, struct work_done *ret, struct err *e);
static int run_unpack(const struct job *job, struct work_done *ret, struct err *e);
static int run_describe(const struct job *job, struct work_done *ret, struct err *e);
static int run_show(const struct job *job, struct work_done *ret, struct err *e);
static int run_pack(const struct job *job, struct work_done *ret, struct err *e);
static int run_extract(const struct job *job, struct work_done *ret, struct err *e);
static int run_store(const struct job *job, struct work_done *ret, struct err *e);
static int run_derive(const struct job *job, struct work_done *ret, struct err *e);
static int run_signatures(const struct job *job, struct work_done *ret, struct err *e);
static int run_verify(const struct job *job, struct work_done *ret, struct err *e);

static const cap_value_t place_caps[] = {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP,
};
static const cap_value_t read_caps[] = { CAP_DAC_OVERRIDE }; /* a layout folder may be another user's */

#define CAPS(table) table, ARRAY_SIZE(table)

static const struct kind {
	int (*run)(const struct job *job, struct work_done *ret, struct err *e);
	const cap_value_t *caps;
	size_t n_caps;
	bool root_readonly;
} kinds[WORK_KINDS] = {
	[WORK_IMPORT] = { run_import, CAPS(read_caps), false },
	[WORK_UNPACK] = { run_unpack, CAPS(place_caps), false },
	[WORK_DESCRIBE] = { run_describe, CAPS(read_caps), false },
	[WORK_SHOW] = { run_show, CAPS(read_caps), false },
	[WORK_PACK] = { run_pack, CAPS(read_caps), true },
	[WORK_EXTRACT] = { run_extract, CAPS(place_caps), false },
	[WORK_STORE] = { run_store, CAPS(read_caps), false },
	[WORK_DERIVE] = { run_derive, CAPS(read_caps), false },
	[WORK_SIGNATURES] = { run_signatures, CAPS(read_caps), false },
	[WORK_VERIFY] = { run_verify, CAPS(read_caps), false },
};

static int receive(struct job *job, struct err *e)
{
	struct work_message m;
	ssize_t n = sock_recv(SOCKET, &m, sizeof(m), job->fds, ARRAY_SIZE(job->fds));

	if (n < 0)
		return err_set(e, (int)-n, "receive the job");
	if (n != sizeof(m) || m.type != WORK_JOB || m.job.kind >= WORK_KINDS || job->fds[0] < 0 || job->fds[1] < 0)
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

static void tell_found(void *arg, bool is_folder)
{
	struct work_message m = { .type = WORK_FOUND, .found = { .is_folder = is_folder } };

	(void)arg;
	(void)send_message(&m); /* the same */
}

/* The folder fd that must not be written through, or NULL. */
static int *readonly_fd(struct job *job)
{
	if (job->work.kind == WORK_UNPACK)
		return &job->fds[2];
	return job->work.input_is_folder ? &job->fds[0] : NULL;
}

static int lock_in(struct job *job, struct err *e)
{
	const struct kind *kind = &kinds[job->work.kind];
	const struct tree_job *tree = &job->work.tree;
	const struct sandbox_container container = { job->fds[1], tree->joins_user ? job->fds[2] : -1 };
	struct sandbox s = {
		.root = job->fds[1],
		.container = tree->joins_mount ? &container : NULL,
		.top_only = kind->run == run_pack && !tree->submounts,
		.root_readonly = kind->root_readonly,
		.readonly = readonly_fd(job),
		.caps = kind->caps,
		.n_caps = kind->n_caps,
	};
	int r = digest_prepare(e);

	if (r < 0)
		return r;
	if (kind->run == run_pack)
		tar_out_prepare();
	else
		tar_prepare();
	int root = sandbox_enter(&s, e);

	if (root < 0)
		return err_wrap(e, "lock in");
	fd_close(&job->fds[1]);
	job->fds[1] = root;
	return 0;
}

static struct stream_options stream_of(const struct job *job)
{
	const struct work_job *work = &job->work;

	return (struct stream_options){
		.input = { .fd = job->fds[0], .total_bytes = work->blob_bytes, .expected = work->blob_digest,
			   .grows = job->more >= 0, .more = job->more, .progress = report },
		.compression = work->compression,
		.max_bytes = work->max_bytes,
		.small_window = work->one_of_many,
	};
}

static int run_import(const struct job *job, struct work_done *ret, struct err *e)
{
	struct stream_options stream = stream_of(job);

	return import_archive(&stream, job->work.input_is_folder, job->fds[1], ret, e);
}

static int run_unpack(const struct job *job, struct work_done *ret, struct err *e)
{
	const struct work_job *work = &job->work;
	const struct unpack unpack = {
		.stream = stream_of(job),
		.target = job->fds[1],
		.lower = job->fds[2],
		.lowest = work->lowest,
		.no_devices = work->rootless,
		.one_id = work->one_id,
		.diff_id = work->diff_id,
		.max_files = work->max_files,
	};

	return unpack_layer(&unpack, ret, e);
}

static int run_describe(const struct job *job, struct work_done *ret, struct err *e)
{
	return describe_image(&job->work, job->fds[0], job->fds[1], ret, e);
}

static int run_show(const struct job *job, struct work_done *ret, struct err *e)
{
	return show_json(job->fds[0], job->fds[1], ret, e);
}

static int run_pack(const struct job *job, struct work_done *ret, struct err *e)
{
	const struct tree_job *tree = &job->work.tree;
	const struct pack pack = {
		.root = job->fds[1],
		.path = tree->path,
		.follow = tree->follow,
		.name = tree->name,
		.layer = tree->layer,
		.found = tell_found,
	};
	const struct sink_options sink = {
		.fd = job->fds[0], .compression = job->work.compression, .digest = tree->layer, .progress = report,
	};

	return pack_tree(&pack, &sink, ret, e);
}

static int run_extract(const struct job *job, struct work_done *ret, struct err *e)
{
	const struct extract extract = { .stream = stream_of(job), .root = job->fds[1], .job = &job->work.tree };

	return extract_stream(&extract, ret, e);
}

static int run_store(const struct job *job, struct work_done *ret, struct err *e)
{
	struct stream_options stream = stream_of(job);

	stream.compression = COMPRESSION_DETECT;
	return store_layer(&stream, job->work.compression, job->fds[1], ret, e);
}

static int run_signatures(const struct job *job, struct work_done *ret, struct err *e)
{
	return signature_list(job->fds[0], job->fds[1], ret, e);
}

static int run_verify(const struct job *job, struct work_done *ret, struct err *e)
{
	return signature_verify(&job->work, job->fds[0], job->fds[2], ret, e);
}

static int run_derive(const struct job *job, struct work_done *ret, struct err *e)
{
	return derive_image(&job->work, job->fds[0], job->fds[1], ret, e);
}

int main(void)
{
	struct work_message m = { .type = WORK_LOCKED };
	struct job job = { .fds = { -1, -1, -1, -1 }, .more = -1 };
	struct work_done done;
	struct err e;

	umask(0);
	(void)signal(SIGPIPE, SIG_IGN); /* who reads a stream may have gone: that is an error like others */
	int r = receive(&job, &e);

	if (r == 0)
		r = lock_in(&job, &e);
	if (r == 0 && send_message(&m) < 0)
		return 1;
	if (r == 0)
		r = kinds[job.work.kind].run(&job, &done, &e);
	if (r == 0)
		m = (struct work_message){ .type = WORK_DONE, .done = done };
	else
		m = (struct work_message){ .type = WORK_FAILED, .err = e };
	return send_message(&m) < 0 || r < 0;
}
