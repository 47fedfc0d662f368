// SPDX-License-Identifier: Apache-2.0
#include "images/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/digest_text.h"
#include "images/find.h"
#include "images/policy_rules.h"
#include "images/signature.h"

#define TRUST	  "trust"
#define PROOFS_MAX (1 << 20)
#define NOT_LISTED "its digest is none of those that are listed"

/* ---- what was found out, kept ---- */

struct proofs {
	struct policy_proof *v;
	size_t n;
};

struct kept {
	struct proofs proofs;
};

static const struct field proof_fields[] = {
	FIELD_STRING(struct policy_proof, name, "name", REQUIRED),
	FIELD_STRING(struct policy_proof, index, "index", OPTIONAL),
	FIELD_STRINGS(struct policy_proof, keys, "keys", OPTIONAL),
};

static const struct field kept_fields[] = {
	FIELD_LIST(struct kept, proofs, "proofs", REQUIRED, proof_fields, struct policy_proof),
};

static int open_trust(const struct store *s, struct err *e)
{
	if (mkdirat(s->root, TRUST, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make the folder " TRUST);
	int fd = openat(s->root, TRUST, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open the folder " TRUST) : fd;
}

/* Nothing where there are none. Return: 0, or -errno with @e filled */
static int read_proofs(int dir, const char *name, struct arena *a, struct proofs *ret, struct err *e)
{
	auto_free char *text = NULL;
	struct kept kept = { 0 };
	size_t len;
	int r = file_read(dir, name, PROOFS_MAX, &text, &len, e);

	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = decode_text(text, len, TRUST, kept_fields, ARRAY_SIZE(kept_fields), a, &kept, e);
	if (r >= 0)
		*ret = kept.proofs;
	return r;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

static bool same_proof(const struct policy_proof *a, const struct policy_proof *b)
{
	bool same = streq(a->name, b->name) && same_text(a->index, b->index) && a->keys.n == b->keys.n;

	for (size_t i = 0; same && i < a->keys.n; i++)
		same = streq(a->keys.v[i], b->keys.v[i]);
	return same;
}

static int add_proof(int dir, const char *manifest, const struct policy_proof *proof, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	auto_free char *text = NULL;
	struct proofs had = { 0 };
	struct kept kept = { 0 };
	int r = read_proofs(dir, manifest, &arena, &had, e);

	for (size_t i = 0; i < had.n && r >= 0; i++)
		if (same_proof(&had.v[i], proof))
			return 0;
	kept.proofs.v = r < 0 ? NULL : arena_array(&arena, had.n + 1, sizeof(*had.v));
	if (r >= 0 && !kept.proofs.v)
		r = err_nomem(e);
	if (r < 0)
		return r;
	if (had.n)
		memcpy(kept.proofs.v, had.v, had.n * sizeof(*had.v));
	kept.proofs.v[had.n] = *proof;
	kept.proofs.n = had.n + 1;
	r = encode_text(kept_fields, ARRAY_SIZE(kept_fields), &kept, &text, e);
	return r < 0 ? r : file_publish(dir, manifest, text, strlen(text), 0600, FILE_SYNC, e);
}

int policy_keep(const struct store *s, const char *manifest, const struct policy_proof *proof, struct err *e)
{
	auto_fd int dir = open_trust(s, e);
	int r = dir < 0 ? dir : fd_lock(dir, LOCK_EX); /* two pulls of one image: both proofs stay */

	if (dir < 0)
		return dir;
	if (r < 0)
		return err_set(e, -r, "lock the folder " TRUST);
	r = add_proof(dir, manifest, proof, e);
	return r < 0 ? err_wrap(e, "keep what the image was found to be") : 0;
}

void policy_forget(const struct store *s, const char *manifest)
{
	char name[sizeof(TRUST) + DIGEST_HEX + 1];

	snprintf(name, sizeof(name), TRUST "/%s", manifest);
	(void)unlinkat(s->root, name, 0); /* most images have none; one that stays is as true as before */
}

/* ---- what comes in ---- */

static int refuse(const struct image_policy *p, const struct image_ref *ref, const char *scope, const char *why, struct err *e)
{
	char name[IMAGE_REF_MAX];

	err_say(e, EPERM, "the policy does not allow %s: %s", image_ref_text(ref, false, name), why);
	return err_hint(e, "%s, scope %s", p->path, *scope ? scope : "\"\"");
}

int policy_allows_pull(const struct image_policy *p, const struct image_ref *ref, struct err *e)
{
	const char *scope;
	const struct requirements *list = p ? policy_for_name(p, ref, &scope) : NULL;

	for (size_t i = 0; list && i < list->n; i++) {
		const struct requirement *r = &list->v[i];

		if (r->type == REQUIRE_REJECT)
			return refuse(p, ref, scope, "it is rejected", e);
		if (r->foreign)
			return refuse(p, ref, scope, r->foreign, e);
	}
	return 0;
}

static bool lists_digest(const struct requirement *r, const char *hex)
{
	for (size_t i = 0; hex && i < r->digests.n; i++)
		if (streq(r->digests.v[i] + strlen("sha256:"), hex))
			return true;
	return false;
}

/* A signature of the manifest, or of the index that led to it, which has the manifest's digest in it. */
static int check_signature(const struct requirement *r, const struct image_ref *ref, const char *manifest, const char *index,
			   struct signatures *from, const char **ret_key, struct err *e)
{
	struct err of_index;
	int bad = signature_check(from, r, ref, manifest, ret_key, e);

	if (bad < 0 && index && signature_check(from, r, ref, index, ret_key, &of_index) >= 0)
		return 0;
	if (bad == -ENOENT && index && of_index.code != ENOENT)
		*e = of_index;
	return bad;
}

/* One requirement of an image that is being pulled. */
static int check_requirement(const struct requirement *r, const struct image_ref *ref, const char *manifest, const char *index,
			     struct signatures *from, struct arena *arena, struct strv *keys, struct err *e)
{
	const char *key;

	if (r->type == REQUIRE_DIGESTS && !lists_digest(r, manifest) && !lists_digest(r, index))
		return err_say(e, EPERM, NOT_LISTED);
	if (r->type != REQUIRE_SIGSTORE)
		return 0;
	int bad = check_signature(r, ref, manifest, index, from, &key, e);

	return bad < 0 ? bad : strv_add(arena, keys, key) < 0 ? err_nomem(e) : 0;
}

int policy_check_pull(const struct image_policy *p, const struct image_ref *ref, const char *manifest, const char *index,
		      struct signatures *from, struct arena *arena, struct policy_proof *ret, struct err *e)
{
	const char *scope;
	struct strv keys = { 0 };
	int bad = policy_allows_pull(p, ref, e);
	const struct requirements *list = p && bad >= 0 ? policy_for_name(p, ref, &scope) : NULL;
	bool proven = false;

	for (size_t i = 0; list && i < list->n; i++) {
		proven |= list->v[i].type != REQUIRE_NOTHING;
		if (check_requirement(&list->v[i], ref, manifest, index, from, arena, &keys, e) < 0) {
			char why[ERR_TEXT_MAX / 2];

			snprintf(why, sizeof(why), "%.500s", e->text);
			return refuse(p, ref, scope, why, e);
		}
	}
	if (bad < 0 || !proven)
		return bad;
	*ret = (struct policy_proof){
		.name = arena_printf(arena, "%s/%s", ref->host, ref->name),
		.index = index ? arena_strdup(arena, index) : NULL,
		.keys = keys,
	};
	return !ret->name || (index && !ret->index) ? err_nomem(e) : 1;
}

int policy_check_load(const struct image_policy *p, bool folder, struct err *e)
{
	static const struct {
		enum policy_transport transport;
		const char *name;
		bool folder;
	} kinds[] = {
		{ TRANSPORT_DOCKER_ARCHIVE, "docker-archive", false },
		{ TRANSPORT_OCI_ARCHIVE, "oci-archive", false },
		{ TRANSPORT_OCI, "oci", true },
	};

	for (size_t i = 0; p && i < ARRAY_SIZE(kinds); i++) {
		const struct requirements *list = policy_for_transport(p, kinds[i].transport);

		for (size_t k = 0; kinds[i].folder == folder && k < list->n; k++) {
			if (list->v[k].type == REQUIRE_NOTHING)
				continue;
			err_say(e, EPERM, "the policy does not allow images from archives and folders");
			return err_hint(e, "%s: the transport %s would need insecureAcceptAnything", p->path, kinds[i].name);
		}
	}
	return 0;
}

/* ---- what runs ---- */

struct run_check {
	const struct image_policy *policy;
	const struct image *image;
	struct proofs proofs;
};

/* Was one of the requirement's keys there? */
static bool has_key(const struct policy_proof *proof, const struct requirement *r)
{
	for (size_t i = 0; i < proof->keys.n; i++)
		for (size_t k = 0; k < r->keys.n; k++)
			if (streq(proof->keys.v[i], r->keys.v[k]))
				return true;
	return false;
}

static bool is_proven(const struct run_check *c, const struct requirement *r, const struct image_ref *ref)
{
	char name[IMAGE_REF_MAX];

	snprintf(name, sizeof(name), "%s/%s", ref->host, ref->name);
	for (size_t i = 0; i < c->proofs.n; i++) {
		const struct policy_proof *proof = &c->proofs.v[i];

		if (r->type == REQUIRE_DIGESTS && lists_digest(r, proof->index))
			return true;
		if (r->type == REQUIRE_SIGSTORE && streq(proof->name, name) && has_key(proof, r))
			return true;
	}
	return r->type == REQUIRE_DIGESTS && lists_digest(r, c->image->manifest);
}

static int check_name(const struct run_check *c, const struct image_ref *ref, struct err *e)
{
	const char *scope;
	const struct requirements *list = policy_for_name(c->policy, ref, &scope);
	int bad = policy_allows_pull(c->policy, ref, e);

	for (size_t i = 0; i < list->n && bad >= 0; i++)
		if (list->v[i].type != REQUIRE_NOTHING && !is_proven(c, &list->v[i], ref))
			bad = refuse(c->policy, ref, scope,
				     list->v[i].type == REQUIRE_SIGSTORE
					     ? "it was not pulled with a signature by one of its keys"
					     : NOT_LISTED,
				     e);
	return bad;
}

/* By id: one name that is allowed is enough; without any name, what is said of those that have no scope. */
static int check_names(struct run_check *c, const struct store *s, struct err *e)
{
	auto_image struct image named = { .manifest = c->image->manifest };
	struct image_ref ref = { .host = "", .name = "<none>" };
	int bad = image_names(s, &named, e);

	if (bad < 0)
		return bad;
	if (!named.names.n)
		return check_name(c, &ref, e);
	for (size_t i = 0; i < named.names.n; i++) {
		bad = image_ref_parse(named.names.v[i], &ref, e);
		if (bad >= 0)
			bad = check_name(c, &ref, e);
		if (bad >= 0)
			return 0;
	}
	return bad;
}

static int read_trust(const struct store *s, const char *manifest, struct arena *a, struct proofs *ret, struct err *e)
{
	char name[sizeof(TRUST) + DIGEST_HEX + 1];

	snprintf(name, sizeof(name), TRUST "/%s", manifest);
	return read_proofs(s->root, name, a, ret, e);
}

int policy_check_run(const char *const *files, size_t n, const struct store *s, const char *name, const struct image *image,
		     struct err *e)
{
	auto_image struct image found = { 0 };
	auto_arena struct arena arena = { 0 };
	struct run_check c = { .image = image };
	struct image_ref ref;
	struct image_policy *p;
	int r = image_policy_read(files, n, &p, e);

	if (r < 0 || !p)
		return r;
	c.policy = p;
	r = read_trust(s, image->manifest, &arena, &c.proofs, e);
	if (r >= 0)
		r = image_resolve(s, name, &found, &ref, e);
	if (r >= 0 && !streq(found.manifest, image->manifest))
		r = err_say(e, EAGAIN, "%s means another image since a moment ago", name);
	if (r >= 0)
		r = *ref.name ? check_name(&c, &ref, e) : check_names(&c, s, e);
	image_policy_free(p);
	return r;
}
