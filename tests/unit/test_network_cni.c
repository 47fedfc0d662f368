// SPDX-License-Identifier: Apache-2.0
/* Configurations of CNI, what plugins are told of them, and what is understood of their answers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "network/cni_config.h"
#include "network/cni_result.h"
#include "spec/text.h"

static int read_config(const char *text, struct cni_config *ret, struct err *e)
{
	return cni_config_read(text, strlen(text), "file", ret, e);
}

#define LIST(version, plugins) "{\"cniVersion\": \"" version "\", \"name\": \"lab\", \"plugins\": " plugins "}"

static void test_reads_lists_and_single_plugins(void **state)
{
	auto_cni_config struct cni_config list = { 0 }, single = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(read_config(LIST("1.1.0", "[{\"type\": \"a\"}, {\"type\": \"b\"}]"), &list, &e), 0);
	assert_string_equal(list.name, "lab");
	assert_int_equal(list.version, CNI_1_1_0);
	assert_int_equal(json_array_size(list.plugins), 2);
	assert_int_equal(read_config("{\"cniVersion\": \"0.3.1\", \"name\": \"x\", \"type\": \"a\"}", &single, &e), 0);
	assert_int_equal(json_array_size(single.plugins), 1);
	assert_int_equal(single.version, CNI_0_3_1);
}

static void test_refuses_what_is_none(void **state)
{
	static const struct {
		const char *text, *said;
	} wrong[] = {
		{ "", "file: " },
		{ "[]", "expected an object" },
		{ "{\"name\": \"x\", \"type\": \"a\"}", "cniVersion: missing" },
		{ "{\"cniVersion\": \"1.0.0\", \"type\": \"a\"}", "name: missing" },
		{ "{\"cniVersion\": \"1.0.0\", \"name\": \"../x\", \"type\": \"a\"}", "name" },
		{ "{\"cniVersion\": \"1.0.0\", \"name\": \"x\"}", "plugins" },
		{ LIST("0.1.0", "[{\"type\": \"a\"}]"), "is none of" },
		{ LIST("1.0.0", "[]"), "one plugin at least" },
		{ LIST("1.0.0", "{}"), "one plugin at least" },
		{ LIST("1.0.0", "[3]"), "plugins[0].type: expected a string" },
		{ LIST("1.0.0", "[{\"type\": \"a\"}, {\"type\": 18446744073709551615}]"), "plugins[1].type: expected a string" },
		{ LIST("1.0.0", "[{\"type\": \"../../bin/sh\"}]"), "plugins[0]" },
		{ LIST("1.0.0", "[{\"type\": \"\"}]"), "plugins[0]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct cni_config c = { 0 };
		struct err e = { 0 };

		assert_int_equal(read_config(wrong[i].text, &c, &e), -EINVAL);
		if (!strstr(e.text, wrong[i].said))
			fail_msg("%s: %s", wrong[i].text, e.text);
	}
}

static void test_takes_the_newest_version_that_it_knows(void **state)
{
	auto_cni_config struct cni_config c = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(read_config("{\"cniVersion\": \"0.4.0\", \"cniVersions\": [\"2.0.0\", \"1.0.0\", \"0.3.1\"], \"name\": \"x\", \"type\": \"a\"}",
				     &c, &e),
			 0);
	assert_int_equal(c.version, CNI_1_0_0);
}

static void test_tells_plugins_what_they_understand(void **state)
{
	char *alias = (char *)"db";
	const struct cni_request q = { .mac = "02:00:00:00:00:01", .aliases = { .v = &alias, .n = 1 } };
	auto_cni_config struct cni_config c = { 0 };
	json_auto_t *told = NULL;
	char *text = NULL;
	struct err e;

	(void)state;
	assert_int_equal(read_config(LIST("1.0.0", "[{\"type\": \"a\", \"capabilities\": {\"mac\": true, \"aliases\": false}},"
						   " {\"type\": \"b\", \"capabilities\": {\"aliases\": true}}]"),
				     &c, &e),
			 0);
	assert_int_equal(cni_config_resolve(&c, &q, &told, &e), 0);
	assert_int_equal(json_to_text(told, &text, &e), 0);
	assert_string_equal(text, "[{\"type\":\"a\",\"name\":\"lab\",\"cniVersion\":\"1.0.0\",\"runtimeConfig\":{\"mac\":\"02:00:00:00:00:01\"}},"
				  "{\"type\":\"b\",\"name\":\"lab\",\"cniVersion\":\"1.0.0\",\"runtimeConfig\":{\"aliases\":[\"db\"]}}]");
	free(text);
	assert_true(json_object_get(json_array_get(c.plugins, 0), "capabilities") != NULL); /* the configuration stays as it is */
}

