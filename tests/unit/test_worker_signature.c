// SPDX-License-Identifier: Apache-2.0
/* The real program, given signatures as cosign makes them, by keys made here: which it takes, and why not. Needs root. */
#include "worker_tar.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/mman.h>

#include "base/base64.h"
#include "images/signed.h"

#define HEX  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HEX2 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

#define STATEMENT(type, name, digest, more) \
	"{\"critical\":{\"identity\":{\"docker-reference\":\"" name "\"},\"image\":{\"docker-manifest-digest\":\"" digest \
	"\"},\"type\":\"" type "\"" more "},\"optional\":{\"creator\":\"x\"}}"
#define TYPE "cosign container image signature"
#define GOOD STATEMENT(TYPE, "a.io/x", "sha256:" HEX, "")

static char top[] = "/tmp/test-signature-XXXXXX";
static int work = -1;
static EVP_PKEY *ours, *theirs, *p384;

static int text_fd(const char *text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static char *public_key(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *text;

	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	long n = BIO_get_mem_data(bio, &data);

	text = strndup(data, (size_t)n);
	BIO_free(bio);
	return text;
}

static void sign(EVP_PKEY *key, const char *text, char ret[WORK_SIGNATURE_MAX])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[160];
	size_t n = sizeof(signature);

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, signature, &n, (const unsigned char *)text, strlen(text)), 1);
	EVP_MD_CTX_free(ctx);
	base64_encode(signature, n, ret);
}

static int set_up(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	ours = EVP_EC_gen("P-256");
	theirs = EVP_EC_gen("P-256");
	p384 = EVP_EC_gen("P-384");
	work = mkdtemp(top) ? open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return work < 0 || !ours || !theirs || !p384;
}

static int tear_down(void **state)
{
	struct err e;

	(void)state;
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(p384);
	fd_close(&work);
	return file_remove(AT_FDCWD, top, &e);
}

static void need_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("only root can make namespaces\n");
	skip();
}

static struct answer verify_text(const char *payload, const char *signature, const char *key)
{
	struct work_job job = { .kind = WORK_VERIFY, .subject = HEX };
	auto_fd int payload_fd = text_fd(payload), key_fd = text_fd(key);
	const int fds[] = { payload_fd, work, key_fd };

	snprintf(job.signature, sizeof(job.signature), "%s", signature);
	return give_job(&job, fds, 3);
}

static struct answer verify(const char *payload, EVP_PKEY *signer, EVP_PKEY *key)
{
	char signature[WORK_SIGNATURE_MAX];
	auto_free char *pem = public_key(key);

	sign(signer, payload, signature);
	return verify_text(payload, signature, pem);
}

static void a_good_one(void **state)
{
	(void)state;
	need_root();
	struct answer a = verify(GOOD, ours, ours);

	assert_done(&a);
	assert_string_equal(a.last.done.signed_name, "a.io/x");
}

static const struct {
	const char *payload, *words;
} bad[] = {
	{ STATEMENT(TYPE, "a.io/x", "sha256:" HEX2, ""), "it is the signature of sha256:" HEX2 },
	{ STATEMENT(TYPE, "a.io/x", "sha512:" HEX2, ""), "expected sha256:" },
	{ STATEMENT("atomic container signature", "a.io/x", "sha256:" HEX, ""), "what is signed is a \"atomic" },
	{ STATEMENT(TYPE, "a.io/x", "sha256:" HEX, ",\"until\":1"), "critical.until: no such key" },
	{ "{\"critical\":{}}", "critical.type: missing" },
	{ "{\"optional\":{}}", "critical: missing" },
	{ "[]", "expected an object" },
	{ GOOD "x", "end of file expected" },
	{ "", "line 1" },
};

static void what_is_signed_and_says_something_else(void **state)
{
	(void)state;
	need_root();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct answer a = verify(bad[i].payload, ours, ours);

		assert_failed(&a, bad[i].words);
		assert_int_not_equal(a.last.err.code, EKEYREJECTED);
	}
}

static void what_is_not_signed_is_not_read(void **state)
{
	static const char *const signatures[] = { "", "AAAA", "?", "MEUCIQ==" };
	auto_free char *pem = NULL;

	(void)state;
	need_root();
	pem = public_key(ours);
	struct answer a = verify(GOOD, theirs, ours);

	assert_failed(&a, "the signature was not made with this key");
	assert_int_equal(a.last.err.code, EKEYREJECTED);
	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
		a = verify_text("[", signatures[i], pem);
		assert_failed(&a, "the signature was not made with this key");
	}
}

static void keys_of_other_kinds(void **state)
{
	char signature[WORK_SIGNATURE_MAX];

	(void)state;
	need_root();
	struct answer a = verify(GOOD, p384, p384);

	assert_failed(&a, "not of the kind ECDSA P-256");
	sign(ours, GOOD, signature);
	a = verify_text(GOOD, signature, "-----BEGIN PUBLIC KEY-----\nMFk=\n-----END PUBLIC KEY-----\n");
	assert_failed(&a, "is no public key in PEM");
}

#define LAYER(type, digest, size, key) \
	"{\"mediaType\":\"" type "\",\"digest\":\"" digest "\",\"size\":" size ",\"annotations\":{\"" key "\":\"c2ln\"}}"
#define SIGNED "application/vnd.dev.cosign.simplesigning.v1+json"
#define KEY    "dev.cosignproject.cosign/signature"

static struct answer list(const char *layers)
{
	const struct work_job job = { .kind = WORK_SIGNATURES };
	char text[2048];

	snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"config\":{},\"layers\":[%s]}", layers);
	auto_fd int manifest = text_fd(text);
	const int fds[] = { manifest, work };

	return give_job(&job, fds, 2);
}

static void what_a_manifest_lists(void **state)
{
	auto_free char *text = NULL;
	struct err e;

	(void)state;
	need_root();
	struct answer a = list(LAYER(SIGNED, "sha256:" HEX, "7", KEY) "," LAYER(SIGNED, "sha256:" HEX2, "7", "other") ","
			       LAYER("text/plain", "sha256:" HEX2, "7", KEY));

	assert_done(&a);
	assert_int_equal(file_read(work, SIGNED_FILE, SIGNED_FILE_MAX, &text, NULL, &e), 0);
	assert_string_equal(text, "{\"signatures\":[{\"payload\":\"" HEX "\",\"bytes\":7,\"signature\":\"c2ln\"}]}");
	a = list(LAYER(SIGNED, "sha256:../x", "7", KEY));
	assert_failed(&a, "expected sha256:");
	a = list(LAYER(SIGNED, "sha256:" HEX, "99999999", KEY));
	assert_failed(&a, "larger than one can be");
	a = list(LAYER(SIGNED, "sha256:" HEX, "-1", KEY));
	assert_failed(&a, "is below 0");
	a = list("7");
	assert_failed(&a, "layers[0]: expected an object");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_one),
		cmocka_unit_test(what_is_signed_and_says_something_else),
		cmocka_unit_test(what_is_not_signed_is_not_read),
		cmocka_unit_test(keys_of_other_kinds),
		cmocka_unit_test(what_a_manifest_lists),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
