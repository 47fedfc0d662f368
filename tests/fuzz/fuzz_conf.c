// SPDX-License-Identifier: Apache-2.0
/* Any text as a file of settings: lines of sections, or refused with the line that is wrong. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena a = { 0 };
	char *text = arena_strndup(&a, (const char *)data, size);
	struct conf conf = { 0 };
	struct err e = { 0 };

	if (!text)
		abort();
	if (conf_parse(&a, text, "f", &conf, &e) < 0)
		return strncmp(e.text, "f:", 2) == 0 ? 0 : (abort(), 0);
	for (size_t i = 0; i < conf.n; i++)
		if (!conf.v[i].section || strpbrk(conf.v[i].key, "\n=") || strchr(conf.v[i].value, '\n'))
			abort();
	return 0;
}
