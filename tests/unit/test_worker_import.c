// SPDX-License-Identifier: Apache-2.0
/*
 * The real program, given archives of images: docker's, old and new, OCI's, as tars and as a folder; good and
 * bad ones.
 */
#include "worker_tar.h"

#include <dirent.h>
#include <errno.h>

#include "images/record.h"

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define ARCHITECTURE "arm64"
#else
#define ARCHITECTURE ""
#endif

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX	 "application/vnd.oci.image.index.v1+json"

static char top[] = "/tmp/test-worker-XXXXXX";
static int work = -1;
static struct arena arena; /* of the images that were read */

/* An image of two layers, in parts. */
struct parts {
	struct bytes layer[2], config, manifest;
	char layer_hex[2][DIGEST_HEX + 1], config_hex[DIGEST_HEX + 1], manifest_hex[DIGEST_HEX + 1];
};

static void add_text(struct bytes *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add_text(struct bytes *b, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	assert_true(n >= 0);
	bytes_add(b, text, (size_t)n);
	free(text);
}

static void add_descriptor(struct bytes *b, const char *type, const char *hex, size_t n, const char *more)
{
	add_text(b, "{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%zu%s}", type, hex, n, more);
}

static void make_manifest(struct parts *p)
{
	bytes_free(&p->manifest);
	add_text(&p->manifest, "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST "\",\"config\":");
	add_descriptor(&p->manifest, "application/vnd.oci.image.config.v1+json", p->config_hex, p->config.n, "");
	add_text(&p->manifest, ",\"layers\":[");
	for (int i = 0; i < 2; i++) {
		add_descriptor(&p->manifest, "application/vnd.oci.image.layer.v1.tar", p->layer_hex[i], p->layer[i].n, "");
		add_text(&p->manifest, i ? "]}" : ",");
	}
	bytes_digest(&p->manifest, p->manifest_hex);
}

static struct parts make_parts(const char *content)
{
	struct parts p = { 0 };

	for (int i = 0; i < 2; i++) {
		TAR(&p.layer[i], .name = i ? "two" : "one", .data = content, .mode = 0644);
		tar_end(&p.layer[i]);
		bytes_digest(&p.layer[i], p.layer_hex[i]);
	}
	add_text(&p.config, "{\"architecture\":\"" ARCHITECTURE "\",\"os\":\"linux\",\"config\":{\"Env\":[\"A=1\",\"HOST\"]},"
			    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\",\"sha256:%s\"]}}",
		 p.layer_hex[0], p.layer_hex[1]);
	bytes_digest(&p.config, p.config_hex);
	make_manifest(&p);
	return p;
}

static void free_parts(struct parts *p)
{
	bytes_free(&p->layer[0]);
	bytes_free(&p->layer[1]);
	bytes_free(&p->config);
	bytes_free(&p->manifest);
}
#define auto_parts __attribute__((cleanup(free_parts)))

static void add_file(struct bytes *tar, const char *name, const struct bytes *b)
{
	TAR(tar, .name = name, .data = b->v, .size = b->n, .mode = 0644);
}

static void add_blob(struct bytes *tar, const char *hex, const struct bytes *b)
{
	char name[96];

	snprintf(name, sizeof(name), "blobs/sha256/%s", hex);
	add_file(tar, name, b);
}

static void empty_work(void)
{
	struct err e;

	fd_close(&work);
	assert_int_equal(file_remove(AT_FDCWD, "work", &e), 0);
	assert_int_equal(mkdir("work", 0700), 0);
	work = open("work", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(work >= 0);
}

static struct answer import_fd(int input, bool folder)
{
	struct work_job job = { .kind = WORK_IMPORT, .input_is_folder = folder };

	if (geteuid() != 0) {
		print_message("only root can make namespaces\n");
		skip();
	}
	empty_work();
	return give_job(&job, (int[]){ input, work }, 2);
}

static struct answer import_tar(struct bytes *tar)
{
	tar_end(tar);
	auto_fd int input = bytes_fd(tar);

	return import_fd(input, false);
}

/* images.json, and that the work folder has the blobs it speaks of and nothing else. */
static struct image_list read_images(size_t expected)
{
	auto_free char *text = NULL;
	struct image_list list = { 0 };
	size_t len, names = 0, blobs = 0;
	struct err e;

	arena_free(&arena);
	if (file_read(work, WORK_IMAGES_FILE, WORK_IMAGES_MAX, &text, &len, &e) < 0 ||
	    image_list_decode(text, len, "images.json", &arena, &list, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(list.n, expected);
	for (size_t i = 0; i < list.n; i++) {
		const struct image *image = &list.v[i];
		struct stat st;

		assert_int_equal(fstatat(work, image->manifest, &st, 0), 0);
		assert_int_equal(fstatat(work, image->config, &st, 0), 0);
		for (size_t k = 0; k < image->layers.n; k++) {
			assert_int_equal(fstatat(work, image->layers.v[k].blob, &st, 0), 0);
			assert_int_equal(st.st_size, image->layers.v[k].bytes);
		}
		blobs += 2 + image->layers.n;
	}
	auto_dir DIR *d = opendir("work");

	while (d && readdir(d))
		names++;
	assert_int_equal(names, blobs + 3); /* ., .., images.json */
	return list;
}

static void assert_image(const struct image *image, const struct parts *p)
{
	char both[200], chain[DIGEST_HEX + 1];
	struct err e;

	assert_string_equal(image->config, p->config_hex);
	assert_int_equal(image->layers.n, 2);
	assert_string_equal(image->layers.v[0].diff_id, p->layer_hex[0]);
	assert_string_equal(image->layers.v[0].chain_id, p->layer_hex[0]);
	assert_string_equal(image->layers.v[1].blob, p->layer_hex[1]);
	snprintf(both, sizeof(both), "sha256:%s sha256:%s", p->layer_hex[0], p->layer_hex[1]);
	assert_int_equal(digest_of(both, strlen(both), chain, &e), 0);
	assert_string_equal(image->layers.v[1].chain_id, chain);
	assert_string_equal(image->architecture, ARCHITECTURE);
	assert_int_equal(image->defaults.env.n, 1);
	assert_string_equal(image->defaults.env.v[0], "A=1");
}

/* index.json of one entry; @more: further members of its descriptor. */
static void add_index(struct bytes *tar, const char *type, const char *hex, size_t n, const char *more)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	auto_bytes struct bytes index = { 0 };

	add_text(&index, "{\"schemaVersion\":2,\"manifests\":[");
	add_descriptor(&index, type, hex, n, more);
	add_text(&index, "]}");
	add_file(tar, "index.json", &index);
	TAR(tar, .name = "oci-layout", .data = layout, .mode = 0644);
}

static void add_parts(struct bytes *tar, const struct parts *p)
{
	for (int i = 0; i < 2; i++)
		add_blob(tar, p->layer_hex[i], &p->layer[i]);
	add_blob(tar, p->config_hex, &p->config);
	add_blob(tar, p->manifest_hex, &p->manifest);
}

static void test_docker(void **state)
{
	auto_parts struct parts p = make_parts("docker");
	auto_bytes struct bytes tar = { 0 }, json = { 0 };

	(void)state;
	add_file(&tar, "first/layer.tar", &p.layer[0]);
	TAR(&tar, .name = "first/VERSION", .data = "1.0");
	TAR(&tar, .name = "third/layer.tar", .kind = '2', .link = "../second/layer.tar");
	add_file(&tar, "second/layer.tar", &p.layer[1]);
	add_file(&tar, "config.json", &p.config);
	add_text(&json, "[{\"Config\":\"config.json\",\"RepoTags\":[\"app:1.0\",\"localhost/app\"],"
			"\"Layers\":[\"first/layer.tar\",\"third/layer.tar\"]}]");
	add_file(&tar, "manifest.json", &json);
	struct answer a = import_tar(&tar);

	assert_done(&a);
	struct image_list list = read_images(1);

	assert_image(&list.v[0], &p);
	assert_int_equal(list.v[0].names.n, 2);
	assert_string_equal(list.v[0].names.v[0], "docker.io/library/app:1.0");
	assert_string_equal(list.v[0].names.v[1], "localhost/app:latest");
	assert_string_equal(list.v[0].layers.v[0].media_type, "application/vnd.oci.image.layer.v1.tar");
}

static void test_docker_refused(void **state)
{
	static const struct {
		const char *json, *words;
	} cases[] = {
		{ "[{\"Config\":\"c\",\"RepoTags\":[\"x:1\"],\"Layers\":[\"l\",\"none/layer.tar\"]}]",
		  "layer 2 of image x:1 (none/layer.tar) is not in the archive" },
		{ "[{\"Config\":\"none\",\"RepoTags\":[\"x:1\"],\"Layers\":[]}]",
		  "config of image x:1 (none) is not in the archive" },
		{ "[{\"Config\":\"c\",\"Layers\":[\"l\"]}]", "has 1 layers, but 2 diff ids" },
		{ "[{\"Config\":\"c\",\"Layers\":[\"m\",\"l\"]}]", "layer 1 of image c does not match its diff id" },
		{ "[{\"Config\":\"l\",\"Layers\":[\"l\",\"m\"]}]", "config of image l" },
		{ "[{\"Config\":\"c\",\"RepoTags\":[\"Bad Name\"],\"Layers\":[\"l\",\"m\"]}]", "no valid image name" },
		{ "[{\"Config\":\"../../etc/passwd\",\"Layers\":[\"l\",\"m\"]}]", "not allowed in a name" },
		{ "[{\"Config\":\"a\",\"Layers\":[\"l\",\"m\"]}]", "too many links" },
		{ "[]", "there is no image in it" },
		{ "x", "manifest.json" },
	};
	auto_parts struct parts p = make_parts("docker");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_bytes struct bytes tar = { 0 };

		add_file(&tar, "l", &p.layer[0]);
		add_file(&tar, "m", &p.layer[1]);
		add_file(&tar, "c", &p.config);
		TAR(&tar, .name = "a", .kind = '2', .link = "b");
		TAR(&tar, .name = "b", .kind = '2', .link = "a");
		TAR(&tar, .name = "manifest.json", .data = cases[i].json);
		struct answer a = import_tar(&tar);

		assert_failed(&a, cases[i].words);
	}
}

static void test_oci(void **state)
{
	auto_parts struct parts p = make_parts("oci");
	auto_bytes struct bytes tar = { 0 }, index = { 0 };
	char hex[DIGEST_HEX + 1];

	(void)state;
	add_parts(&tar, &p);
	add_index(&tar, MANIFEST, p.manifest_hex, p.manifest.n,
		  ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"docker.io/library/x:2\"}");
	struct answer a = import_tar(&tar);

	assert_done(&a);
	struct image_list list = read_images(1);

	assert_image(&list.v[0], &p);
	assert_string_equal(list.v[0].manifest, p.manifest_hex);
	assert_string_equal(list.v[0].names.v[0], "docker.io/library/x:2");

	/* an index in the index: one for another machine, one for this, signatures and the like */
	bytes_free(&tar);
	add_text(&index, "{\"schemaVersion\":2,\"mediaType\":\"" INDEX "\",\"manifests\":[");
	add_descriptor(&index, MANIFEST, p.config_hex, 1, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"other\"}");
	add_text(&index, ",");
	add_descriptor(&index, MANIFEST, p.manifest_hex, p.manifest.n,
		       ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" ARCHITECTURE "\"}");
	add_text(&index, "]}");
	bytes_digest(&index, hex);
	add_parts(&tar, &p);
	add_blob(&tar, hex, &index);
	add_index(&tar, INDEX, hex, index.n, ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"2.0\"}");
	a = import_tar(&tar);
	assert_done(&a);
	list = read_images(1);
	assert_image(&list.v[0], &p);
	assert_int_equal(list.v[0].names.n, 0); /* a tag alone is no name */
}

static void test_oci_refused(void **state)
{
	auto_parts struct parts p = make_parts("oci");
	auto_bytes struct bytes tar = { 0 };
	char words[256];

	(void)state;
	add_blob(&tar, p.layer_hex[0], &p.layer[0]);
	add_blob(&tar, p.config_hex, &p.config);
	add_blob(&tar, p.manifest_hex, &p.manifest);
	add_index(&tar, MANIFEST, p.manifest_hex, p.manifest.n,
		  ",\"annotations\":{\"io.containerd.image.name\":\"docker.io/library/x:2\"}");
	struct answer a = import_tar(&tar);

	snprintf(words, sizeof(words), "layer 2 of image docker.io/library/x:2 (sha256:%s) is not in the archive",
		 p.layer_hex[1]);
	assert_failed(&a, words);
	bytes_free(&tar);
	add_blob(&tar, p.layer_hex[1], &p.layer[0]); /* under another's name */
	add_blob(&tar, p.layer_hex[0], &p.layer[0]);
	add_blob(&tar, p.config_hex, &p.config);
	add_blob(&tar, p.manifest_hex, &p.manifest);
	add_index(&tar, MANIFEST, p.manifest_hex, p.manifest.n, "");
	a = import_tar(&tar);
	assert_failed(&a, "does not match its digest (found sha256:");
	bytes_free(&tar);
	add_parts(&tar, &p);
	add_index(&tar, MANIFEST, p.manifest_hex, p.manifest.n + 1, "");
	a = import_tar(&tar);
	assert_failed(&a, "by its descriptor");
	bytes_free(&tar);
	add_parts(&tar, &p);
	add_index(&tar, INDEX, p.manifest_hex, p.manifest.n, "");
	a = import_tar(&tar);
	assert_failed(&a, "media type");
	bytes_free(&tar);
	add_parts(&tar, &p);
	add_index(&tar, MANIFEST, p.manifest_hex, p.manifest.n, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"z80\"}");
	a = import_tar(&tar);
	assert_failed(&a, "there is no image for linux/");
	bytes_free(&tar);
	add_parts(&tar, &p);
	a = import_tar(&tar);
	assert_failed(&a, "it is no image archive");
	bytes_free(&tar);
	TAR(&tar, .name = "oci-layout", .data = "{}");
	a = import_tar(&tar);
	assert_failed(&a, "it has oci-layout but no index.json");
}

/* Two programs must not see two images in one archive. */
static void test_twice(void **state)
{
	auto_parts struct parts p = make_parts("oci");
	auto_bytes struct bytes tar = { 0 };

	(void)state;
	add_parts(&tar, &p);
	add_parts(&tar, &p);
	add_index(&tar, MANIFEST, p.manifest_hex, p.manifest.n, "");
	auto_bytes struct bytes other = { 0 };

	bytes_add(&other, tar.v, tar.n);
	struct answer a = import_tar(&tar);

	assert_done(&a);
	read_images(1);
	TAR(&other, .name = "index.json", .data = "{}");
	a = import_tar(&other);
	assert_failed(&a, "it has two different files named index.json");
}

static void write_file(const char *name, const struct bytes *b)
{
	auto_fd int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, b->v, b->n), 0);
}

