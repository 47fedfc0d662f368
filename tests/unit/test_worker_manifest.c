// SPDX-License-Identifier: Apache-2.0
/* The JSON of images, from outside: what is taken from it, and all that is refused. */
#include "worker_tar.h"

#include <errno.h>

#include "images/worker/manifest.h"

#define HEX    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define DIGEST "\"digest\":\"sha256:" HEX "\""
#define CONFIG "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\"," DIGEST ",\"size\":2}"
#define LAYER  "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\"," DIGEST ",\"size\":7}"
#define TYPE   "application/vnd.oci.image.manifest.v1+json"
#define INDEX  "application/vnd.oci.image.index.v1+json"
#define BEGIN  "{\"schemaVersion\":2,\"mediaType\":\"" TYPE "\","
#define GOOD   BEGIN CONFIG ",\"layers\":[" LAYER "," LAYER "]}"

static int parse(const char *text, const char *media_type, struct arena *a, struct manifest *m, struct err *e)
{
	return manifest_parse(text, strlen(text), "manifest", media_type, a, m, e);
}

static void test_good(void **state)
{
	auto_arena struct arena a = { 0 };
	struct manifest m;
	struct err e;

	(void)state;
	assert_int_equal(parse(GOOD, TYPE, &a, &m, &e), 0);
	assert_false(m.is_index);
	assert_int_equal(m.layers.n, 2);
	assert_string_equal(m.layers.v[1].hex, HEX);
	assert_int_equal(m.layers.v[1].bytes, 7);
	assert_int_equal(parse("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" TYPE "\"," DIGEST
			       ",\"size\":5,\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"},"
			       "\"annotations\":{\"k\":\"v\"}}]}", NULL, &a, &m, &e), 0);
	assert_true(m.is_index);
	assert_true(m.manifests.v[0].platform.given);
	assert_string_equal(descriptor_annotation(&m.manifests.v[0], "k"), "v");
	assert_null(descriptor_annotation(&m.manifests.v[0], "l"));
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"", "null", "[]", "7", "\"x\"", "{}", "{", GOOD "x",
		"{\"schemaVersion\":2}",
		BEGIN CONFIG ",\"layers\":[" LAYER "],\"manifests\":[]}",	    /* both kinds */
		BEGIN CONFIG ",\"manifests\":[]}",
		BEGIN CONFIG ",\"layers\":[" LAYER "],\"layers\":[]}",		    /* a key twice */
		BEGIN "\"layers\":[" LAYER "]}",				    /* no config */
		"{\"schemaVersion\":1,\"mediaType\":\"" TYPE "\"," CONFIG ",\"layers\":[" LAYER "]}",
		"{\"schemaVersion\":\"2\"," CONFIG ",\"layers\":[" LAYER "]}",
		"{\"schemaVersion\":2,\"mediaType\":\"" INDEX "\"," CONFIG ",\"layers\":[" LAYER "]}",
		"{\"schemaVersion\":2,\"mediaType\":\"text/plain\"," CONFIG ",\"layers\":[" LAYER "]}",
		BEGIN CONFIG ",\"layers\":[null]}",
		BEGIN CONFIG ",\"layers\":[{}]}",
		BEGIN CONFIG ",\"layers\":{}}",
		BEGIN CONFIG ",\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
		      "\"digest\":\"sha256:../../etc/passwd\",\"size\":1}]}",
		BEGIN CONFIG ",\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\"," DIGEST ",\"size\":-1}]}",
		BEGIN CONFIG ",\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\"," DIGEST
		      ",\"size\":9223372036854775808}]}",
		BEGIN CONFIG ",\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\"," DIGEST ",\"size\":1e3}]}",
		BEGIN CONFIG ",\"layers\":[{\"mediaType\":\"application/vnd.erofs\"," DIGEST ",\"size\":1}]}",
		BEGIN "\"config\":{\"mediaType\":\"application/vnd.cncf.helm.config.v1+json\"," DIGEST
		      ",\"size\":2},\"layers\":[]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_arena struct arena a = { 0 };
		struct manifest m;
		struct err e;

		if (parse(texts[i], NULL, &a, &m, &e) >= 0)
			fail_msg("taken: %s", texts[i]);
		assert_non_null(strstr(e.text, "manifest"));
	}
	auto_arena struct arena a = { 0 };
	struct manifest m;
	struct err e;

	assert_int_equal(parse(GOOD, "application/vnd.docker.distribution.manifest.v2+json", &a, &m, &e), -EINVAL);
	assert_int_equal(parse(GOOD, INDEX, &a, &m, &e), -EINVAL);
}

