// SPDX-License-Identifier: Apache-2.0
#include "namespaces/subid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/helper.h"
#include "base/str.h"

#define FILE_BYTES_MAX	 (4 << 20)
#define FIELDS_MAX	 4
#define HELPER_BYTES_MAX 4096

struct field {
	const char *v;
	size_t len;
};

/* The first @n fields of the next line. Return: how many it has, at most @n; -1 at the end of the text. */
static int next_line(const char **text, char separator, struct field *fields, int n)
{
	const char *p = *text;
	size_t left = strcspn(p, "\n");
	int found = 0;

	if (!*p)
		return -1;
	*text = p + left + (p[left] == '\n');
	while (found < n) {
		const char *end = memchr(p, separator, left);
		size_t len = end ? (size_t)(end - p) : left;

		fields[found++] = (struct field){ p, len };
		if (!end)
			break;
		p += len + 1;
		left -= len + 1;
	}
	return found;
}

static bool to_number(struct field f, uint32_t *ret)
{
	char digits[12];

	if (f.len >= sizeof(digits))
		return false;
	memcpy(digits, f.v, f.len);
	digits[f.len] = '\0';
	return str_to_id(digits, ret) == 0;
}

/* The next line with a name in its first field and two numbers from field @first on. */
static bool next_entry(const char **text, char separator, int name, int first, struct subid_entry *ret)
{
	struct field f[FIELDS_MAX];
	int n;

	while ((n = next_line(text, separator, f, first + 2)) >= 0) {
		if (n < first + 2 || !to_number(f[first], &ret->start) || !to_number(f[first + 1], &ret->count))
			continue;
		ret->name = f[name].v;
		ret->name_len = f[name].len;
		return true;
	}
	return false;
}

bool subid_next(const char **text, struct subid_entry *ret)
{
	while (next_entry(text, ':', 0, 1, ret))
		if (ret->count > 0 && ret->count <= UINT32_MAX - ret->start)
			return true;
	return false;
}

bool subid_next_user(const char **text, struct subid_entry *ret)
{
	return next_entry(text, ':', 0, 2, ret);
}

int subid_read_file(const char *path, char **ret, struct err *e)
{
	int r = file_read(AT_FDCWD, path, FILE_BYTES_MAX, ret, NULL, e);

	if (r != -ENOENT)
		return r;
	*ret = strdup("");
	return *ret ? 0 : err_nomem(e);
}

static bool is_named(const struct subid_entry *entry, const char *name)
{
	return strlen(name) == entry->name_len && memcmp(entry->name, name, entry->name_len) == 0;
}

char *subid_user_name(struct arena *arena, uint32_t uid)
{
	auto_free char *text = NULL;
	struct subid_entry user;
	struct err ignored; /* a machine whose users are known elsewhere has numbers */

	if (subid_read_file("/etc/passwd", &text, &ignored) == 0)
		for (const char *p = text; subid_next_user(&p, &user);)
			if (user.start == uid)
				return arena_strndup(arena, user.name, user.name_len);
	return arena_printf(arena, "%u", uid);
}

static int add_map(struct arena *arena, struct spec_id_maps *maps, uint32_t host, uint32_t size, struct err *e)
{
	const struct spec_id_map *last = maps->n > 0 ? &maps->v[maps->n - 1] : NULL;
	uint32_t next = last ? last->container_id + last->size : 0;
	struct spec_id_map *v = arena_array(arena, maps->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(e);
	if (maps->n > 0)
		memcpy(v, maps->v, maps->n * sizeof(*v));
	v[maps->n++] = (struct spec_id_map){ .container_id = next, .host_id = host, .size = size };
	maps->v = v;
	return 0;
}

/* Where users come from a directory service, their ranges do too, and getsubids(1) asks it: "0: NAME START COUNT". */
static int add_from_service(struct arena *arena, char *name, bool groups, struct spec_id_maps *maps, struct err *e)
{
	char text[HELPER_BYTES_MAX], program[] = "/usr/bin/getsubids", option[] = "-g";
	char *const of_groups[] = { program, option, name, NULL }, *const of_users[] = { program, name, NULL };
	struct subid_entry entry;
	int r = helper_run(groups ? of_groups : of_users, NULL, STDOUT_FILENO, text, sizeof(text), e);

	if (r != 0)
		return 0; /* no such program, or no such user: there are no sub-ids */
	for (const char *p = text; next_entry(&p, ' ', 1, 2, &entry) && r == 0;)
		r = add_map(arena, maps, entry.start, entry.count, e);
	return r;
}

static int own_maps(struct arena *arena, char *name, bool groups, struct spec_id_maps *ret, struct err *e)
{
	struct spec_id_maps maps = { 0 };
	auto_free char *text = NULL;
	struct subid_entry entry;
	char number[12];
	int r = subid_read_file(groups ? SUBID_GID_FILE : SUBID_UID_FILE, &text, e);

	if (r == 0)
		r = add_map(arena, &maps, groups ? getgid() : getuid(), 1, e);
	if (r < 0)
		return r;
	snprintf(number, sizeof(number), "%u", getuid());
	for (const char *p = text; subid_next(&p, &entry) && r == 0;)
		if (is_named(&entry, name) || is_named(&entry, number))
			r = add_map(arena, &maps, entry.start, entry.count, e);
	if (r == 0 && maps.n == 1)
		r = add_from_service(arena, name, groups, &maps, e);
	if (r == 0)
		*ret = maps;
	return r;
}

int idmap_own(struct arena *arena, struct spec_id_maps *ret_uids, struct spec_id_maps *ret_gids, struct err *e)
{
	struct spec_id_maps uids, gids;
	char *name = subid_user_name(arena, getuid());

	if (!name)
		return err_nomem(e);
	int r = own_maps(arena, name, false, &uids, e);

	if (r == 0)
		r = own_maps(arena, name, true, &gids, e);
	if (r < 0)
		return r;
	*ret_uids = uids;
	*ret_gids = gids;
	return 0;
}
