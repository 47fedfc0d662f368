// SPDX-License-Identifier: Apache-2.0
#include "images/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/digest_text.h"
#include "images/signed.h"
#include "images/work.h"
#include "images/worker.h"

#define MANIFEST_MAX (4 << 20)

struct search {
	const struct signatures *from;
	struct work work;
	struct transfer transfer;
};

static void end_search(struct search *s)
{
	transfer_end(&s->transfer);
	work_end(&s->work);
}
#define auto_search __attribute__((cleanup(end_search)))

static int open_fetched(struct search *s, const char *hex, struct err *e)
{
	int fd = openat(s->work.fd, hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open what was fetched") : fd;
}

/* The manifest of all signatures. Return: its fd, -ENOENT: there is none, or -errno; @e filled */
static int fetch_manifest(struct search *s, const char *hex, struct err *e)
{
	struct fetch_request request = { .kind = FETCH_MANIFEST, .bytes = MANIFEST_MAX };
	struct fetch_reply reply = { 0 };

	snprintf(request.reference, sizeof(request.reference), "sha256-%s.sig", hex);
	int r = transfer_do(&s->transfer, &request, -1, &reply, e);

	if (r < 0)
		return r;
	if (!digest_is_hex(reply.digest))
		return err_say(e, EPROTO, "a manifest of signatures without a digest");
	return open_fetched(s, reply.digest, e);
}

static int check_list(const struct signed_list *list, struct err *e)
{
	if (list->n > SIGNED_MOST)
		return err_say(e, EPROTO, "too many signatures");
	for (size_t i = 0; i < list->n; i++)
		if (!digest_is_hex(list->v[i].payload) || strlen(list->v[i].signature) >= WORK_SIGNATURE_MAX)
			return err_say(e, EPROTO, "a signature of a form that there is not");
	return 0;
}

static int list_signatures(struct search *s, const char *hex, struct arena *arena, struct signed_list *ret,
			   struct err *e)
{
	const struct work_job job = { .kind = WORK_SIGNATURES };
	auto_fd int manifest = fetch_manifest(s, hex, e);
	const int fds[] = { manifest, s->work.fd };
	auto_free char *text = NULL;
	struct work_done done;
	size_t len;

	if (manifest < 0)
		return manifest;
	int r = worker_do(s->from->worker, &job, fds, ARRAY_SIZE(fds), &done, e);

	if (r >= 0)
		r = file_read(s->work.fd, SIGNED_FILE, SIGNED_FILE_MAX, &text, &len, e);
	if (r >= 0)
		r = decode_text(text, len, SIGNED_FILE, signed_fields, ARRAY_SIZE(signed_fields), arena, ret, e);
	return r < 0 ? r : check_list(ret, e);
}

static int fetch_payload(struct search *s, const struct signed_entry *entry, struct err *e)
{
	struct fetch_request request = { .kind = FETCH_BLOB, .bytes = entry->bytes };
	struct fetch_reply reply;

	snprintf(request.digest, sizeof(request.digest), "%s", entry->payload);
	int r = transfer_do(&s->transfer, &request, -1, &reply, e);

	return r < 0 ? r : open_fetched(s, entry->payload, e);
}

/* The worker reads keys from a file, as all else. */
static int key_file(const char *key, struct err *e)
{
	auto_fd int fd = memfd_create("key", MFD_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "make a file in memory");
	int r = fd_write_all(fd, key, strlen(key));

	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, r < 0 ? -r : errno, "write a file in memory");
	return fd_take(&fd);
}

static int verify(struct search *s, const struct signed_entry *entry, int payload, const char *hex, const char *key,
		  struct work_done *ret, struct err *e)
{
	struct work_job job = { .kind = WORK_VERIFY };
	auto_fd int file = key_file(key, e);
	const int fds[] = { payload, s->work.fd, file };

	if (file < 0)
		return file;
	if (lseek(payload, 0, SEEK_SET) < 0)
		return err_set(e, errno, "go back to the beginning of a payload");
	snprintf(job.signature, sizeof(job.signature), "%s", entry->signature);
	snprintf(job.subject, sizeof(job.subject), "%s", hex);
	return worker_do(s->from->worker, &job, fds, ARRAY_SIZE(fds), ret, e);
}

/* One signature and all keys. Return: 0, or -errno with @e filled */
static int try_signature(struct search *s, const struct signed_entry *entry, const struct requirement *req,
			 const struct image_ref *ref, const char *hex, const char **ret_key, struct err *e)
{
	auto_fd int payload = fetch_payload(s, entry, e);
	struct work_done done;
	int r = payload;

	for (size_t i = 0; i < req->keys.n && payload >= 0; i++) {
		r = verify(s, entry, payload, hex, req->keys.v[i], &done, e);
		if (r == -EKEYREJECTED)
			continue;
		if (r >= 0 && !policy_identity_fits(&req->identity, ref, done.signed_name))
			return err_say(e, EPERM, "it is signed as %.300s, which the policy's signedIdentity does not take for this name",
				       done.signed_name);
		if (r >= 0)
			*ret_key = req->keys.v[i];
		return r;
	}
	return r;
}

int signature_check(const struct signatures *from, const struct requirement *req, const struct image_ref *ref, const char *hex,
		    const char **ret_key, struct err *e)
{
	auto_search struct search s = { .from = from, .work = WORK_NONE, .transfer = TRANSFER_NONE };
	auto_arena struct arena arena = { 0 };
	struct signed_list list = { 0 };
	int r = work_begin(from->store, &s.work, e);

	if (r >= 0)
		r = session_start(from->settings, from->at, NULL, false, s.work.fd, &s.transfer, e);
	if (r >= 0)
		r = list_signatures(&s, hex, &arena, &list, e);
	if (r < 0)
		return r;
	if (!list.n)
		return err_say(e, ENOENT, "there is no signature");
	for (size_t i = 0; i < list.n; i++) {
		r = try_signature(&s, &list.v[i], req, ref, hex, ret_key, e);
		if (r >= 0)
			return 0;
	}
	err_wrap(e, "none of %zu signatures will do; the last one", list.n);
	e->code = EPERM; /* whatever was wrong with that one */
	return -EPERM;
}
