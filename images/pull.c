// SPDX-License-Identifier: Apache-2.0
/*
 * pull.c: from a name at a registry to an image of the store.
 *
 *	what does the name mean?    one question (HEAD), if the name is known here: where it means the same, that is all
 *	manifest, config	    fetched one after the other; a worker reads them and says what comes next (job `describe`)
 *	blobs of layers		    those that the store lacks, several at once; unpacked while they come (images/unpack.c)
 *	blobs, layers, record	    published as those of an archive are (images/publish.c), then the name
 *
 * The fetcher is exposed to the network, so the chain of digests that leads to the files of a container does not rest on it: from
 * the digest of a manifest (the user's, or what the registry said) to the config to the diff id of each layer, workers check them,
 * none of which has a network. Only a blob's own digest is the fetcher's to check.
 */
#include "images/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "images/digest_text.h"
#include "images/download.h"
#include "images/publish.h"
#include "images/refs.h"
#include "images/signature.h"
#include "images/store.h"
#include "images/worker.h"

#define DESCRIBED_FOLDER "described"
#define MANIFEST_MAX	 (4 << 20)
#define STEPS_MAX	 8 /* of a description: indexes in indexes, a manifest, a config */

struct pull {
	const struct store *store;
	const struct image_ref *ref;
	const struct pull_options *o;
	struct remote *remote;
	int described; /* folder of the worker, in which the fetcher has no part */
	char root[DIGEST_HEX + 1]; /* what the name means at the registry: a manifest or an index */
	char media_type[WORK_TYPE_MAX];
	struct pull_result result;
	struct arena arena;
};

/* What led to a manifest at the registry, where that was not its own digest. */
static const char *index_of(const char *root, const char *manifest)
{
	return streq(root, manifest) ? NULL : root;
}

/* Return: 1: it is allowed, with a proof that is to be kept; 0: it is; or -errno with @e filled */
static int ask_policy(struct pull *p, const char *root, const char *manifest, struct policy_proof *ret, struct err *e)
{
	struct signatures from = {
		.settings = p->o->remote.session,
		.at = p->remote ? p->remote->at : NULL,
		.store = p->store,
		.worker = p->o->load.worker,
	};

	if (!p->o->policy)
		return 0;
	return policy_check_pull(p->o->policy, p->ref, manifest, index_of(root, manifest), &from, &p->arena, ret, e);
}

/* ---- is it here? ---- */

static bool suits(const struct pull *p, const struct image *image)
{
	struct image_platform have;

	image_platform(image, &have);
	/* a config that does not say is not held against it */
	return !have.os[0] || !have.architecture[0] || platform_rank(&p->o->platform, &have) > 0;
}

static bool is_exactly(const struct pull *p, const struct image *image)
{
	struct image_platform have;

	image_platform(image, &have);
	return platform_same(&have, &p->o->platform);
}

/* A manifest that no index led to: is it for another machine? Whoever has asked for one must not get another. */
static int check_platform(struct pull *p, const struct image *image, struct err *e)
{
	struct image_platform have;
	char wanted[PLATFORM_MAX];

	if (index_of(p->root, image->manifest) || suits(p, image))
		return 0;
	image_platform(image, &have);
	platform_text(&have, p->result.platform);
	if (!p->o->platform_given)
		return 0;
	return err_say(e, ENOENT, "it is there for %s alone, not for %s", p->result.platform,
		       platform_text(&p->o->platform, wanted));
}

/* What the name means here. Return: 1 with @ret filled: it is that of the registry, for our platform, and whole; 0 */
static int find_here(const struct pull *p, const char *root, struct image *ret)
{
	char manifest[DIGEST_HEX + 1], index[DIGEST_HEX + 1];
	struct err ignored; /* what cannot be read is pulled again */
	auto_arena struct arena arena = { 0 };
	struct publication whole = { .work = &(struct work){ .store = p->store, .fd = -1 }, .arena = &arena };

	if (ref_read(p->store, p->ref, manifest, &ignored) < 0)
		return 0;
	if (ref_read_index(p->store, p->ref, index, &ignored) < 0 || (!streq(root, manifest) && !streq(root, index)))
		return 0;
	if (store_read_record(p->store->records, manifest, ret, &ignored) < 0)
		return 0;
	/* one of another variant may be the best that there is, or not: what led to it knows */
	bool sure = index[0] ? is_exactly(p, ret) : suits(p, ret);

	if (sure && publish_hold(&whole, ret, &ignored) > 0) {
		holds_release(&whole.holds);
		return 1;
	}
	image_free(ret);
	return 0;
}

