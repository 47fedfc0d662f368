// SPDX-License-Identifier: Apache-2.0
/* lookup.c: what a registry is asked about, and nothing is taken in. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/find.h"
#include "images/found.h"
#include "images/pull.h"
#include "images/worker.h"

#define TEXT_MAX     (16 << 20) /* of what the fetcher or the worker write */
#define MANIFEST_MAX (4 << 20)
#define SHOWN_FOLDER "shown"
#define HUB	     "docker.io"
#define HUB_SEARCH   "index.docker.io" /* its registry knows no search */

/* ---- tags ---- */

/* Where the fetcher's list goes. */
struct list {
	struct arena *arena;
	struct strv names;
	struct found found;
	const char *words;
};

static int ask_tags(struct remote *remote, void *arg, struct err *e)
{
	struct list *l = arg;
	struct fetch_request request = { .kind = FETCH_TAGS };
	struct fetch_reply reply;
	auto_free char *text = NULL;
	size_t len;
	int r = remote_do(remote, &request, -1, &reply, e);

	if (r >= 0)
		r = file_read(remote->folder, FETCH_TAGS_FILE, TEXT_MAX, &text, &len, e);
	return r < 0 ? r : found_read_names(text, len, l->arena, &l->names, e);
}

/* What is no tag is none that could be asked for. */
static int check_tags(const struct image_ref *ref, struct strv *names, struct err *e)
{
	for (size_t i = 0; i < names->n; i++) {
		char text[IMAGE_REF_MAX];
		struct image_ref one;

		snprintf(text, sizeof(text), "%s/%s:%.200s", ref->host, ref->name, names->v[i]);
		if (image_ref_parse(text, &one, e) < 0 || one.digest[0] || !streq(one.tag, names->v[i]))
			return err_say(e, EPROTO, "the registry lists what is no tag");
	}
	return 0;
}

int image_tags(const struct store *s, const struct image_ref *ref, const struct remote_options *o, struct arena *arena,
	       struct strv *ret, struct err *e)
{
	struct list list = { .arena = arena };
	struct image_ref all = *ref;
	char text[IMAGE_REF_MAX];

	all.tag[0] = all.digest[0] = '\0';
	int r = remote_each(s, o, &all, false, ask_tags, &list, e);

	if (r >= 0)
		r = check_tags(ref, &list.names, e);
	if (r < 0)
		return err_wrap(e, "tags of %s", image_ref_text(&all, true, text));
	*ret = list.names;
	return 0;
}

/* ---- search ---- */

static int ask_search(struct remote *remote, void *arg, struct err *e)
{
	struct list *l = arg;
	struct fetch_request request = { .kind = FETCH_SEARCH };
	struct fetch_reply reply;
	auto_free char *text = NULL;
	size_t len;

	if (strlen(l->words) >= sizeof(request.reference))
		return err_say(e, EINVAL, "\"%s\" is too long", l->words);
	snprintf(request.reference, sizeof(request.reference), "%s", l->words);
	int r = remote_do(remote, &request, -1, &reply, e);

	if (r >= 0)
		r = file_read(remote->folder, FETCH_SEARCH_FILE, TEXT_MAX, &text, &len, e);
	return r < 0 ? r : found_read(text, len, l->arena, &l->found, e);
}

int image_search(const struct store *s, const char *host, const char *words, const struct remote_options *o,
		 struct arena *arena, struct found *ret, struct err *e)
{
	struct list list = { .arena = arena, .words = words };
	struct image_ref ref = { 0 };

	snprintf(ref.host, sizeof(ref.host), "%s", streq(host, HUB) ? HUB_SEARCH : host);
	int r = remote_each(s, o, &ref, true, ask_search, &list, e);

	if (r < 0)
		return err_wrap(e, "search %s", host);
	*ret = list.found;
	return 0;
}

/* ---- manifests ---- */

struct looking {
	const struct image_ref *ref;
	const char *worker;
	char *text;
};

/* Only a worker reads it: what comes back is JSON, in ASCII. */
static int show(const struct work *work, int manifest, const char *worker, char **ret, struct err *e)
{
	struct work_job job = { .kind = WORK_SHOW };
	struct work_done done;

	if (mkdirat(work->fd, SHOWN_FOLDER, 0700) < 0)
		return err_set(e, errno, "make a work folder");
	auto_fd int folder = openat(work->fd, SHOWN_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return err_set(e, errno, "open a work folder");
	int fds[] = { manifest, folder };
	int r = worker_do(worker, &job, fds, ARRAY_SIZE(fds), &done, e);

	return r < 0 ? r : file_read(folder, WORK_SHOWN_FILE, TEXT_MAX, ret, NULL, e);
}

static int ask_manifest(struct remote *remote, void *arg, struct err *e)
{
	struct looking *l = arg;
	struct fetch_request request = { .kind = FETCH_MANIFEST, .bytes = MANIFEST_MAX };
	struct fetch_reply reply;

	remote_reference(l->ref, &request);
	int r = remote_do(remote, &request, -1, &reply, e);

	if (r < 0)
		return r;
	auto_fd int fd = openat(remote->folder, reply.digest, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open the manifest") : show(&remote->work, fd, l->worker, &l->text, e);
}

int image_manifest(const struct store *s, const struct image_ref *ref, const struct remote_options *o, const char *worker,
		   char **ret, struct err *e)
{
	struct looking l = { .ref = ref, .worker = worker };
	char text[IMAGE_REF_MAX];
	int r = remote_each(s, o, ref, false, ask_manifest, &l, e);

	if (r < 0)
		return err_wrap(e, "manifest of %s", image_ref_text(ref, true, text));
	*ret = l.text;
	return 0;
}

int image_own_manifest(const struct store *s, const struct image *image, const char *worker, char **ret, struct err *e)
{
	auto_fd int fd = openat(image_home(s, image)->blobs, image->manifest, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_work struct work work = WORK_NONE;

	if (fd < 0)
		return err_set(e, errno, "open the manifest of image %.12s", image->config);
	int r = work_begin(s, &work, e);

	return r < 0 ? r : show(&work, fd, worker, ret, e);
}
