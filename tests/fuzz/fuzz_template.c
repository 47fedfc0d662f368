// SPDX-License-Identifier: Apache-2.0
/* Any text as a template: understood and printed, or refused with a reason. What is printed is nothing that a terminal obeys. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cli/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char json[] = "{\"Id\":\"0123\",\"N\":3,\"Names\":[\"a\",\"b\"],\"State\":{\"Pid\":7,\"Dead\":false},\"Text\":\"x\\u001by\"}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena a = { 0 };
	json_auto_t *value = json_loads(json, 0, NULL);
	char *text = arena_strndup(&a, (const char *)data, size);
	const struct node *parsed;
	auto_free char *shown = NULL;
	size_t len;
	FILE *out = open_memstream(&shown, &len);
	struct err e = { 0 };

	if (!value || !text || !out)
		abort();
	int r = template_parse(&a, text, &parsed, &e);

	if (r == 0) {
		template_print_heading(parsed, out);
		r = template_print(parsed, value, out, &e);
	}
	if (fclose(out) != 0 || (r < 0 && !*e.text) || (strchr(shown, '\033') && !memchr(data, '\033', size)))
		abort();
	return 0;
}
