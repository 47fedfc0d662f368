// SPDX-License-Identifier: Apache-2.0
/*
 * The real program, told what a registry has answered: from an index to a record, step by step; what it refuses; and a layer
 * whose blob is still on its way.
 */
#include "worker_tar.h"

#include <errno.h>
#include <pthread.h>

#include "images/record.h"

#define OCI	 "application/vnd.oci.image."
#define MANIFEST OCI "manifest.v1+json"
#define INDEX	 OCI "index.v1+json"
#define LAYER	 OCI "layer.v1.tar+gzip"
#define CONFIG	 OCI "config.v1+json"
#define HEX	 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static char top[] = "/tmp/test-worker-XXXXXX";
static int fetched = -1, work = -1; /* folders */

static int new_folder(const char *name)
{
	struct err e;

	assert_int_equal(file_remove(AT_FDCWD, name, &e), 0);
	assert_int_equal(mkdir(name, 0700), 0);
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int begin(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("only root can make namespaces\n");
		skip();
	}
	fd_close(&fetched);
	fd_close(&work);
	fetched = new_folder("fetched");
	work = new_folder("work");
	return 0;
}

/* The registry has answered with this. @hex: what it is called there */
static void put_as(const char *hex, const char *text)
{
	auto_fd int fd = openat(fetched, hex, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void put(const char *text, char hex[DIGEST_HEX + 1])
{
	const struct bytes b = { .v = (char *)text, .n = strlen(text) };

	bytes_digest(&b, hex);
	put_as(hex, text);
}

static struct answer describe(const char *hex, const char *type, const char *platform)
{
	struct work_job job = { .kind = WORK_DESCRIBE, .input_is_folder = true };
	struct err e;

	strcpy(job.blob_digest, hex);
	strcpy(job.media_type, type);
	assert_int_equal(platform_parse(platform, &job.platform, &e), 0);
	return give_job(&job, (int[]){ fetched, work }, 2);
}

#define DESCRIPTOR "{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%zu%s}"

static const char config[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"x\"]},"
			     "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX "\"]}}";

/* A manifest of one layer; the config is put where it is wanted. */
static void make_manifest(char *ret, size_t size, const char *config_type, const char *layer_type, bool with_config)
{
	const struct bytes b = { .v = (char *)config, .n = strlen(config) };
	char hex[DIGEST_HEX + 1];

	bytes_digest(&b, hex);
	if (with_config)
		put_as(hex, config);
	snprintf(ret, size, "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST "\",\"config\":" DESCRIPTOR ",\"layers\":[" DESCRIPTOR "]}",
		 config_type, hex, strlen(config), "", layer_type, HEX, (size_t)123, "");
}

static void read_record(struct arena *a, struct image_list *ret)
{
	auto_free char *text = NULL;
	size_t len;
	struct err e;

	if (file_read(work, WORK_IMAGES_FILE, WORK_IMAGES_MAX, &text, &len, &e) < 0 ||
	    image_list_decode(text, len, "images.json", a, ret, &e) < 0)
		fail_msg("%s", e.text);
}

static void test_steps(void **state)
{
	char manifest[2048], index[2048], manifest_hex[DIGEST_HEX + 1], index_hex[DIGEST_HEX + 1];
	auto_arena struct arena a = { 0 };
	struct image_list list = { 0 };

	(void)state;
	make_manifest(manifest, sizeof(manifest), CONFIG, LAYER, false);
	bytes_digest(&(struct bytes){ .v = manifest, .n = strlen(manifest) }, manifest_hex);
	snprintf(index, sizeof(index), "{\"schemaVersion\":2,\"manifests\":[" DESCRIPTOR "," DESCRIPTOR "]}", MANIFEST, HEX, (size_t)7,
		 ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}", MANIFEST, manifest_hex, strlen(manifest),
		 ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}");
	put(index, index_hex);

	struct answer r = describe(index_hex, INDEX, "linux/amd64");

	assert_done(&r);
	assert_string_equal(r.last.done.want.digest, manifest_hex);
	assert_int_equal(r.last.done.want.bytes, strlen(manifest));
	assert_false(r.last.done.want.config);

	put_as(manifest_hex, manifest);
	r = describe(index_hex, INDEX, "linux/amd64");
	assert_done(&r);
	assert_true(r.last.done.want.config);
	assert_int_equal(r.last.done.want.bytes, strlen(config));

	put_as(r.last.done.want.digest, config);
	r = describe(index_hex, "", "linux/amd64"); /* a registry that does not say what it is */
	assert_done(&r);
	assert_string_equal(r.last.done.want.digest, "");
	read_record(&a, &list);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.v[0].manifest, manifest_hex);
	assert_string_equal(list.v[0].media_type, MANIFEST);
	assert_string_equal(list.v[0].layers.v[0].blob, HEX);
	assert_int_equal(list.v[0].layers.v[0].bytes, 123);
	assert_int_equal(faccessat(work, manifest_hex, F_OK, 0), 0);

	r = describe(index_hex, INDEX, "linux/s390x");
	assert_failed(&r, "it has nothing for linux/s390x; it is there for linux/arm64, linux/amd64");
	r = describe(index_hex, MANIFEST, "linux/amd64");
	assert_failed(&r, "media type");
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "{\"schemaVersion\":1,\"name\":\"x\",\"fsLayers\":[]}", "schema 1" },
		{ "null", "its manifest" },
		{ "{\"schemaVersion\":2}", "neither layers nor manifests" },
		{ "{\"schemaVersion\":2,\"layers\":[],\"manifests\":[]}", "both layers and manifests" },
		{ "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MANIFEST "\",\"digest\":\"sha256:../../x\",\"size\":7}]}", "digest" },
		{ "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MANIFEST "\",\"digest\":\"sha256:" HEX "\",\"size\":0}]}",
		  "has 0 bytes" },
		{ "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MANIFEST "\",\"digest\":\"sha256:" HEX "\",\"size\":99999999}]}",
		  "has 99999999 bytes" },
	};
	char hex[DIGEST_HEX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put(cases[i].text, hex);
		struct answer r = describe(hex, "text/plain", "linux/amd64");

		assert_failed(&r, cases[i].words);
	}
}

