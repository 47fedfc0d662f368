// SPDX-License-Identifier: Apache-2.0
/*
 * Any text as the name of an entry, or as a hard link's target: refused with a line that a terminal can show, or taken apart
 * so that no part leads upwards, is a whiteout of itself, or is longer than a file's name can be; and reads the same again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "images/worker/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void expect_refusal(const struct err *e)
{
	expect(e->code == EINVAL || e->code == ENAMETOOLONG);
	for (const char *c = e->text; *c; c++)
		expect((unsigned char)*c >= ' ' && *c != 0x7f);
}

/* Below the root, part by part. */
static void expect_inside(const char *folder)
{
	expect(*folder != '/');
	for (const char *p = folder; *p;) {
		size_t n = strcspn(p, "/");

		expect(n > 0 && n <= NAME_MAX && !(n == 1 && *p == '.') && !(n == 2 && memcmp(p, "..", 2) == 0));
		p += n;
		expect(!*p || p[1]); /* no slash at the end */
		p += *p == '/';
	}
}

static void expect_last(const struct entry_name *name)
{
	expect(strlen(name->last) <= NAME_MAX && !strchr(name->last, '/'));
	expect(!streq(name->last, ".") && !streq(name->last, ".."));
	expect((name->kind == NAME_ROOT) == !*name->last);
	expect(name->kind != NAME_ROOT || !*name->folder);
}

static void check(const char *text)
{
	char again_text[2 * PATH_MAX];
	struct entry_name name, again;
	struct err e = { 0 };

	if (name_parse(text, &name, &e) < 0) {
		expect_refusal(&e);
		return;
	}
	expect_inside(name.folder);
	expect_last(&name);
	if (name.kind == NAME_PLAIN)
		expect(!str_after(name.last, ".wh."));
	snprintf(again_text, sizeof(again_text), "/%s/./%s%s//", name.folder, name.kind == NAME_WHITEOUT ? ".wh." : "", name.last);
	if (name_parse(again_text, &again, &e) == 0)
		expect(again.kind == name.kind && streq(again.folder, name.folder) && streq(again.last, name.last));
	else
		expect(e.code == ENAMETOOLONG); /* by the four bytes of a whiteout */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct entry_name name;
	struct err e = { 0 };

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	check(text);
	if (name_parse_target(text, &name, &e) < 0) {
		expect_refusal(&e);
	} else {
		expect_inside(name.folder);
		expect_last(&name);
	}
	free(text);
	return 0;
}