static void blob_path(char path[128], const char *hex)
{
	snprintf(path, 128, "layout/blobs/sha256/%s", hex);
}

static void test_folder(void **state)
{
	auto_parts struct parts p = make_parts("folder");
	auto_bytes struct bytes index = { 0 }, layout = { 0 };
	char path[128];

	(void)state;
	assert_int_equal(mkdir("layout", 0755) | mkdir("layout/blobs", 0755) | mkdir("layout/blobs/sha256", 0755), 0);
	for (int i = 0; i < 2; i++) {
		blob_path(path, p.layer_hex[i]);
		write_file(path, &p.layer[i]);
	}
	blob_path(path, p.config_hex);
	write_file(path, &p.config);
	blob_path(path, p.manifest_hex);
	write_file(path, &p.manifest);
	add_text(&layout, "{\"imageLayoutVersion\":\"1.0.0\"}");
	write_file("layout/oci-layout", &layout);
	add_text(&index, "{\"schemaVersion\":2,\"manifests\":[");
	add_descriptor(&index, MANIFEST, p.manifest_hex, p.manifest.n, "");
	add_text(&index, "]}");
	write_file("layout/index.json", &index);
	auto_fd int folder = open("layout", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct answer a = import_fd(folder, true);

	assert_done(&a);
	struct image_list list = read_images(1);

	assert_image(&list.v[0], &p);
	/* a link to a file of the host, or no file at all, is not read (U21) */
	blob_path(path, p.layer_hex[1]);
	assert_int_equal(rename(path, "elsewhere"), 0);
	assert_int_equal(symlink("../../../elsewhere", path), 0);
	a = import_fd(folder, true);
	assert_failed(&a, "layer 2 of image");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/shadow", path), 0);
	a = import_fd(folder, true);
	assert_failed(&a, "layer 2 of image");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	a = import_fd(folder, true);
	assert_failed(&a, "is not a regular file");
	assert_int_equal(unlink("layout/index.json"), 0);
	assert_int_equal(mkfifo("layout/index.json", 0644), 0);
	a = import_fd(folder, true);
	assert_failed(&a, "is not a regular file");
}

static void test_not_an_archive(void **state)
{
	auto_bytes struct bytes text = { 0 }, tar = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		bytes_add(&text, "neither tar nor anything else\n", 30);
	auto_fd int input = bytes_fd(&text);
	struct answer a = import_fd(input, false);

	assert_failed(&a, "it is no tar archive");
	TAR(&tar, .name = "bin/sh", .data = "x");
	a = import_tar(&tar);
	assert_failed(&a, "it is no image archive");
}

static int set_up(void **state)
{
	(void)state;
	setenv("PAENE_WORKER", worker_path(), 1);
	return mkdtemp(top) && chdir(top) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	struct err e;

	(void)state;
	fd_close(&work);
	arena_free(&arena);
	return chdir("/") < 0 || file_remove(AT_FDCWD, top, &e) < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker), cmocka_unit_test(test_docker_refused),
		cmocka_unit_test(test_oci),    cmocka_unit_test(test_oci_refused),
		cmocka_unit_test(test_twice),  cmocka_unit_test(test_folder),
		cmocka_unit_test(test_not_an_archive),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