static void test_no_images(void **state)
{
	static const struct {
		const char *config, *layer, *words;
	} cases[] = {
		{ "application/vnd.cncf.helm.config.v1+json", LAYER, "it is no image, but an artifact: application/vnd.cncf.helm" },
		{ CONFIG, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "layer 1 is none that a registry may have" },
		{ CONFIG, OCI "layer.nondistributable.v1.tar+gzip", "layer 1 is none that a registry may have" },
		{ CONFIG, "application/vnd.erofs", "application/vnd.erofs" },
	};
	char text[2048], hex[DIGEST_HEX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make_manifest(text, sizeof(text), cases[i].config, cases[i].layer, true);
		put(text, hex);
		struct answer r = describe(hex, MANIFEST, "linux/amd64");

		assert_failed(&r, cases[i].words);
	}
}

/* The fetcher may have been taken over by what it has read: nothing in its folder is what its name says. */
static void test_nothing_is_trusted(void **state)
{
	char text[2048], hex[DIGEST_HEX + 1];

	(void)state;
	make_manifest(text, sizeof(text), CONFIG, LAYER, true);
	put_as(HEX, text);
	struct answer r = describe(HEX, MANIFEST, "linux/amd64");

	assert_failed(&r, "does not match its digest");
	assert_int_equal(symlinkat("/etc/passwd", fetched, "link"), 0);
	bytes_digest(&(struct bytes){ .v = text, .n = strlen(text) }, hex);
	assert_int_equal(symlinkat(HEX, fetched, hex), 0);
	r = describe(hex, MANIFEST, "linux/amd64");
	assert_int_equal(r.last.type, WORK_FAILED);
	assert_int_equal(unlinkat(fetched, hex, 0), 0);
	assert_int_equal(mkfifoat(fetched, hex, 0600), 0); /* it would wait for ever */
	r = describe(hex, MANIFEST, "linux/amd64");
	assert_failed(&r, "not a regular file");
}

/* ---- a blob that grows ---- */

struct growing {
	struct bytes tar;
	size_t end; /* how much of it will come */
	int file, more;
};

static void *grow(void *arg)
{
	struct growing *g = arg;

	for (size_t done = 0; done < g->end;) {
		size_t n = MIN(g->end - done, (size_t)3333);

		(void)!write(g->file, g->tar.v + done, n);
		(void)!write(g->more, "", 1);
		done += n;
	}
	close(g->more);
	return NULL;
}

static struct answer unpack_growing(size_t missing)
{
	struct growing g = { 0 };
	struct work_job job = { .kind = WORK_UNPACK, .grows = true, .lowest = true };
	pthread_t thread;
	int ends[2];

	for (int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "file%d", i);
		TAR(&g.tar, .name = name, .data = name, .mode = 0644);
	}
	tar_end(&g.tar);
	g.end = g.tar.n - missing;
	job.blob_bytes = g.tar.n;
	bytes_digest(&g.tar, job.diff_id);
	g.file = openat(fetched, "blob", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	g.more = ends[1];
	auto_fd int blob = openat(fetched, "blob", O_RDONLY | O_CLOEXEC);

	assert_int_equal(pthread_create(&thread, NULL, grow, &g), 0);
	struct answer r = give_job(&job, (int[]){ blob, work, ends[0] }, 3);

	pthread_join(thread, NULL);
	close(ends[0]);
	close(g.file);
	bytes_free(&g.tar);
	return r;
}

static void test_growing(void **state)
{
	(void)state;
	struct answer r = unpack_growing(0);

	assert_done(&r);
	assert_int_equal(r.last.done.entries, 200);
	assert_int_equal(faccessat(work, "file199", F_OK, 0), 0);
}

static void test_growing_ends_early(void **state)
{
	(void)state;
	struct answer r = unpack_growing(2000);

	assert_failed(&r, "the blob ended after");
	assert_int_equal(r.last.err.code, EREMOTEIO);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(top) && chdir(top) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	struct err e;

	(void)state;
	fd_close(&fetched);
	fd_close(&work);
	return chdir("/") == 0 && file_remove(AT_FDCWD, top, &e) == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_steps, begin),
		cmocka_unit_test_setup(test_refused, begin),
		cmocka_unit_test_setup(test_no_images, begin),
		cmocka_unit_test_setup(test_nothing_is_trusted, begin),
		cmocka_unit_test_setup(test_growing, begin),
		cmocka_unit_test_setup(test_growing_ends_early, begin),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
