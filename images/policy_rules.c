// SPDX-License-Identifier: Apache-2.0
#include "images/policy_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/file.h"
#include "images/digest_text.h"
#include "images/policy.h"

#define POLICY_MAX (4 << 20)
#define KEY_MAX	   (16 << 10)

static const char *const type_names[] = { "insecureAcceptAnything", "reject", "signedBy", "sigstoreSigned", "digests" };
static_assert(ARRAY_SIZE(type_names) == REQUIREMENT_COUNT, "a name for each");

static const char *const identity_names[] = {
	"matchRepoDigestOrExact", "matchExact", "matchRepository", "exactReference", "exactRepository", "remapIdentity",
};
static_assert(ARRAY_SIZE(identity_names) == IDENTITY_COUNT, "a name for each");

static const struct field identity_fields[] = {
	FIELD_ENUM(struct identity, type, "type", REQUIRED, identity_names),
	FIELD_STRING(struct identity, reference, "dockerReference", OPTIONAL),
	FIELD_STRING(struct identity, repository, "dockerRepository", OPTIONAL),
	FIELD_STRING(struct identity, reference, "prefix", OPTIONAL), /* of remapIdentity */
	FIELD_STRING(struct identity, repository, "signedPrefix", OPTIONAL),
};

/* ---- a requirement as it is written ---- */

struct written {
	struct requirement made;
	char *key_type, *key_path, *key_data;
	struct strv key_paths, key_datas;
	bool keyless; /* fulcio, rekor, pki */
};

static int field_keyless(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	(void)d, (void)f, (void)v;
	*(bool *)ret = true;
	return 0;
}
#define FIELD_KEYLESS(name) { .key = (name), .offset = offsetof(struct written, keyless), .decode = field_keyless }

static const struct field written_fields[] = {
	FIELD_ENUM(struct written, made.type, "type", REQUIRED, type_names),
	FIELD_STRING(struct written, key_type, "keyType", OPTIONAL),
	FIELD_STRING(struct written, key_path, "keyPath", OPTIONAL),
	FIELD_STRINGS(struct written, key_paths, "keyPaths", OPTIONAL),
	FIELD_STRING(struct written, key_data, "keyData", OPTIONAL),
	FIELD_STRINGS(struct written, key_datas, "keyDatas", OPTIONAL),
	FIELD_OBJECT(struct written, made.identity, "signedIdentity", OPTIONAL, identity_fields),
	FIELD_STRINGS(struct written, made.digests, "digests", OPTIONAL),
	FIELD_KEYLESS("fulcio"),
	FIELD_KEYLESS("rekorPublicKeyPath"),
	FIELD_KEYLESS("rekorPublicKeyPaths"),
	FIELD_KEYLESS("rekorPublicKeyData"),
	FIELD_KEYLESS("rekorPublicKeyDatas"),
	FIELD_KEYLESS("pki"),
};

static int add_key(struct decoder *d, struct written *w, const char *text)
{
	return strv_add(d->arena, &w->made.keys, text) < 0 ? err_nomem(d->e) : 0;
}

static int read_key(struct decoder *d, struct written *w, const char *path)
{
	auto_free char *text = NULL;
	struct err why;

	if (*path != '/') /* it would be another file in each folder that one stands in */
		return decode_fail(d, "the key \"%.300s\" is not an absolute path", path);
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return decode_fail(d, "open %.300s: %s", path, strerror(errno));
	if (file_read_fd(fd, path, KEY_MAX, &text, NULL, &why) < 0)
		return decode_fail(d, "%.400s", why.text);
	return add_key(d, w, text);
}

static int decode_key(struct decoder *d, struct written *w, const char *data)
{
	char text[KEY_MAX + 1];
	ssize_t n = base64_decode(data, text, KEY_MAX);

	if (n < 0 || memchr(text, '\0', (size_t)n))
		return decode_fail(d, "keyData is no base64 of a key");
	text[n] = '\0';
	return add_key(d, w, text);
}

static int take_keys(struct decoder *d, struct written *w)
{
	int r = w->key_path ? read_key(d, w, w->key_path) : 0;

	if (r >= 0 && w->key_data)
		r = decode_key(d, w, w->key_data);
	for (size_t i = 0; i < w->key_paths.n && r >= 0; i++)
		r = read_key(d, w, w->key_paths.v[i]);
	for (size_t i = 0; i < w->key_datas.n && r >= 0; i++)
		r = decode_key(d, w, w->key_datas.v[i]);
	if (r >= 0 && !w->made.keys.n)
		r = decode_fail(d, "it names no key: keyPath, keyPaths, keyData or keyDatas");
	return r;
}

