// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a configuration of CNI and as a plugin's answer: refused with a line, or taken so that plugins can be told of it, and
 * nothing in an answer breaks the lines of resolv.conf.
 */
#include <stdlib.h>

#include "network/cni_config.h"
#include "network/cni_result.h"
#include "spec/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void resolve(const struct cni_config *c)
{
	char *alias = (char *)"db";
	struct net_port port = { .protocol = IPPROTO_TCP, .host_port = 8080, .container_port = 80 };
	const struct cni_request wishes[] = {
		{ .network = "x" },
		{ .mac = "02:00:00:00:00:01", .aliases = { .v = &alias, .n = 1 }, .ips = { "10.0.0.2", NULL }, .ports = &port, .n_ports = 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
		json_auto_t *told = NULL;
		struct err e = { 0 };
		int r = cni_config_resolve(c, &wishes[i], &told, &e);

		expect(r < 0 ? *e.text != '\0' : json_array_size(told) == json_array_size(c->plugins));
	}
}

static void config(const char *text, size_t size)
{
	struct cni_config c = { 0 };
	struct err e = { 0 };

	if (cni_config_read(text, size, "file", &c, &e) < 0) {
		expect(*e.text);
		return;
	}
	expect(*c.name && !strchr(c.name, '/') && json_array_size(c.plugins) > 0);
	resolve(&c);
	cni_config_free(&c);
}

static void expect_words(const struct strv *words)
{
	for (size_t i = 0; i < words->n; i++)
		expect(!words->v[i][strcspn(words->v[i], " \t\r\n")]);
}

static void answer(const char *text, size_t size)
{
	auto_arena struct arena a = { 0 };
	json_auto_t *value = NULL;
	struct cni_result x = { 0 };
	struct err e = { 0 };

	if (json_from_text(text, size, &value, &e) < 0 || cni_result_read(value, "eth0", &a, &x, &e) < 0) {
		expect(*e.text);
		return;
	}
	expect_words(&x.nameservers);
	expect_words(&x.search);
	expect_words(&x.options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	config((const char *)data, size);
	answer((const char *)data, size);
	return 0;
}
