// SPDX-License-Identifier: Apache-2.0
#include "images/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"

#define FETCHED_FOLDER "fetched"

/* What has gone wrong here would go wrong with every endpoint. */
static bool is_ours(int code)
{
	return code == ENOSPC || code == EDQUOT || code == ENOMEM || code == EROFS || code == EMFILE;
}

int remote_failed(struct remote *remote, const struct err *e)
{
	remote->failed = !is_ours(e->code);
	return -e->code;
}

int remote_do(struct remote *remote, struct fetch_request *request, int fd, struct fetch_reply *ret, struct err *e)
{
	return transfer_do(&remote->transfer, request, fd, ret, e) < 0 ? remote_failed(remote, e) : 0;
}

void remote_reference(const struct image_ref *ref, struct fetch_request *ret)
{
	if (ref->digest[0])
		snprintf(ret->reference, sizeof(ret->reference), "sha256:%s", ref->digest);
	else
		snprintf(ret->reference, sizeof(ret->reference), "%s", ref->tag);
}

static int begin(struct remote *remote, const struct store *s, struct err *e)
{
	int r = work_begin(s, &remote->work, e);

	if (r < 0)
		return r;
	if (mkdirat(remote->work.fd, FETCHED_FOLDER, 0700) < 0)
		return err_set(e, errno, "make a work folder");
	remote->folder = openat(remote->work.fd, FETCHED_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return remote->folder < 0 ? err_set(e, errno, "open a work folder") : 0;
}

static void end(struct remote *remote)
{
	transfer_end(&remote->transfer);
	fd_close(&remote->folder);
	work_end(&remote->work);
}

struct attempt {
	const struct store *store;
	const struct remote_options *o;
	bool push;
	int (*f)(struct remote *remote, void *arg, struct err *e);
	void *arg;
};

/* Return: @f's result; *ret_next: it may be had elsewhere */
static int try_one(const struct attempt *a, const struct endpoint *at, bool *ret_next, struct err *e)
{
	struct remote remote = { .at = at, .transfer = TRANSFER_NONE, .work = WORK_NONE, .folder = -1 };
	int r = begin(&remote, a->store, e);

	if (r >= 0) {
		r = session_start(a->o->session, at, a->o->as, a->push && at->repository[0], remote.folder, &remote.transfer, e);
		if (r < 0)
			remote_failed(&remote, e);
	}
	if (r >= 0)
		r = a->f(&remote, a->arg, e);
	*ret_next = r < 0 && remote.failed;
	end(&remote);
	return r;
}

/* Put what the ones before it have said in front of what one endpoint says. */
static void add_words(const char *before, const struct endpoint *at, struct err *e)
{
	if ((before[0] || at->mirror) && !str_after(e->text, at->host))
		err_wrap(e, "%s", at->host);
	if (before[0])
		err_wrap(e, "%s; then", before);
}

/* Whether what a host says over TLS is its answer, so that it need not be asked without. */
static bool has_spoken(const struct err *e)
{
	static const int silent[] = { EPROTO, ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH };

	for (size_t i = 0; i < ARRAY_SIZE(silent); i++)
		if (e->code == silent[i])
			return false;
	return true;
}

int remote_each(const struct store *s, const struct remote_options *o, const struct image_ref *ref, bool push,
		int (*f)(struct remote *remote, void *arg, struct err *e), void *arg, struct err *e)
{
	const struct attempt a = { .store = s, .o = o, .push = push, .f = f, .arg = arg };
	struct endpoint at[ENDPOINTS_MAX];
	char before[ERR_TEXT_MAX] = "";
	bool next = true;
	int n = registries_endpoints(o->registries, ref, push, ref->digest[0], o->plain, at, e);
	int r = MIN(n, 0);

	for (int i = 0; i < n && next; i++) {
		if (!ref->name[0])
			at[i].repository[0] = '\0';
		r = try_one(&a, &at[i], &next, e);
		/* over TLS and then without it, one host is asked twice: what it says last is its answer */
		bool twice = next && i + 1 < n && streq(at[i].host, at[i + 1].host), enough = twice && has_spoken(e);

		if (!next || (twice && !enough))
			continue;
		add_words(before, &at[i], e);
		memcpy(before, e->text, sizeof(before));
		i += enough;
	}
	return r;
}
