// SPDX-License-Identifier: Apache-2.0
/*
 * unpack.c: which layer can be unpacked when, and the loop that keeps the workers busy.
 *
 * A layer that brings all its folders itself depends on nothing: its tree is the same in every image, and it is kept under
 * its diff id. One that does not is found out by trying: the worker ends early with needs_lower, the layer waits until
 * those below it are there, and is unpacked again on top of a view of them; it is kept under its chain id. The lowest
 * layer goes the same way, with nothing below, so that no folder under a diff id was ever completed by guessing.
 *
 * A layer whose blob is on its way is unpacked as it comes; but those that are here go first, as they keep no worker waiting.
 * Nothing of it counts before both have said that all was right: who fetches it, and who unpacks it.
 */
#include "images/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/download.h"
#include "images/lower.h"
#include "images/publish.h"
#include "images/store.h"
#include "images/worker.h"

#define WORKERS_MAX	  5 /* of 12 MiB, if all layers are zstd's: with everything else below 64 */
#define LAYER_FOLDER_MODE 0755 /* of the container's root folder, unless the layer says otherwise */

enum task_state {
	TASK_WAITING,
	TASK_RUNNING,
	TASK_CUT, /* its blob ended early: why, the fetcher will say */
	TASK_FINISHED,
};

struct task {
	enum task_state state;
	bool dependent; /* on the layers below */
	bool alone;	/* its memory is large: no other runs beside it */
	bool looked_for;
	struct image_layer *layer;
	char *independent_folder, *chain_folder; /* the two names it can have */
	struct worker worker;
};

struct unpack {
	struct publication *p;
	struct image *image;
	struct task *tasks; /* one for each layer, lowest first */
	size_t n;
	struct err cut; /* of a TASK_CUT */
};

void holds_release(struct holds *h)
{
	while (h->n > 0)
		close(h->v[--h->n]);
}

static int make_tasks(struct unpack *u, struct err *e)
{
	u->n = u->image->layers.n;
	u->tasks = arena_array(u->p->arena, u->n, sizeof(*u->tasks));
	if (!u->tasks)
		return err_nomem(e);
	for (size_t i = 0; i < u->n; i++) {
		struct image_layer *l = &u->image->layers.v[i];

		u->tasks[i] = (struct task){
			.layer = l,
			.independent_folder = l->diff_id,
			.chain_folder = arena_printf(u->p->arena, IMAGE_CHAIN_PREFIX "%s", l->chain_id),
			.worker = WORKER_NONE,
		};
		if (!u->tasks[i].chain_folder)
			return err_nomem(e);
	}
	return 0;
}

static size_t count(const struct unpack *u, enum task_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < u->n; i++)
		n += u->tasks[i].state == state;
	return n;
}

/* Layers below that must be finished: all for one that depends on them; else only a twin, whose folder may serve both. */
static bool is_ready(const struct unpack *u, size_t i)
{
	const struct task *t = &u->tasks[i];

	if (t->state != TASK_WAITING)
		return false;
	for (size_t k = 0; k < i; k++)
		if (u->tasks[k].state != TASK_FINISHED &&
		    (t->dependent || streq(u->tasks[k].layer->diff_id, t->layer->diff_id)))
			return false;
	return true;
}

static void tell(const struct unpack *u, const struct task *t, enum image_step step, uint64_t done)
{
	const struct load_options *o = u->p->options;
	const struct image_progress p = { .step = step, .blob = t->layer->blob, .done = done, .total = t->layer->bytes };

	if (o->progress)
		o->progress(&p, o->progress_arg);
}

static enum blob_state blob_state(const struct unpack *u, const struct task *t)
{
	return u->p->download ? download_blob(u->p->download, t->layer->blob)->state : BLOB_HERE;
}