/* A hundred thousand levels, a hundred thousand layers. */
static void test_large(void **state)
{
	auto_bytes struct bytes deep = { 0 }, many = { 0 };
	auto_arena struct arena a = { 0 };
	struct manifest m;
	struct err e;

	(void)state;
	for (int i = 0; i < 100000; i++)
		bytes_add(&deep, "[", 1);
	assert_true(parse(deep.v, NULL, &a, &m, &e) < 0);
	bytes_add(&many, BEGIN CONFIG ",\"layers\":[", strlen(BEGIN CONFIG ",\"layers\":["));
	for (int i = 0; i < 20000; i++)
		bytes_add(&many, LAYER ",", strlen(LAYER ","));
	bytes_add(&many, LAYER "]}", strlen(LAYER "]}"));
	assert_true(parse(many.v, NULL, &a, &m, &e) < 0);
	assert_non_null(strstr(e.text, "20001 layers"));
}

static void test_config(void **state)
{
	static const char text[] =
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2020-01-01T00:00:00Z\",\"config\":{"
		"\"User\":\"1000\",\"Env\":[\"HOME\",\"*\",\"A\",\"=x\",\"A=1\",\"\",\"B=\"],\"Cmd\":null,"
		"\"Entrypoint\":[\"/bin/sh\",\"-c\"],\"Volumes\":{\"/data\":{},\"/x\":null},\"ExposedPorts\":{\"80/tcp\":{}},"
		"\"Labels\":{\"a\":\"b\"},\"StopSignal\":\"SIGINT\",\"Unknown\":7},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX "\"]},"
		"\"history\":[{\"created_by\":\"RUN x\",\"empty_layer\":true}]}";
	auto_arena struct arena a = { 0 };
	struct image image;
	struct strv ids;
	struct err e;

	(void)state;
	if (config_parse(text, strlen(text), "config", &a, &image, &ids, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(ids.n, 1);
	assert_string_equal(ids.v[0], HEX);
	assert_int_equal(image.defaults.env.n, 2);
	assert_string_equal(image.defaults.env.v[0], "A=1");
	assert_string_equal(image.defaults.env.v[1], "B=");
	assert_int_equal(image.defaults.volumes.n, 2);
	assert_string_equal(image.defaults.exposed_ports.v[0], "80/tcp");
	assert_int_equal(image.defaults.cmd.n, 0);
	assert_string_equal(image.defaults.stop_signal, "SIGINT");
	assert_true(image.history.v[0].empty_layer);
}

static void test_config_refused(void **state)
{
	static const char *const texts[] = {
		"null", "[]", "{}", "{\"rootfs\":{}}", "{\"rootfs\":{\"type\":\"blob\",\"diff_ids\":[]}}",
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" HEX "\"]}}",
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[null]}}",
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"config\":{\"Env\":\"A=1\"}}",
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"config\":{\"User\":0}}",
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"config\":{\"Volumes\":[]}}",
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"config\":{\"User\":\"a\\u0000b\"}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_arena struct arena a = { 0 };
		struct image image;
		struct strv ids;
		struct err e;

		if (config_parse(texts[i], strlen(texts[i]), "config", &a, &image, &ids, &e) >= 0)
			fail_msg("taken: %s", texts[i]);
	}
}

static void test_docker(void **state)
{
	static const char good[] = "[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"x/layer.tar\"]},"
				   "{\"Config\":\"d.json\",\"RepoTags\":null,\"Layers\":[]}]";
	static const char *const bad[] = { "", "{}", "null", "[]", "[null]", "[{}]", "[{\"Config\":\"c\"}]",
					   "[{\"Config\":7,\"Layers\":[]}]", "[{\"Config\":\"c\",\"Layers\":[7]}]" };
	auto_arena struct arena a = { 0 };
	struct docker_images d;
	struct err e;

	(void)state;
	assert_int_equal(docker_manifest_parse(good, strlen(good), &a, &d, &e), 0);
	assert_int_equal(d.n, 2);
	assert_string_equal(d.v[0].layers.v[0], "x/layer.tar");
	assert_int_equal(d.v[1].repo_tags.n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(docker_manifest_parse(bad[i], strlen(bad[i]), &a, &d, &e) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),   cmocka_unit_test(test_refused),	      cmocka_unit_test(test_large),
		cmocka_unit_test(test_config), cmocka_unit_test(test_config_refused), cmocka_unit_test(test_docker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
