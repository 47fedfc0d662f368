// SPDX-License-Identifier: Apache-2.0
#include "images/download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "images/store.h"

#define AT_ONCE 6

static struct blob *find(const struct download *d, const char *hex)
{
	for (size_t i = 0; i < d->n; i++)
		if (streq(d->v[i].hex, hex))
			return &d->v[i];
	return NULL;
}

static int larger_first(const void *a, const void *b)
{
	const struct blob *x = a, *y = b;

	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : strcmp(x->hex, y->hex);
}

static void tell(const struct download *d, enum image_step step, const struct blob *b, uint64_t done)
{
	const struct image_progress p = { .step = step, .blob = b->hex, .done = done, .total = b->bytes };

	if (d->options->progress)
		d->options->progress(&p, d->options->progress_arg);
}

static int look(const struct download *d, const struct store *s, struct blob *b, struct err *e)
{
	int r = 1;

	if (linkat(s->blobs, b->hex, d->folder, b->hex, 0) < 0)
		r = errno == ENOENT ? store_borrow(s, b->hex, b->bytes, d->folder, e)
				    : err_set(e, errno, "take blob %s of the store", b->hex);
	if (r > 0)
		b->state = BLOB_HERE;
	return MIN(r, 0);
}

int download_plan(struct download *d, const struct store *s, const struct image *image, struct arena *arena, struct err *e)
{
	int r = 0;

	d->n = 0;
	d->v = arena_array(arena, image->layers.n, sizeof(*d->v));
	if (!d->v)
		return err_nomem(e);
	for (size_t i = 0; i < image->layers.n && r == 0; i++) {
		const struct image_layer *l = &image->layers.v[i];
		const struct blob *known = find(d, l->blob);

		if (known && known->bytes != l->bytes)
			return err_say(e, EINVAL, "two layers are one blob, of different sizes");
		if (known)
			continue;
		d->v[d->n] = (struct blob){ .hex = l->blob, .bytes = l->bytes, .more = -1 };
		r = look(d, s, &d->v[d->n++], e);
	}
	if (d->n)
		qsort(d->v, d->n, sizeof(*d->v), larger_first);
	return r;
}

const struct blob *download_blob(const struct download *d, const char *hex)
{
	return find(d, hex);
}

static size_t count(const struct download *d, enum blob_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		n += d->v[i].state == state;
	return n;
}

bool download_ended(const struct download *d)
{
	return count(d, BLOB_HERE) == d->n;
}

/* The writer must never wait for a reader: a full pipe says enough. */
static int make_pipe(int *ret_read, int *ret_write, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	*ret_read = ends[0];
	*ret_write = ends[1];
	return fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0 ? err_set(e, errno, "set up a pipe") : 0;
}

static int ask(struct download *d, struct blob *b, struct err *e)
{
	struct fetch_request request = { .kind = FETCH_BLOB, .bytes = b->bytes };
	auto_fd int write_end = -1;
	int r = make_pipe(&b->more, &write_end, e);

	if (r < 0)
		return r;
	memcpy(request.digest, b->hex, sizeof(request.digest));
	r = transfer_ask(d->transfer, &request, write_end, e);
	if (r < 0)
		return r;
	b->request = request.id;
	b->state = BLOB_ASKED;
	tell(d, STEP_FETCHING, b, 0);
	return 0;
}

int download_ask(struct download *d, struct err *e)
{
	size_t coming = count(d, BLOB_ASKED) + count(d, BLOB_COMING);

	for (size_t i = 0; i < d->n && coming < AT_ONCE; i++) {
		if (d->v[i].state != BLOB_WAITING)
			continue;
		int r = ask(d, &d->v[i], e);

		if (r < 0)
			return r;
		coming++;
	}
	return 0;
}

static struct blob *of_request(const struct download *d, uint32_t id)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].more >= 0 && d->v[i].request == id)
			return &d->v[i];
	return NULL;
}

int download_hear(struct download *d, struct err *e)
{
	struct fetch_reply reply;
	int r = transfer_receive(d->transfer, &reply, e);

	d->failed = r < 0 || reply.type == FETCH_FAILED;
	if (r < 0)
		return r;
	struct blob *b = of_request(d, reply.id);

	if (!b)
		return err_say(e, EPROTO, "paene-fetch answers what it was not asked");
	switch (reply.type) {
	case FETCH_FAILED:
		*e = reply.err;
		return -e->code;
	case FETCH_DONE:
		b->state = BLOB_HERE;
		fd_close(&b->more);
		tell(d, STEP_FETCHING, b, b->bytes);
		return 0;
	default:
		b->state = BLOB_COMING;
		tell(d, STEP_FETCHING, b, MIN(reply.done, b->bytes));
		return 0;
	}
}

void download_close(struct download *d)
{
	for (size_t i = 0; i < d->n; i++)
		fd_close(&d->v[i].more);
	d->n = 0;
}
