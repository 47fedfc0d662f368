// SPDX-License-Identifier: Apache-2.0
/*
 * Texts that namespaces/ reads: option words of mounts, mountinfo, /etc/subuid and /etc/passwd, names of sysctls. The first
 * byte says which; the rest is the text.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "namespaces/host_root.h"
#include "namespaces/idmap.h"
#include "namespaces/mount_list.h"
#include "namespaces/subid.h"
#include "namespaces/sysctl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* A mount from the lines of the text: target, type, source, then options. */
static void fuzz_mount(struct arena *arena, char *text)
{
	static struct spec_id_map own[] = { { 0, 100000, 1000 }, { 1000, 0, 1 } };
	const struct mount_context c = {
		.private_userns = *text & 1,
		.net_owned = *text & 2,
		.bundle = "/bundle",
		.rootfs = "/bundle/rootfs",
		.maps = { { own, ARRAY_SIZE(own) }, { own, ARRAY_SIZE(own) } },
	};
	struct spec_mount m = { 0 };
	struct mount_list l;
	struct err e;
	char *rest = NULL;
	char **const fields[] = { &m.destination, &m.type, &m.source };

	m.destination = (char *)"";
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		char *word = strtok_r(i ? NULL : text, "\n", &rest);

		if (word)
			*fields[i] = word;
	}
	for (char *word; rest && (word = strtok_r(NULL, "\n", &rest));)
		check(strv_push(arena, &m.options, word) == 0);
	if (mount_list_from_spec(arena, &(struct spec_mounts){ &m, 1 }, &c, &l, &e) < 0)
		return;
	const struct mount_op *op = &l.v[0];

	check(op->how < MOUNT_HOW_COUNT && op->tree == -1);
	check(op->target[0] == '/' && !strstr(op->target, "//"));
	check(op->target[1] || op->how == MOUNT_BIND || op->how == MOUNT_REMOUNT || strcmp(op->type, "tmpfs") == 0);
	check(!op->inside || op->how == MOUNT_BIND);
	check(!op->maps || (idmap_check(&op->maps->uids, "uids", &e) == 0 && idmap_check(&op->maps->gids, "gids", &e) == 0));
	for (const char *p = op->target; (p = strstr(p, "/.."));)
		check(p[3] && p[3] != '/' && p++);
	check(op->how == MOUNT_BIND || !str_after(op->target, "/proc/"));
	check(op->how != MOUNT_BIND || op->source[0] == '/');
	check(op->options.data.n <= m.options.n);
	check(!(op->options.set & ~op->options.clear) && !(op->options.propagation & (op->options.propagation - 1)));
}

static void fuzz_mountinfo(struct arena *arena, char *text)
{
	struct host_mount *v;
	struct err e;
	size_t n;

	check(host_root_parse(arena, text, &v, &n, &e) == 0);
	for (size_t i = 0; i < n; i++) {
		check(v[i].path[0] == '/' && v[i].type[0]);
		const char *name = host_root_name(arena, v[i].path);

		check(name[0] == '%' && !strpbrk(name, "/,:\\ "));
		check(i == 0 || strcmp(v[i - 1].path, v[i].path) <= 0);
	}
}

static void fuzz_subids(struct arena *arena, char *text)
{
	const char *end = text + strlen(text);
	struct subid_entry s;

	(void)arena;
	for (const char *p = text; subid_next(&p, &s);) {
		check(p <= end && s.name >= text && s.name + s.name_len < end);
		check(s.count > 0 && s.start + s.count > s.start);
		check(!memchr(s.name, ':', s.name_len) && !memchr(s.name, '\n', s.name_len));
	}
	for (const char *p = text; subid_next_user(&p, &s);)
		check(p <= end && s.start != UINT32_MAX);
}

static void fuzz_sysctl(struct arena *arena, char *text)
{
	struct spec spec = { 0 };
	struct err e;

	(void)arena;
	for (size_t i = 0; i < NS_COUNT; i++)
		spec.linux_.namespaces[i].wanted = true;
	if (sysctl_check(&spec, text, &e) < 0)
		return;
	check(strncmp(text, "net", 3) == 0 || strncmp(text, "kernel", 6) == 0 || strncmp(text, "fs", 2) == 0 ||
	      strncmp(text, "user", 4) == 0);
	check(!strstr(text, "/../") && text[0] != '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(struct arena *, char *) = { fuzz_mount, fuzz_mountinfo, fuzz_subids, fuzz_sysctl };
	auto_arena struct arena arena = { 0 };

	if (size < 1)
		return 0;
	char *text = arena_strndup(&arena, (const char *)data + 1, size - 1);

	if (text)
		targets[data[0] % ARRAY_SIZE(targets)](&arena, text);
	return 0;
}