static int check_identity(struct decoder *d, const struct identity *i)
{
	struct image_ref ref;
	struct err why;
	const char *name = i->type == IDENTITY_THIS_REFERENCE ? i->reference : i->repository;

	if (i->type != IDENTITY_THIS_REFERENCE && i->type != IDENTITY_THIS_REPOSITORY)
		return 0;
	if (!name)
		return decode_fail(d, "signedIdentity: %s names no image", identity_names[i->type]);
	return image_ref_parse(name, &ref, &why) < 0 ? decode_fail(d, "signedIdentity: %.400s", why.text) : 0;
}

static int check_digests(struct decoder *d, const struct strv *digests)
{
	if (!digests->n)
		return decode_fail(d, "it names no digests");
	for (size_t i = 0; i < digests->n; i++) {
		const char *hex = str_after(digests->v[i], "sha256:");

		if (!hex || !digest_is_hex(hex))
			return decode_fail(d, "digests[%zu]: expected sha256: and 64 digits of 0-9 a-f", i);
	}
	return 0;
}

static int make_requirement(struct decoder *d, struct written *w)
{
	struct requirement *made = &w->made;

	if (made->type == REQUIRE_DIGESTS)
		return check_digests(d, &made->digests);
	if (made->digests.n)
		return decode_fail(d, "digests are for the type \"digests\"");
	if (made->type == REQUIRE_GPG)
		made->foreign = "paene does not check signatures of GnuPG (signedBy)";
	else if (w->keyless)
		made->foreign = "paene checks signatures made with a key, none of fulcio, rekor or pki";
	else if (made->identity.type == IDENTITY_REMAP)
		made->foreign = "paene does not know the signedIdentity remapIdentity";
	if (made->type != REQUIRE_SIGSTORE || made->foreign)
		return 0;
	int r = take_keys(d, w);

	return r < 0 ? r : check_identity(d, &made->identity);
}

/* A list of requirements, in a struct requirements. */
static int field_requirements(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	static const struct field row = { .table = written_fields, .n_table = ARRAY_SIZE(written_fields),
					  .size = sizeof(struct written) };
	struct {
		struct written *v;
		size_t n;
	} list = { 0 };
	struct requirements *made = ret;
	int r = field_list(d, &row, v, &list);

	(void)f;
	if (r < 0)
		return r;
	if (!list.n)
		return decode_fail(d, "an empty list allows nothing: write [{\"type\": \"reject\"}]");
	made->v = arena_array(d->arena, list.n, sizeof(*made->v));
	if (!made->v)
		return err_nomem(d->e);
	for (; made->n < list.n && r >= 0; made->n++) {
		r = make_requirement(d, &list.v[made->n]);
		made->v[made->n] = list.v[made->n].made;
	}
	return r;
}

