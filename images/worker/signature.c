// SPDX-License-Identifier: Apache-2.0
#include "images/worker/signature.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/file.h"
#include "images/worker/digest.h"
#include "images/worker/harmless.h"

#define MANIFEST_MAX (4 << 20)
#define KEY_MAX	     (16 << 10)
#define CURVE	     "prime256v1" /* libcrypto's name of P-256 */

/* sigstore/cosign, specs/SIGNATURE_SPEC.md */
#define PAYLOAD_TYPE   "application/vnd.dev.cosign.simplesigning.v1+json"
#define ANNOTATION     "dev.cosignproject.cosign/signature"
#define STATEMENT_TYPE "cosign container image signature"

/* ---- the manifest ---- */

struct layer {
	char *media_type, *digest;
	uint64_t bytes;
	struct spec_map annotations;
};

struct layers {
	struct layer *v;
	size_t n;
};

static const struct field layer_fields[] = {
	FIELD_STRING(struct layer, media_type, "mediaType", REQUIRED),
	FIELD_STRING(struct layer, digest, "digest", REQUIRED),
	FIELD_U64(struct layer, bytes, "size", REQUIRED),
	FIELD_MAP(struct layer, annotations, "annotations"),
};

struct sig_manifest {
	struct layers layers;
};
static const struct field manifest_fields[] = {
	FIELD_LIST(struct sig_manifest, layers, "layers", REQUIRED, layer_fields, struct layer),
};

static int take_layer(const struct layer *l, struct signed_list *list, struct err *e)
{
	char *signature = spec_map_get(&l->annotations, ANNOTATION);

	if (!streq(l->media_type, PAYLOAD_TYPE) || !signature || list->n == SIGNED_MOST)
		return 0;
	const char *hex = digest_hex(l->digest, "a signature's payload", e);

	if (!hex)
		return -e->code;
	if (l->bytes > SIGNED_PAYLOAD_MAX || strlen(signature) >= WORK_SIGNATURE_MAX)
		return err_say(e, EFBIG, "a signature is larger than one can be");
	list->v[list->n++] = (struct signed_entry){ .payload = (char *)hex, .bytes = l->bytes, .signature = signature };
	return 0;
}

static int write_list(const struct signed_list *list, int work, struct err *e)
{
	auto_free char *text = NULL;
	int r = encode_text(signed_fields, ARRAY_SIZE(signed_fields), list, &text, e);

	return r < 0 ? r : file_publish(work, SIGNED_FILE, text, strlen(text), 0600, 0, e);
}

int signature_list(int manifest, int work, struct work_done *ret, struct err *e)
{
	struct signed_entry entries[SIGNED_MOST];
	struct signed_list list = { .v = entries };
	auto_arena struct arena arena = { 0 };
	struct sig_manifest m = { 0 };
	auto_free char *text = NULL;
	size_t len;
	int r = file_read_fd(manifest, "the manifest of signatures", MANIFEST_MAX, &text, &len, e);

	if (r >= 0)
		r = decode_text(text, len, "the manifest of signatures", manifest_fields, ARRAY_SIZE(manifest_fields), &arena,
				&m, e);
	for (size_t i = 0; i < m.layers.n && r >= 0; i++)
		r = take_layer(&m.layers.v[i], &list, e);
	if (r >= 0)
		r = write_list(&list, work, e);
	if (r < 0)
		return r;
	*ret = (struct work_done){ .entries = list.n };
	return 0;
}

/* ---- the payload ---- */

struct statement {
	char *type, *name, *digest;
};

static int field_ignored(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	(void)d, (void)f, (void)v, (void)ret;
	return 0;
}

static const struct field identity_fields[] = { FIELD_STRING(struct statement, name, "docker-reference", REQUIRED) };
static const struct field subject_fields[] = { FIELD_STRING(struct statement, digest, "docker-manifest-digest", REQUIRED) };

#define FIELD_SAME(name, tab) \
	{ .key = (name), .decode = field_object, .required = true, .table = (tab), .n_table = ARRAY_SIZE(tab) }

static const struct field critical_fields[] = {
	FIELD_STRING(struct statement, type, "type", REQUIRED),
	FIELD_SAME("identity", identity_fields),
	FIELD_SAME("image", subject_fields),
};

/* What is critical must be understood, all of it; the rest is for people. */
static const struct field statement_fields[] = {
	FIELD_SAME("critical", critical_fields),
	{ .key = "optional", .decode = field_ignored },
};

static int check_statement(const struct work_job *job, const char *text, size_t len, struct work_done *ret, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct statement s = { 0 };
	char shown[HARMLESS_MAX];
	int r = decode_strict(text, len, "what is signed", statement_fields, ARRAY_SIZE(statement_fields), &arena, &s, e);

	if (r < 0)
		return r;
	if (!streq(s.type, STATEMENT_TYPE))
		return err_say(e, EINVAL, "what is signed is a \"%s\"", harmless(s.type, shown));
	const char *hex = digest_hex(s.digest, "what is signed", e);

	if (!hex)
		return -e->code;
	if (!streq(hex, job->subject))
		return err_say(e, EINVAL, "it is the signature of sha256:%s", hex);
	if (strlen(s.name) >= sizeof(ret->signed_name))
		return err_say(e, EINVAL, "the name that is signed is too long");
	*ret = (struct work_done){ .entries = 1 };
	snprintf(ret->signed_name, sizeof(ret->signed_name), "%s", s.name);
	return 0;
}

/* ---- the key ---- */

/* Return: NULL with @e filled; to be freed */
static EVP_PKEY *read_key(int fd, struct err *e)
{
	auto_free char *text = NULL;
	char curve[64] = "";
	size_t len;

	if (file_read_fd(fd, "the key", KEY_MAX, &text, &len, e) < 0)
		return NULL;
	BIO *bio = BIO_new_mem_buf(text, (int)len);
	EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	if (!key) {
		err_say(e, EINVAL, "the key of the policy is no public key in PEM");
		return NULL;
	}
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
	    streq(curve, CURVE))
		return key;
	EVP_PKEY_free(key);
	err_say(e, EINVAL, "the key of the policy is not of the kind ECDSA P-256, which cosign makes");
	return NULL;
}

static int check_signature(EVP_PKEY *key, const char *base64, const char *text, size_t len, struct err *e)
{
	unsigned char signature[WORK_SIGNATURE_MAX];
	ssize_t n = base64_decode(base64, signature, sizeof(signature));
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx)
		return err_nomem(e);
	bool good = n > 0 && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestVerify(ctx, signature, (size_t)n, (const unsigned char *)text, len) == 1;

	EVP_MD_CTX_free(ctx);
	return good ? 0 : err_say(e, EKEYREJECTED, "the signature was not made with this key");
}

int signature_verify(const struct work_job *job, int payload, int key_file, struct work_done *ret, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = file_read_fd(payload, "what is signed", SIGNED_PAYLOAD_MAX, &text, &len, e);

	if (r < 0)
		return r;
	EVP_PKEY *key = read_key(key_file, e);

	if (!key)
		return -e->code;
	r = check_signature(key, job->signature, text, len, e);
	EVP_PKEY_free(key);
	/* not a word of it is read before that */
	return r < 0 ? r : check_statement(job, text, len, ret, e);
}