static bool is_known(const struct pull *p)
{
	char manifest[DIGEST_HEX + 1];
	struct err ignored;

	return ref_read(p->store, p->ref, manifest, &ignored) >= 0;
}

/* Return: 1: it is, and that is all; 0; or -errno with @e filled */
static int take_here(struct pull *p, const char *root, struct err *e)
{
	auto_image struct image image = { 0 };
	struct policy_proof proof;

	if (!find_here(p, root, &image))
		return 0;
	int r = ask_policy(p, root, image.manifest, &proof, e); /* which may have been another one when it came */

	if (r > 0)
		r = policy_keep(p->store, image.manifest, &proof, e);
	memcpy(p->result.id, image.config, sizeof(p->result.id));
	return r < 0 ? r : 1;
}

/* ---- what is it? ---- */

/* Ask what the name means now. A registry that does not say is no reason to give up. */
static int ask(struct pull *p, struct err *e)
{
	struct fetch_request request = { .kind = FETCH_HEAD };
	struct fetch_reply reply;

	remote_reference(p->ref, &request);
	int r = transfer_do(&p->remote->transfer, &request, -1, &reply, e);

	if (r == -ENOENT || r == -EACCES || (r < 0 && reply.status == 0))
		return remote_failed(p->remote, e);
	if (r == 0)
		memcpy(p->root, reply.digest, sizeof(p->root));
	return 0;
}

/* By the digest that we were told, else by the name. */
static int fetch_root(struct pull *p, struct err *e)
{
	struct fetch_request request = { .kind = FETCH_MANIFEST, .bytes = MANIFEST_MAX };
	struct fetch_reply reply;

	remote_reference(p->ref, &request);
	if (p->root[0])
		snprintf(request.reference, sizeof(request.reference), "sha256:%s", p->root);
	int r = remote_do(p->remote, &request, -1, &reply, e);

	if (r < 0)
		return r;
	if (!reply.digest[0] || (p->root[0] && !streq(p->root, reply.digest)))
		return err_say(e, EPROTO, "paene-fetch brought another manifest than it was asked for");
	memcpy(p->root, reply.digest, sizeof(p->root));
	snprintf(p->media_type, sizeof(p->media_type), "%.*s", (int)strcspn(reply.media_type, "; "), reply.media_type);
	return 0;
}

static int check_want(const struct work_want *want, struct err *e)
{
	if (!digest_is_hex(want->digest) || want->bytes == 0 || want->bytes > MANIFEST_MAX)
		return err_say(e, EPROTO, "paene-worker asks for what there cannot be");
	return 0;
}

/* From the store, where it is there: what is not what it should be is found by the worker. */
static int fetch_wanted(struct pull *p, const struct work_want *want, struct err *e)
{
	struct fetch_request request = { .kind = want->config ? FETCH_BLOB : FETCH_MANIFEST, .bytes = want->bytes };
	struct fetch_reply reply;
	int r = check_want(want, e);

	if (r < 0)
		return r;
	if (linkat(p->store->blobs, want->digest, p->remote->folder, want->digest, 0) == 0)
		return 0;
	memcpy(request.digest, want->digest, sizeof(request.digest));
	snprintf(request.reference, sizeof(request.reference), "sha256:%s", want->digest);
	return remote_do(p->remote, &request, -1, &reply, e);
}

static int describe(struct pull *p, struct err *e)
{
	struct work_job job = { .kind = WORK_DESCRIBE, .input_is_folder = true, .platform = p->o->platform };
	int fds[] = { p->remote->folder, p->described };
	struct work_done done;

	memcpy(job.blob_digest, p->root, sizeof(job.blob_digest));
	memcpy(job.media_type, p->media_type, sizeof(job.media_type));
	for (int i = 0; i < STEPS_MAX; i++) {
		int r = worker_do(p->o->load.worker, &job, fds, ARRAY_SIZE(fds), &done, e);

		if (r == 0 && !done.want.digest[0])
			return 0;
		if (r == 0)
			r = fetch_wanted(p, &done.want, e);
		if (r < 0)
			return r;
	}
	return err_say(e, EPROTO, "paene-worker asks for more and more");
}