static void finish(const struct unpack *u, struct task *t, char *folder, enum image_step how)
{
	t->layer->folder = folder;
	t->state = TASK_FINISHED;
	if (how == STEP_DONE || blob_state(u, t) == BLOB_HERE)
		tell(u, t, how, t->layer->bytes);
}

/* Is the layer there under this name? Return: 1 where it is (and then finished), 0, or -errno with @e filled */
static int find_folder(struct unpack *u, struct task *t, char *folder, struct err *e)
{
	int fd = store_hold(u->p->work->store->layers, folder, e);

	if (fd < 0 && fd != -ENOENT)
		return fd;
	if (fd >= 0)
		u->p->holds.v[u->p->holds.n++] = fd;
	else if (faccessat(u->p->work->fd, folder, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "look for layer %s", folder);
	finish(u, t, folder, STEP_HERE);
	return 1;
}

static int find_unpacked(struct unpack *u, struct task *t, struct err *e)
{
	int r = find_folder(u, t, t->independent_folder, e);

	return r == 0 ? find_folder(u, t, t->chain_folder, e) : r;
}

static int open_lower_folder(const struct unpack *u, const char *folder, struct err *e)
{
	int fd = openat(u->p->work->fd, folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		return err_set(e, errno, "open layer %s", folder);
	return fd < 0 ? image_open_layer(u->p->work->store, folder, e) : fd;
}

/* The merged view of the layers below number @i. Return: its fd, or -errno with @e filled */
static int open_lower(const struct unpack *u, size_t i, struct err *e)
{
	struct image below = { .layers = { .v = u->image->layers.v, .n = i } };
	struct strv folders;
	size_t n = 0;
	int fd = image_folders(&below, u->p->arena, &folders, e);

	if (fd < 0)
		return fd;
	int *dirs = arena_array(u->p->arena, folders.n, sizeof(*dirs));

	if (!dirs)
		return err_nomem(e);
	for (; fd >= 0 && n < folders.n; n++)
		fd = dirs[n] = open_lower_folder(u, folders.v[n], e);
	if (fd >= 0)
		fd = lower_open(dirs, n, e);
	while (n > 0)
		fd_close(&dirs[--n]);
	return fd;
}

static int make_target(const struct unpack *u, const char *folder, struct err *e)
{
	if (mkdirat(u->p->work->fd, folder, LAYER_FOLDER_MODE) < 0)
		return err_set(e, errno, "make a folder for layer %s", folder);
	auto_fd int fd = openat(u->p->work->fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchmod(fd, LAYER_FOLDER_MODE) < 0) /* whatever the umask */
		return err_set(e, errno, "open the folder of layer %s", folder);
	return fd_take(&fd);
}

static char *target_of(const struct task *t)
{
	return t->dependent ? t->chain_folder : t->independent_folder;
}

/* The further fds of its job: a view of the layers below, and the pipe of a blob that grows. Return: how many, or -errno */
static int further_fds(struct unpack *u, size_t i, int *ret_lower, int ret[2], struct err *e)
{
	const struct task *t = &u->tasks[i];
	int n = 0;

	if (t->dependent && i > 0) {
		*ret_lower = open_lower(u, i, e);
		if (*ret_lower < 0)
			return *ret_lower;
		ret[n++] = *ret_lower;
	}
	if (blob_state(u, t) != BLOB_HERE)
		ret[n++] = download_blob(u->p->download, t->layer->blob)->more;
	return n;
}

/* A blob that ends early, or has been taken away, will not come: why, the fetcher will say. Return: 0 */
static int cut(struct unpack *u, struct task *t, const struct err *e)
{
	t->state = TASK_CUT;
	u->cut = *e;
	err_wrap(&u->cut, "layer %zu of %zu", (size_t)(t - u->tasks) + 1, u->n);
	return 0;
}

static int start_worker(struct unpack *u, size_t i, struct err *e)
{
	struct task *t = &u->tasks[i];
	struct work_job job = {
		.kind = WORK_UNPACK,
		.compression = COMPRESSION_DETECT,
		.blob_bytes = t->layer->bytes,
		.max_bytes = u->p->options->max_layer_bytes,
		.max_files = u->p->options->max_layer_files,
		.rootless = u->p->options->rootless,
		.one_id = u->p->options->one_id,
		.lowest = t->dependent && i == 0,
		.grows = blob_state(u, t) != BLOB_HERE,
		.one_of_many = !t->alone,
	};
	auto_fd int blob = openat(u->p->blobs, t->layer->blob, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd int lower = -1;

	if (blob < 0) {
		err_set(e, errno, "open blob %s", t->layer->blob);
		return job.grows ? cut(u, t, e) : -e->code;
	}
	auto_fd int target = make_target(u, target_of(t), e);

	if (target < 0)
		return target;
	int fds[4] = { blob, target };
	int more = further_fds(u, i, &lower, fds + 2, e);

	if (more < 0)
		return more;
	memcpy(job.diff_id, t->layer->diff_id, sizeof(job.diff_id));
	int r = worker_start(u->p->options->worker, &job, fds, 2 + (size_t)more, &t->worker, e);

	if (r == 0)
		t->state = TASK_RUNNING;
	return r;
}

/* What is there already is finished on the spot. Each is looked for once, and again where it has got another name. */
static int finish_present(struct unpack *u, struct err *e)
{
	for (size_t i = 0; i < u->n; i++) {
		struct task *t = &u->tasks[i];
		int r = 0;

		if (!t->looked_for && is_ready(u, i)) {
			t->looked_for = true;
			r = find_unpacked(u, t, e);
		}
		if (r < 0)
			return err_wrap(e, "layer %zu of %zu", i + 1, u->n);
	}
	return 0;
}

/* The largest of those that wait for a worker and whose blob is as far as that. Return: its number; u->n: there is none */
static size_t largest(const struct unpack *u, enum blob_state blob)
{
	size_t found = u->n;

	for (size_t i = 0; i < u->n; i++)
		if (is_ready(u, i) && blob_state(u, &u->tasks[i]) == blob &&
		    (found == u->n || u->tasks[i].layer->bytes > u->tasks[found].layer->bytes))
			found = i;
	return found;
}

/*
 * The largest layer takes longest, so it goes first: a smaller one that begins to come waits for the first byte of a larger one
 * that has been asked for. If that takes so long that all of the smaller one is here, it waits no longer.
 */
static size_t choose(const struct unpack *u)
{
	size_t here = largest(u, BLOB_HERE);

	if (here < u->n || !u->p->download)
		return here;
	size_t coming = largest(u, BLOB_COMING), asked = largest(u, BLOB_ASKED);

	if (coming < u->n && asked < u->n && u->tasks[asked].layer->bytes > u->tasks[coming].layer->bytes)
		return u->n;
	return coming;
}

static bool one_runs_alone(const struct unpack *u)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->tasks[i].state == TASK_RUNNING && u->tasks[i].alone)
			return true;
	return false;
}

static int start_ready(struct unpack *u, size_t max_running, struct err *e)
{
	int r = finish_present(u, e);

	while (r == 0 && count(u, TASK_RUNNING) < max_running && !one_runs_alone(u)) {
		size_t i = choose(u);

		if (i == u->n || (u->tasks[i].alone && count(u, TASK_RUNNING) > 0))
			break;
		r = start_worker(u, i, e);
		if (r < 0)
			err_wrap(e, "layer %zu of %zu", i + 1, u->n);
	}
	return r;
}

static int take_done(struct unpack *u, struct task *t, const struct work_done *done, struct err *e)
{
	char *folder = target_of(t);

	worker_end(&t->worker);
	if (!done->needs_lower && !done->needs_memory) {
		finish(u, t, folder, STEP_DONE);
		return 0;
	}
	if (done->needs_memory ? t->alone : t->dependent)
		return err_say(e, EPROTO, "paene-worker asks twice for what it has (%s)",
			       done->needs_memory ? "memory" : done->chain_detail);
	t->alone |= done->needs_memory;
	t->dependent |= done->needs_lower;
	t->looked_for = false;
	t->state = TASK_WAITING;
	return file_remove(u->p->work->fd, folder, e);
}

/* Bytes that still come are not verified: if they make no sense it is for the fetcher to say first whether they are the right ones. */
static int take_failure(struct unpack *u, struct task *t, struct err *e)
{
	bool unverified = e->code == EINVAL && u->p->download && blob_state(u, t) != BLOB_HERE;

	if (!unverified && (e->code != EREMOTEIO || !u->p->download))
		return -e->code;
	worker_end(&t->worker);
	return cut(u, t, e);
}

static int take_message(struct unpack *u, struct task *t, struct err *e)
{
	struct work_message m;

	if (worker_receive(&t->worker, &m, e) < 0)
		return take_failure(u, t, e);
	if (m.type == WORK_DONE)
		return take_done(u, t, &m.done, e);
	/* of one that still comes, how much is here says more */
	if (m.type == WORK_PROGRESS && blob_state(u, t) == BLOB_HERE)
		tell(u, t, STEP_UNPACKING, m.progress.done_bytes);
	return 0;
}

static int hear_download(struct unpack *u, struct err *e)
{
	struct download *d = u->p->download;
	int r = download_hear(d, e);

	if (r == 0 && download_ended(d) && count(u, TASK_CUT) > 0) {
		*e = u->cut;
		r = -e->code;
	}
	return r;
}

/* Wait until at least one worker, or the fetcher, has something to say, and hear all that have. */
static int hear(struct unpack *u, struct err *e)
{
	struct pollfd fds[WORKERS_MAX + 1];
	size_t task_of[WORKERS_MAX], n = 0;
	int r = 0;

	for (size_t i = 0; i < u->n; i++) {
		if (u->tasks[i].state != TASK_RUNNING)
			continue;
		fds[n] = (struct pollfd){ .fd = u->tasks[i].worker.child.sock, .events = POLLIN };
		task_of[n++] = i;
	}
	bool fetching = u->p->download && !download_ended(u->p->download);

	if (n == 0 && !fetching) /* what was there has finished some: now others can be started */
		return 0;
	if (fetching)
		fds[n] = (struct pollfd){ .fd = u->p->download->transfer->child.sock, .events = POLLIN };
	if (poll(fds, n + fetching, -1) < 0)
		return errno == EINTR ? 0 : err_set(e, errno, "wait for paene-worker");
	if (fetching && fds[n].revents)
		r = hear_download(u, e);
	for (size_t k = 0; k < n && r == 0; k++) {
		r = fds[k].revents ? take_message(u, &u->tasks[task_of[k]], e) : 0;
		if (r < 0)
			err_wrap(e, "layer %zu of %zu", task_of[k] + 1, u->n);
	}
	return r;
}

static size_t processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0) /* more of them than a cpu_set_t has room for */
		return WORKERS_MAX;
	return MIN((size_t)CPU_COUNT(&set), WORKERS_MAX);
}

static bool all_ended(const struct unpack *u)
{
	return count(u, TASK_FINISHED) == u->n && (!u->p->download || download_ended(u->p->download));
}

int unpack_layers(struct publication *p, struct image *image, struct err *e)
{
	struct unpack u = { .p = p, .image = image };
	int r = make_tasks(&u, e);

	while (r == 0 && !all_ended(&u)) {
		if (p->download)
			r = download_ask(p->download, e);
		if (r == 0)
			r = start_ready(&u, processors(), e);
		if (r == 0 && !all_ended(&u))
			r = hear(&u, e);
	}
	for (size_t i = 0; u.tasks && i < u.n; i++)
		worker_end(&u.tasks[i].worker);
	return r;
}
