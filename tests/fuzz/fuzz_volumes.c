// SPDX-License-Identifier: Apache-2.0
/* Any text as -v, --mount and --secret: understood or refused; what is understood has what its kind needs. */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/mount_words.h"
#include "runtime/secrets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void check_mount(const struct mount_words *m, int r, const struct err *e)
{
	if (r < 0) {
		expect(e->code && *e->text);
		return;
	}
	expect(m->target && m->type < MOUNT_TYPE_COUNT);
	expect(m->source || (m->type != MOUNT_TYPE_BIND && m->type != MOUNT_TYPE_IMAGE && m->type != MOUNT_TYPE_GLOB));
	expect(!m->upper == !m->work && !(m->no_idmap && m->maps));
	for (size_t i = 0; i < m->data.n; i++)
		expect(strchr(m->data.v[i], '=') && !strchr(m->data.v[i], ','));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena a = { 0 };
	char *text = arena_strndup(&a, (const char *)data, size);
	struct mount_words m = { 0 };
	struct secret_use u = { 0 };
	struct err e = { 0 };

	expect(text != NULL);
	check_mount(&m, mount_words_volume(&a, text, &m, &e), &e);
	m = (struct mount_words){ 0 };
	check_mount(&m, mount_words_mount(&a, text, &m, &e), &e);
	if (secret_use_parse(&a, text, &u, &e) < 0)
		expect(e.code && *e.text);
	else
		expect(*u.name && !strchr(u.name, '/') && (u.env ? !strchr(u.target, '=') : *u.target == '/') && u.mode <= 0777);
	return 0;
}
