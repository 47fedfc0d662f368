// SPDX-License-Identifier: Apache-2.0
/* The real paene-fetch sends blobs and manifests to registries that misbehave. */
#include "fetch_world.h"

#include <sys/mman.h>

#include "images/worker/digest.h"

#define BLOB_BYTES (20 << 20) /* more than a chunk */

static char blob_digest[DIGEST_HEX + 1];

/* A blob that none of them has. */
static int make_blob(void)
{
	struct err e;
	char *data = malloc(BLOB_BYTES);
	int fd = memfd_create("blob", MFD_CLOEXEC);

	assert_non_null(data);
	for (size_t i = 0; i < BLOB_BYTES; i++)
		data[i] = (char)(i * i >> 7);
	assert_int_equal(digest_of(data, BLOB_BYTES, blob_digest, &e), 0);
	assert_int_equal(fd_write_all(fd, data, BLOB_BYTES), 0);
	free(data);
	return fd;
}

static struct told put(const struct faults *f, const char *repository, const char *mount_from)
{
	struct fetch_session s = session_with(f, repository);
	struct fetch_request q = { .kind = FETCH_PUT_BLOB, .bytes = BLOB_BYTES };
	auto_fd int blob = make_blob();

	s.push = true;
	strcpy(q.digest, blob_digest);
	snprintf(q.mount_from, sizeof(q.mount_from), "%s", mount_from);
	return ask_with(&s, q, blob);
}

/* How often a server has been asked so. */
static int count(const struct faults *f, const char *log, const char *method, const char *path)
{
	auto_free char *text = read_text(f->folder, log);
	int n = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		n += strstr(line, method) && strstr(line, path);
	return n;
}

static void a_blob_goes_in_one_piece(void **state)
{
	struct told told = put(&world.http, "good.piece", "");

	(void)state;
	assert_told(&told, 0, NULL);
	assert_false(told.reply.there);
	assert_int_equal(count(&world.http, "log", "\"PUT\"", "/good.piece/"), 1);
	assert_int_equal(count(&world.http, "log", "\"PATCH\"", "/good.piece/"), 0);
}

static void a_blob_that_is_there_is_not_sent(void **state)
{
	struct fetch_session s = session_with(&world.http, "good.there");
	struct fetch_request q = layer_request();
	struct told told;
	auto_fd int blob = memfd_create("never read", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(blob, (off_t)q.bytes), 0);
	q.kind = FETCH_PUT_BLOB;
	told = ask_with(&s, q, blob);
	assert_told(&told, 0, NULL);
	assert_true(told.reply.there);
	assert_int_equal(count(&world.http, "log", "\"POST\"", "/good.there/"), 0);
}

static void a_blob_of_another_repository_is_mounted(void **state)
{
	struct told told = put(&world.http, "up-mount", "has-it");

	(void)state;
	assert_told(&told, 0, NULL);
	assert_true(told.reply.there);
	/* one that can't be mounted is sent */
	told = put(&world.http, "up-mount.other", "has-not");
	assert_told(&told, 0, NULL);
	assert_false(told.reply.there);
}

static void the_right_to_mount_is_asked_for(void **state)
{
	struct told told = put(&world.https, "auth-token.mount", "other/one");

	(void)state;
	assert_told(&told, 0, NULL);
	assert_true(count(&world.https, "elsewhere.log", "/token",
			  "scope=repository%3aauth-token.mount%3apull%2cpush&scope=repository%3aother%2fone%3apull") > 0);
}

static void an_upload_that_breaks_goes_on(void **state)
{
	struct told told = put(&world.http, "up-break", "");

	(void)state;
	assert_told(&told, 0, NULL);
	assert_int_equal(count(&world.http, "log", "\"GET\"", "/up-break/blobs/uploads/"), 1);
	assert_int_equal(count(&world.http, "log", "\"PATCH\"", "/up-break/"), 1);
	told = put(&world.http, "up-forget", "");
	assert_told(&told, 0, NULL);
	assert_int_equal(count(&world.http, "log", "\"POST\"", "/up-forget/"), 2);
	told = put(&world.http, "up-never", "");
	assert_told(&told, ECONNRESET, "tried 4 times");
}

static void a_registry_may_want_chunks(void **state)
{
	static const char *const repositories[] = { "up-chunks", "up-large" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repositories); i++) {
		struct told told = put(&world.http, repositories[i], "");

		assert_told(&told, 0, NULL);
		assert_int_equal(count(&world.http, "log", "\"PATCH\"", repositories[i]), 2);
	}
}

static void another_server_gets_bytes_but_no_credentials(void **state)
{
	struct told told = put(&world.http, "up-elsewhere", "");

	(void)state;
	assert_told(&told, 0, NULL);
	assert_int_equal(count(&world.http, "elsewhere.log", "\"PUT\"", "/good/blobs/uploads/"), 1);
	assert_int_equal(count(&world.http, "elsewhere.log", "\"PUT\"", "\"Authorization\""), 0);
	assert_true(count(&world.http, "log", "\"HEAD\"", "\"Authorization\"") > 0);
	told = put(&world.https, "up-downgrade", "");
	assert_told(&told, EACCES, "at an http address");
	assert_int_equal(count(&world.https, "elsewhere.log", "\"PUT\"", "/good/"), 0);
}

static void what_the_registry_has_stored_is_compared(void **state)
{
	struct told told = put(&world.http, "up-lies", "");

	(void)state;
	assert_told(&told, EILSEQ, "something else than was sent");
}

static void a_manifest_is_sent_under_its_name(void **state)
{
	static const struct {
		const char *repository;
		int errnum;
	} cases[] = { { "up-lies.manifest", EILSEQ }, { "forbidden", EACCES }, { "good", ENOENT } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fetch_session s = session_with(&world.http, cases[i].repository);
		struct fetch_request q = request(FETCH_PUT_MANIFEST, "2");
		auto_fd int manifest = memfd_create("manifest", MFD_CLOEXEC);

		assert_int_equal(fd_write_all(manifest, "{}", 2), 0);
		strcpy(q.media_type, "application/vnd.oci.image.manifest.v1+json");
		struct told told = ask_with(&s, q, manifest);

		assert_told(&told, cases[i].errnum, NULL);
	}
	assert_int_equal(count(&world.http, "log", "\"Content-Type\": \"application/vnd.oci.image.manifest.v1+json\"",
			       "/good/manifests/2"), 1);
}

static void a_blob_of_the_wrong_size_is_not_sent(void **state)
{
	struct fetch_session s = session_with(&world.http, "good.size");
	struct fetch_request q = { .kind = FETCH_PUT_BLOB, .bytes = BLOB_BYTES + 1 };
	auto_fd int blob = make_blob();

	(void)state;
	strcpy(q.digest, blob_digest);
	struct told told = ask_with(&s, q, blob);

	assert_told(&told, EINVAL, "size");
	assert_int_equal(count(&world.http, "log", "", "/good.size/"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blob_goes_in_one_piece),
		cmocka_unit_test(a_blob_that_is_there_is_not_sent),
		cmocka_unit_test(a_blob_of_another_repository_is_mounted),
		cmocka_unit_test(the_right_to_mount_is_asked_for),
		cmocka_unit_test(an_upload_that_breaks_goes_on),
		cmocka_unit_test(a_registry_may_want_chunks),
		cmocka_unit_test(another_server_gets_bytes_but_no_credentials),
		cmocka_unit_test(what_the_registry_has_stored_is_compared),
		cmocka_unit_test(a_manifest_is_sent_under_its_name),
		cmocka_unit_test(a_blob_of_the_wrong_size_is_not_sent),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
