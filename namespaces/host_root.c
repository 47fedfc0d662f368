// SPDX-License-Identifier: Apache-2.0
#include "namespaces/host_root.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"

#define FIELDS_MAX 12

enum fs_treatment {
	LEFT_OUT,
	BOUND,
	OVERLAID,
};

/* In alphabetical order. What is not here is judged by whether it has a device. */
static const struct fs_kind {
	const char *type;
	enum fs_treatment treatment;
} fs_kinds[] = {
	{ "autofs", LEFT_OUT },	    { "bcachefs", OVERLAID }, { "binfmt_misc", LEFT_OUT }, { "bpf", LEFT_OUT },
	{ "btrfs", OVERLAID },	    { "cgroup", LEFT_OUT },   { "cgroup2", LEFT_OUT },	   { "configfs", LEFT_OUT },
	{ "debugfs", LEFT_OUT },    { "devpts", LEFT_OUT },   { "devtmpfs", LEFT_OUT },	   { "efivarfs", LEFT_OUT },
	{ "erofs", BOUND },	    { "exfat", BOUND },	      { "fuseblk", BOUND },	   { "fusectl", LEFT_OUT },
	{ "hugetlbfs", LEFT_OUT },  { "iso9660", BOUND },     { "mqueue", LEFT_OUT },	   { "msdos", BOUND },
	{ "nsfs", LEFT_OUT },	    { "ntfs", BOUND },	      { "ntfs3", BOUND },	   { "overlay", LEFT_OUT },
	{ "proc", LEFT_OUT },	    { "pstore", LEFT_OUT },   { "rootfs", LEFT_OUT },	   { "rpc_pipefs", LEFT_OUT },
	{ "securityfs", LEFT_OUT }, { "selinuxfs", LEFT_OUT }, { "squashfs", BOUND },	   { "sysfs", LEFT_OUT },
	{ "tracefs", LEFT_OUT },    { "udf", BOUND },	      { "vfat", BOUND },	   { "zfs", OVERLAID },
};

/* The container has its own, or none. */
static const char *const own_places[] = { "/dev", "/proc", "/run", "/sys", "/tmp" };

static int compare_kind(const void *key, const void *kind)
{
	return strcmp(key, ((const struct fs_kind *)kind)->type);
}

static bool is_below(const char *path, const char *folder)
{
	const char *rest = str_after(path, folder);

	return rest && (*rest == '\0' || *rest == '/');
}

static enum fs_treatment treat(const char *path, const char *type, const char *device)
{
	const struct fs_kind *kind = bsearch(type, fs_kinds, ARRAY_SIZE(fs_kinds), sizeof(fs_kinds[0]), compare_kind);

	if (streq(path, "/"))
		return OVERLAID;
	for (size_t i = 0; i < ARRAY_SIZE(own_places); i++)
		if (is_below(path, own_places[i]))
			return LEFT_OUT;
	if (kind)
		return kind->treatment;
	return str_after(device, "0:") ? BOUND : OVERLAID; /* major number 0: no device */
}

/* Blanks and the like are written as three octal digits: "\040". */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		bool octal = s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
			     s[3] <= '7';

		*to++ = octal ? (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0')) : *s;
		if (octal)
			s += 3;
	}
	*to = '\0';
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw", cut into words; see proc_pid_mountinfo(5). */
static bool parse_line(char *line, struct host_mount *ret)
{
	char *fields[FIELDS_MAX], *rest = NULL;
	size_t n = 0, dash = 6;

	for (char *w = strtok_r(line, " ", &rest); w && n < FIELDS_MAX; w = strtok_r(NULL, " ", &rest))
		fields[n++] = w;
	while (dash < n && !streq(fields[dash], "-"))
		dash++;
	if (dash + 1 >= n || str_to_u64(fields[0], UINT64_MAX, &ret->id) < 0 || fields[4][0] != '/')
		return false;
	unescape(fields[4]);
	ret->path = fields[4];
	ret->type = fields[dash + 1];
	ret->writable = str_after(fields[5], "rw") != NULL;
	enum fs_treatment t = treat(ret->path, ret->type, fields[2]);

	ret->overlay = t == OVERLAID;
	return t != LEFT_OUT;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct host_mount *)a)->path, ((const struct host_mount *)b)->path);
}

int host_root_parse(struct arena *arena, const char *mountinfo, struct host_mount **ret, size_t *ret_n, struct err *e)
{
	char *text = arena_strdup(arena, mountinfo), *rest = NULL;
	size_t lines = 1, n = 0;

	for (const char *p = mountinfo; *p; p++)
		lines += *p == '\n';
	struct host_mount *v = arena_array(arena, lines, sizeof(*v));

	if (!text || !v)
		return err_nomem(e);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		n += parse_line(line, &v[n]);
	qsort(v, n, sizeof(*v), by_path);
	*ret = v;
	*ret_n = n;
	return 0;
}

char *host_root_name(struct arena *arena, const char *path)
{
	static const char digits[] = "0123456789ABCDEF";
	char *name = arena_alloc(arena, strlen(path) * 3 + 1), *to = name;

	if (!name)
		return NULL;
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if (isalnum(c) || c == '.' || c == '_' || c == '-') {
			*to++ = (char)c;
			continue;
		}
		*to++ = '%';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	return name;
}