static void test_refuses_wishes_that_nobody_understands(void **state)
{
	const struct cni_request q = { .mac = "02:00:00:00:00:01" };
	auto_cni_config struct cni_config c = { 0 };
	json_t *told = NULL;
	struct err e;

	(void)state;
	assert_int_equal(read_config(LIST("1.0.0", "[{\"type\": \"a\"}]"), &c, &e), 0);
	assert_int_equal(cni_config_resolve(&c, &q, &told, &e), -EOPNOTSUPP);
	assert_null(told);
}

static int read_answer(const char *text, struct arena *a, struct cni_result *ret, struct err *e)
{
	json_auto_t *answer = NULL;
	int r = json_from_text(text, strlen(text), &answer, e);

	return r < 0 ? r : cni_result_read(answer, "eth0", a, ret, e);
}

static void test_understands_the_answer_about_the_container(void **state)
{
	auto_arena struct arena a = { 0 };
	struct cni_result x = { 0 };
	char text[NET_ADDR_MAX];
	struct err e;

	(void)state;
	assert_int_equal(read_answer("{\"interfaces\": [{\"name\": \"eth0\", \"mac\": \"outside\"}, {\"name\": \"eth0\", \"mac\": \"mine\", \"sandbox\": \"/x\"},"
				     " {\"name\": \"eth1\", \"mac\": \"other\", \"sandbox\": \"/x\"}],"
				     " \"ips\": [{\"address\": \"10.0.0.1/8\", \"interface\": 0}, {\"version\": \"4\", \"address\": \"10.0.0.2/8\", \"interface\": 1,"
				     " \"gateway\": \"10.0.0.254\"}, {\"address\": \"10.0.0.3/8\", \"interface\": 1}, {\"address\": \"fd00::2/64\"}],"
				     " \"dns\": {\"nameservers\": [\"10.0.0.53\"], \"domain\": \"lab\"}}",
				     &a, &x, &e),
			 0);
	assert_string_equal(x.mac, "mine");
	assert_string_equal(net_addr_text(&x.address[NET_V4], true, text), "10.0.0.2/8");
	assert_string_equal(net_addr_text(&x.gateway[NET_V4], false, text), "10.0.0.254");
	assert_string_equal(net_addr_text(&x.address[NET_V6], true, text), "fd00::2/64");
	assert_int_equal(x.gateway[NET_V6].family, 0);
	assert_string_equal(x.nameservers.v[0], "10.0.0.53");
}

static void test_refuses_answers_that_are_none(void **state)
{
	static const char *const wrong[] = {
		"[]",
		"{\"ips\": 3}",
		"{\"ips\": [{\"address\": \"\"}]}",
		"{\"ips\": [{}]}",
		"{\"ips\": [{\"address\": \"10.0.0.2/8\", \"interface\": -1}]}",
		"{\"dns\": {\"nameservers\": [\"10.0.0.1\\nsearch evil\"]}}",
		"{\"dns\": {\"domain\": \"a b\"}}",
		"{\"dns\": {\"options\": [\"\\u00e4\"]}}",
		"{\"interfaces\": [{\"mac\": \"x\"}]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		auto_arena struct arena a = { 0 };
		struct cni_result x = { 0 };
		struct err e;

		assert_int_equal(read_answer(wrong[i], &a, &x, &e), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_lists_and_single_plugins),
		cmocka_unit_test(test_refuses_what_is_none),
		cmocka_unit_test(test_takes_the_newest_version_that_it_knows),
		cmocka_unit_test(test_tells_plugins_what_they_understand),
		cmocka_unit_test(test_refuses_wishes_that_nobody_understands),
		cmocka_unit_test(test_understands_the_answer_about_the_container),
		cmocka_unit_test(test_refuses_answers_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
