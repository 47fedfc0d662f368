// SPDX-License-Identifier: Apache-2.0
#include "images/push.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "images/find.h"
#include "images/store.h"

#define AT_ONCE	    6
#define OLD_DEFAULT "application/vnd.oci.image.manifest.v1+json" /* of records that do not say */

enum sending_state {
	SENDING_WAITING,
	SENDING_ASKED,
	SENDING_DONE,
};

struct sending {
	const char *hex;
	uint64_t bytes; /* 0: of a config, which is found out */
	enum sending_state state;
	uint32_t request;
	char mount_from[256]; /* a repository of the registry that may have it; "": none known */
};

struct push {
	const struct store *store; /* that has the image */
	const struct image *image;
	const struct image_ref *to;
	const struct push_options *o;
	struct remote *remote;
	struct arena arena;
	struct sending *v; /* layers, each once */
	size_t n;
};

static struct sending *find(const struct push *p, const char *hex)
{
	for (size_t i = 0; i < p->n; i++)
		if (streq(p->v[i].hex, hex))
			return &p->v[i];
	return NULL;
}

static int list_layers(struct push *p, struct err *e)
{
	const struct image_layers *layers = &p->image->layers;

	p->v = arena_array(&p->arena, layers->n, sizeof(*p->v));
	if (!p->v)
		return err_nomem(e);
	for (size_t i = 0; i < layers->n; i++)
		if (!find(p, layers->v[i].blob))
			p->v[p->n++] = (struct sending){ .hex = layers->v[i].blob, .bytes = layers->v[i].bytes };
	return 0;
}

/* ---- what other repositories there may have ---- */

/* A repository of the same registry, by one of an image's names; NULL where none is. */
static const char *repository_there(const struct push *p, const struct image *image, struct image_ref *ref)
{
	struct err ignored; /* names of the store are names */

	for (size_t i = 0; i < image->names.n; i++)
		if (image_ref_parse(image->names.v[i], ref, &ignored) >= 0 && streq(ref->host, p->to->host) &&
		    !streq(ref->name, p->to->name))
			return ref->name;
	return NULL;
}

static int take_sources(const struct image *image, void *arg, struct err *e)
{
	const struct push *p = arg;
	struct image_ref ref;
	const char *repository = repository_there(p, image, &ref);

	(void)e;
	for (size_t i = 0; repository && i < image->layers.n; i++) {
		struct sending *s = find(p, image->layers.v[i].blob);

		if (s && !s->mount_from[0])
			memcpy(s->mount_from, ref.name, sizeof(s->mount_from));
	}
	return 0;
}

/* ---- sending ---- */

static void tell(const struct push *p, enum image_step step, const struct sending *s, uint64_t done)
{
	const struct image_progress now = { .step = step, .blob = s->hex, .done = done, .total = s->bytes };

	if (p->o->progress)
		p->o->progress(&now, p->o->progress_arg);
}

static int open_blob(const struct push *p, const char *hex, uint64_t *ret_bytes, struct err *e)
{
	auto_fd int fd = openat(p->store->blobs, hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		err_say(e, ENOENT, "blob sha256:%s is missing from the store", hex);
		return err_hint(e, "pull or load the image again");
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "open blob %s", hex);
	*ret_bytes = (uint64_t)st.st_size;
	return fd_take(&fd);
}

static int send(struct push *p, struct sending *s, struct err *e)
{
	struct fetch_request request = { .kind = FETCH_PUT_BLOB };
	auto_fd int fd = open_blob(p, s->hex, &s->bytes, e);

	if (fd < 0)
		return fd;
	request.bytes = s->bytes;
	memcpy(request.digest, s->hex, sizeof(request.digest));
	memcpy(request.mount_from, s->mount_from, sizeof(request.mount_from));
	if (transfer_ask(&p->remote->transfer, &request, fd, e) < 0)
		return remote_failed(p->remote, e);
	s->request = request.id;
	s->state = SENDING_ASKED;
	tell(p, STEP_SENDING, s, 0);
	return 0;
}