static int make_folder(struct pull *p, struct err *e)
{
	if (mkdirat(p->remote->work.fd, DESCRIBED_FOLDER, 0700) < 0)
		return err_set(e, errno, "make a work folder");
	fd_close(&p->described);
	p->described = openat(p->remote->work.fd, DESCRIBED_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return p->described < 0 ? err_set(e, errno, "open a work folder") : 0;
}

/* ---- take it in ---- */

static int publish_names(struct pull *p, const struct image *image, struct err *e)
{
	bool moved; /* that is what a tag may do at its registry */
	int r = ref_publish(&p->remote->work, p->ref, image->manifest, index_of(p->root, image->manifest), &moved, e);

	if (r >= 0) {
		memcpy(p->result.id, image->config, sizeof(p->result.id));
		p->result.fetched = true;
	}
	return r;
}

/* @proof: of where it comes from, to be kept before it has its name; NULL: none is needed */
static int publish(struct pull *p, struct image *image, const struct policy_proof *proof, struct err *e)
{
	struct download download = {
		.transfer = &p->remote->transfer, .folder = p->remote->folder, .options = &p->o->load,
	};
	struct publication publication = {
		.work = &p->remote->work,
		.options = &p->o->load,
		.texts = p->described,
		.blobs = p->remote->folder,
		.download = &download,
		.arena = &p->arena,
	};
	int r = download_plan(&download, p->store, image, &p->arena, e);

	if (r >= 0)
		r = publish_image(&publication, image, e);
	if (r < 0 && download.failed)
		r = remote_failed(p->remote, e);
	if (r >= 0 && proof)
		r = policy_keep(p->store, image->manifest, proof, e);
	if (r >= 0)
		r = publish_names(p, image, e);
	holds_release(&publication.holds);
	download_close(&download);
	return r;
}

/* Only what the policy allows is unpacked. */
static int take(struct pull *p, struct err *e)
{
	struct policy_proof proof;
	struct image_list list;
	int r = publish_read(p->described, &p->arena, &list, e), proven = 0;

	if (r == 0 && list.n != 1)
		return err_say(e, EPROTO, "paene-worker describes %zu images instead of one", list.n);
	if (r == 0)
		r = check_platform(p, &list.v[0], e);
	if (r == 0)
		r = proven = ask_policy(p, p->root, list.v[0].manifest, &proof, e);
	return r < 0 ? r : publish(p, &list.v[0], proven > 0 ? &proof : NULL, e);
}

static int pull_from(struct remote *remote, void *arg, struct err *e)
{
	struct pull *p = arg;
	int r = 0;

	p->remote = remote;
	snprintf(p->root, sizeof(p->root), "%s", p->ref->digest);
	if (!p->root[0] && is_known(p))
		r = ask(p, e);
	if (r == 0 && p->root[0])
		r = take_here(p, p->root, e);
	if (r == 0)
		r = fetch_root(p, e);
	if (r == 0)
		r = make_folder(p, e);
	if (r == 0)
		r = describe(p, e);
	if (r == 0)
		r = take(p, e);
	return MIN(r, 0);
}

int image_pull(const struct store *s, const struct image_ref *ref, const struct pull_options *o, struct pull_result *ret,
	       struct err *e)
{
	struct image_ref asked = *ref;
	struct pull p = { .store = s, .ref = &asked, .o = o, .described = -1 };
	char text[IMAGE_REF_MAX];
	int r;

	if (asked.digest[0]) /* which says it all */
		asked.tag[0] = '\0';
	store_sweep(s);
	r = publish_check_store(s, e);
	if (r == 0 && o->policy)
		r = policy_allows_pull(o->policy, &asked, e);
	if (r == 0 && asked.digest[0] && !o->policy)
		r = take_here(&p, asked.digest, e);
	if (r == 0)
		r = remote_each(s, &o->remote, &asked, false, pull_from, &p, e);
	fd_close(&p.described);
	arena_free(&p.arena);
	if (r < 0)
		return err_wrap(e, "pull %s", image_ref_text(ref, true, text));
	*ret = p.result;
	return 0;
}