/* { "SCOPE": [REQUIREMENT…], … } */
static int field_scopes(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	static const struct field row = { .decode = field_requirements };
	struct policy_scopes *scopes = ret;
	const char *key;
	json_t *value;
	int r = 0;

	(void)f;
	if (!json_is_object(v))
		return decode_fail(d, "expected an object of scopes");
	scopes->v = arena_array(d->arena, json_object_size(v), sizeof(*scopes->v));
	if (!scopes->v)
		return err_nomem(d->e);
	json_object_foreach (v, key, value) {
		struct policy_scope *s = &scopes->v[scopes->n++];

		s->name = arena_strdup(d->arena, key);
		r = s->name ? decode_below(d, *key ? key : "\"\"", &row, value, &s->list) : err_nomem(d->e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Of transports that are none of ours nothing is wanted. */
static int field_foreign(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	(void)d, (void)f, (void)v, (void)ret;
	return 0;
}

#define FIELD_TRANSPORT(number, name) \
	{ .key = (name), .offset = (number) * sizeof(struct policy_scopes), .decode = field_scopes }
#define FIELD_FOREIGN(name) { .key = (name), .decode = field_foreign }

static const struct field transport_fields[] = {
	FIELD_TRANSPORT(TRANSPORT_DOCKER, "docker"),
	FIELD_TRANSPORT(TRANSPORT_DOCKER_ARCHIVE, "docker-archive"),
	FIELD_TRANSPORT(TRANSPORT_OCI_ARCHIVE, "oci-archive"),
	FIELD_TRANSPORT(TRANSPORT_OCI, "oci"),
	FIELD_FOREIGN("atomic"),
	FIELD_FOREIGN("containers-storage"),
	FIELD_FOREIGN("dir"),
	FIELD_FOREIGN("docker-daemon"),
	FIELD_FOREIGN("ostree"),
	FIELD_FOREIGN("sif"),
	FIELD_FOREIGN("tarball"),
};

static const struct field fields[] = {
	{ .key = "default", .offset = offsetof(struct image_policy, fallback), .decode = field_requirements, .required = true },
	{ .key = "transports", .offset = offsetof(struct image_policy, transports), .decode = field_object,
	  .table = transport_fields, .n_table = ARRAY_SIZE(transport_fields) },
};

static int read_policy(int fd, const char *path, struct arena *a, struct image_policy *ret, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = file_read_fd(fd, path, POLICY_MAX, &text, &len, e);

	if (r >= 0)
		r = decode_strict(text, len, path, fields, ARRAY_SIZE(fields), a, ret, e);
	ret->path = arena_strdup(a, path);
	return r < 0 || ret->path ? r : err_nomem(e);
}

int image_policy_read(const char *const *files, size_t n, struct image_policy **ret, struct err *e)
{
	struct arena arena = { 0 };
	auto_fd int fd = -1;
	size_t i = 0;

	for (; i < n && fd < 0; i++) {
		fd = open(files[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
			return err_set(e, errno, "open %s", files[i]); /* and not: allowed, since it cannot be read */
	}
	if (fd < 0) {
		*ret = NULL;
		return 0;
	}
	struct image_policy *p = arena_alloc(&arena, sizeof(*p));
	int r = p ? read_policy(fd, files[i - 1], &arena, p, e) : err_nomem(e);

	if (r < 0) {
		arena_free(&arena);
		return r;
	}
	p->arena = arena;
	*ret = p;
	return 0;
}

void image_policy_free(struct image_policy *p)
{
	if (!p)
		return;
	struct arena arena = p->arena; /* it lies in there itself */

	arena_free(&arena);
}

/* ---- which scope ---- */

static const struct policy_scope *find_scope(const struct policy_scopes *scopes, const char *name)
{
	for (size_t i = 0; i < scopes->n; i++)
		if (streq(scopes->v[i].name, name))
			return &scopes->v[i];
	return NULL;
}

/* "host/a/b:tag", "host/a/b", "host/a", "host" */
static const struct policy_scope *by_name(const struct policy_scopes *scopes, const struct image_ref *ref)
{
	char name[IMAGE_REF_MAX];
	const struct policy_scope *found;

	snprintf(name, sizeof(name), "%s/%s%s%s", ref->host, ref->name, *ref->digest ? "@sha256:" : *ref->tag ? ":" : "",
		 *ref->digest ? ref->digest : ref->tag);
	found = find_scope(scopes, name);
	snprintf(name, sizeof(name), "%s/%s", ref->host, ref->name);
	for (char *end = name + strlen(name); !found && end; end = strrchr(name, '/')) {
		*end = '\0';
		found = find_scope(scopes, name);
	}
	return found;
}

/* "*.b.io", "*.io" for a.b.io */
static const struct policy_scope *by_wildcard(const struct policy_scopes *scopes, const char *host)
{
	const struct policy_scope *found = NULL;
	char name[300];

	for (const char *dot = strchr(host, '.'); dot && !found; dot = strchr(dot + 1, '.')) {
		snprintf(name, sizeof(name), "*%s", dot);
		found = find_scope(scopes, name);
	}
	return found;
}

const struct requirements *policy_for_transport(const struct image_policy *p, enum policy_transport t)
{
	const struct policy_scope *all = find_scope(&p->transports[t], "");

	return all ? &all->list : &p->fallback;
}

const struct requirements *policy_for_name(const struct image_policy *p, const struct image_ref *ref, const char **ret_scope)
{
	const struct policy_scopes *scopes = &p->transports[TRANSPORT_DOCKER];
	const struct policy_scope *found = by_name(scopes, ref);

	if (!found)
		found = by_wildcard(scopes, ref->host);
	if (found) {
		*ret_scope = found->name;
		return &found->list;
	}
	*ret_scope = "default";
	return policy_for_transport(p, TRANSPORT_DOCKER);
}

/* ---- whose signature ---- */

static bool same_repository(const struct image_ref *a, const struct image_ref *b)
{
	return streq(a->host, b->host) && streq(a->name, b->name);
}

static bool same_tag(const struct image_ref *a, const struct image_ref *b)
{
	return streq(a->tag, b->tag) && streq(a->digest, b->digest);
}

bool policy_identity_fits(const struct identity *i, const struct image_ref *ref, const char *signed_name)
{
	struct image_ref is, other = *ref;
	struct err why;

	if (image_ref_parse(signed_name, &is, &why) < 0)
		return false;
	/* a name without a tag was signed for no tag, and not for "latest" */
	if (!is.digest[0] && !strchr(signed_name + strcspn(signed_name, "/"), ':'))
		is.tag[0] = '\0';
	switch (i->type) {
	case IDENTITY_EXACT_OR_DIGEST:
		return same_repository(&is, ref) && (ref->digest[0] || same_tag(&is, ref));
	case IDENTITY_EXACT:
		return same_repository(&is, ref) && same_tag(&is, ref);
	case IDENTITY_REPOSITORY:
		return same_repository(&is, ref);
	case IDENTITY_THIS_REFERENCE:
		return image_ref_parse(i->reference, &other, &why) >= 0 && same_repository(&is, &other) &&
		       same_tag(&is, &other);
	case IDENTITY_THIS_REPOSITORY:
		return image_ref_parse(i->repository, &other, &why) >= 0 && same_repository(&is, &other);
	default:
		return false;
	}
}