static struct sending *of_request(const struct push *p, uint32_t id)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].state == SENDING_ASKED && p->v[i].request == id)
			return &p->v[i];
	return NULL;
}

static int hear(struct push *p, struct err *e)
{
	struct fetch_reply reply;

	if (transfer_receive(&p->remote->transfer, &reply, e) < 0)
		return remote_failed(p->remote, e);
	struct sending *s = of_request(p, reply.id);

	if (!s)
		return err_say(e, EPROTO, "paene-fetch answers what it was not asked");
	if (reply.type == FETCH_FAILED) {
		*e = reply.err;
		return remote_failed(p->remote, e);
	}
	if (reply.type == FETCH_DONE)
		s->state = SENDING_DONE;
	if (reply.type == FETCH_DONE)
		tell(p, reply.there ? STEP_THERE : STEP_DONE, s, s->bytes);
	else
		tell(p, STEP_SENDING, s, MIN(reply.done, s->bytes));
	return 0;
}

static int send_layers(struct push *p, struct err *e)
{
	size_t under_way = 0, begun = 0, ended = 0;
	int r = 0;

	while (r >= 0 && ended < p->n) {
		for (; r >= 0 && begun < p->n && under_way < AT_ONCE; begun++, under_way++)
			r = send(p, &p->v[begun], e);
		if (r >= 0)
			r = hear(p, e);
		ended = 0;
		for (size_t i = 0; i < begun; i++)
			ended += p->v[i].state == SENDING_DONE;
		under_way = begun - ended;
	}
	return r;
}

/* Config and manifest: one after the other, as each refers to what went before. */
static int put(struct push *p, struct fetch_request *request, const char *hex, struct err *e)
{
	struct fetch_reply reply;
	auto_fd int fd = open_blob(p, hex, &request->bytes, e);

	return fd < 0 ? fd : remote_do(p->remote, request, fd, &reply, e);
}

static int put_texts(struct push *p, struct err *e)
{
	struct fetch_request config = { .kind = FETCH_PUT_BLOB }, manifest = { .kind = FETCH_PUT_MANIFEST };
	const char *type = p->image->media_type;

	memcpy(config.digest, p->image->config, sizeof(config.digest));
	remote_reference(p->to, &manifest);
	snprintf(manifest.media_type, sizeof(manifest.media_type), "%s", type ? type : OLD_DEFAULT);
	int r = put(p, &config, p->image->config, e);

	return r < 0 ? r : put(p, &manifest, p->image->manifest, e);
}

static int push_to(struct remote *remote, void *arg, struct err *e)
{
	struct push *p = arg;

	p->remote = remote;
	for (size_t i = 0; i < p->n; i++)
		p->v[i].state = SENDING_WAITING;
	int r = send_layers(p, e);

	return r < 0 ? r : put_texts(p, e);
}

int image_push(const struct store *s, const struct image *image, const struct image_ref *to, const struct push_options *o,
	       struct err *e)
{
	struct push p = { .store = image_home(s, image), .image = image, .to = to, .o = o };
	char text[IMAGE_REF_MAX];
	/* while it is held, all that it refers to stays */
	auto_fd int held = store_hold(p.store->records, image->manifest, e);
	int r = MIN(held, 0);

	if (r >= 0 && to->digest[0] && !streq(to->digest, image->manifest))
		r = err_say(e, EINVAL, "the image's digest is sha256:%s", image->manifest);
	if (r >= 0)
		r = list_layers(&p, e);
	if (r >= 0)
		r = image_each(s, take_sources, &p, e);
	if (r >= 0)
		r = remote_each(s, &o->remote, to, true, push_to, &p, e);
	arena_free(&p.arena);
	return r < 0 ? err_wrap(e, "push %s", image_ref_text(to, true, text)) : 0;
}
