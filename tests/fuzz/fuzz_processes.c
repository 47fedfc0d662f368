// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's texts about processes, in which a container has a say: their names, their links. With whatever in them.
 * The first byte says which; the rest is the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/processes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void fuzz_status(const char *text)
{
	auto_arena struct arena a = { 0 };
	struct process p = { 0 };
	size_t levels = process_levels(text);

	check(process_parse_status(text, levels ? levels - 1 : 0, &a, &p) == 0);
	check(p.groups.v != NULL);
}

static void fuzz_stat(const char *text)
{
	auto_arena struct arena a = { 0 };
	struct process p = { 0 };

	if (process_parse_stat(text, 100, &a, &p) == 0)
		check(p.comm && strlen(p.comm) < strlen(text));
}

static void fuzz_map(const char *text)
{
	auto_arena struct arena a = { 0 };
	struct spec_id_maps m = { 0 };
	struct err e;

	check(process_parse_map(text, &a, &m, &e) == 0);
	for (uint32_t id = 0; id < 100000; id += 9999)
		(void)process_map_id(&m, id);
}

static void fuzz_links(const char *text)
{
	struct usage u = { .n_links = 0 };
	uint64_t received = 0;

	usage_parse_network(text, &u);
	check(u.n_links <= USAGE_LINKS_MAX && (strchr(text, ':') || u.n_links == 0));
	for (size_t i = 0; i < u.n_links; i++)
		received += u.links[i].received_bytes;
	check(u.n_links == USAGE_LINKS_MAX || received == u.received_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(const char *text) = { fuzz_status, fuzz_stat, fuzz_map, fuzz_links };

	if (size == 0)
		return 0;
	char *text = strndup((const char *)data + 1, size - 1);

	if (text)
		kinds[data[0] % ARRAY_SIZE(kinds)](text);
	free(text);
	return 0;
}
