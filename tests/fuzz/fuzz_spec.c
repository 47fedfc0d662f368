// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_spec.c: config.json and its parts from any bytes. What decodes must encode, decode again, and encode to the same
 * text. The first byte chooses: 'p' a process, 'r' resources, 's' a seccomp profile, anything else (it belongs to the text)
 * a whole configuration.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int r, const struct err *e, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, e->text);
	abort();
}

static void check(const struct spec *s)
{
	auto_free char *first = NULL, *second = NULL;
	auto_spec struct spec again = { 0 };
	struct err e;

	must(spec_encode(s, &first, &e), &e, "encode");
	must(spec_decode(first, strlen(first), &again, &e), &e, first);
	must(spec_encode(&again, &second, &e), &e, "encode again");
	if (!streq(first, second)) {
		fprintf(stderr, "not the same:\n%s\n%s\n", first, second);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *part = size ? text + 1 : text;
	size_t n = size ? size - 1 : 0;
	auto_spec struct spec s = { 0 };
	struct err e;
	int r;

	switch (size ? *text : '\0') {
	case 'p':
		r = spec_decode_process(part, n, &s.arena, &s.process, &e);
		break;
	case 'r':
		r = spec_decode_resources(part, n, &s.arena, &s.linux_.resources, &e);
		break;
	case 's':
		r = spec_decode_seccomp(part, n, &s.arena, &s.linux_.seccomp, &e);
		break;
	default:
		r = spec_decode(text, size, &s, &e);
	}
	if (r < 0)
		return 0;
	/* a part becomes a whole configuration */
	if (!s.oci_version) {
		s.oci_version = (char *)SPEC_VERSION;
		s.root.path = (char *)"rootfs";
	}
	check(&s);
	return 0;
}
