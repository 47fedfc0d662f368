// SPDX-License-Identifier: Apache-2.0
/* Any text as a file for paene-quadlet: a service of whole lines, or refused. Its first byte says of what kind it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cli/quadlet/quadlet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a.container", "a@.volume", "a@1.network", "a.image", "a.pod" };
	auto_arena struct arena a = { 0 };
	struct quadlet q = { .a = &a, .program = "/bin/paene" };
	struct quadlet_unit *u, *data_volume;
	struct err e = { 0 };
	auto_free char *out = NULL;
	size_t len;

	if (size == 0)
		return 0;
	char *text = arena_strndup(&a, (const char *)data + 1, size - 1);

	if (!text || quadlet_add(&q, "data.volume", "/x/data.volume", &data_volume, &e) < 0 || quadlet_name(&q, data_volume, &e) < 0 ||
	    quadlet_add(&q, names[data[0] % ARRAY_SIZE(names)], "/x/a", &u, &e) < 0)
		abort();
	if (unit_parse(&a, text, "f", &u->text, &e) < 0 || quadlet_name(&q, u, &e) < 0)
		return 0;
	FILE *f = open_memstream(&out, &len);

	if (!f)
		abort();
	int r = quadlet_convert(&q, u, f, &e);

	(void)fclose(f);
	if (r < 0)
		return *e.text ? 0 : (abort(), 0);
	struct unit_file service = { 0 };

	if (unit_parse(&a, out, "out", &service, &e) < 0) /* systemd must be able to read it */
		abort();
	return 0;
}
