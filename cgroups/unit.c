// SPDX-License-Identifier: Apache-2.0
#include "cgroups/unit.h"

#include <errno.h>

#define UNIT_NAME_MAX 255 /* systemd.unit(5) */

static const char scope_suffix[] = ".scope", slice_suffix[] = ".slice";

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && streq(s + n - m, end);
}

static bool is_unit_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(":-_.\\@", c));
}

static int check_name(const char *name, struct err *e)
{
	for (const char *c = name; *c; c++)
		if (!is_unit_char(*c))
			return err_say(e, EINVAL, "\"%.128s\" is no name of a unit: systemd allows letters, digits and :-_.\\@", name);
	if (strlen(name) > UNIT_NAME_MAX)
		return err_say(e, EINVAL, "\"%.64s…\" is too long for the name of a unit", name);
	return 0;
}

/* What a unit's name cannot hold becomes \xNN, as systemd-escape(1) does it. */
static char *escaped(const char *id, struct arena *a)
{
	char *ret = arena_strdup(a, "");

	for (; ret && *id; id++)
		ret = is_unit_char(*id) ? arena_printf(a, "%s%c", ret, *id)
					: arena_printf(a, "%s\\x%02x", ret, (unsigned char)*id);
	return ret;
}

char *unit_slice_path(const char *slice, struct arena *a)
{
	char *path = arena_strdup(a, "");

	if (streq(slice, "-.slice"))
		return path;
	if (!ends_with(slice, slice_suffix) || strchr(slice, '/') || *slice == '-')
		return NULL;
	size_t len = strlen(slice) - strlen(slice_suffix);

	for (size_t i = 1; path && i <= len; i++) {
		if (i < len && slice[i] != '-')
			continue;
		if (slice[i - 1] == '-') /* an empty part */
			return NULL;
		path = arena_printf(a, "%s/%.*s%s", path, (int)i, slice, slice_suffix);
	}
	return path;
}

/* @ret: the three parts of "SLICE:PREFIX:NAME" */
static int split(const char *path, char *ret[3], struct arena *a, struct err *e)
{
	for (size_t i = 0; i < 3; i++) {
		size_t len = strcspn(path, ":");

		if ((path[len] == ':') != (i < 2))
			return err_say(e, EINVAL, "expected \"slice:prefix:name\" for cgroups by systemd");
		ret[i] = arena_strndup(a, path, len);
		if (!ret[i])
			return err_nomem(e);
		path += len + 1;
	}
	return 0;
}

int unit_place(const char *cgroups_path, const char *id, bool user, struct arena *a, struct cgroup_unit *ret, struct err *e)
{
	char *parts[3] = { (char *)"", (char *)"paene", escaped(id, a) };
	int r = cgroups_path && *cgroups_path ? split(cgroups_path, parts, a, e) : 0;

	if (r < 0)
		return err_wrap(e, "linux.cgroupsPath: \"%.128s\"", cgroups_path);
	if (parts[2] && ends_with(parts[2], slice_suffix))
		return err_say(e, EINVAL, "linux.cgroupsPath: \"%.128s\": a slice has no processes of its own", cgroups_path);
	char *slice = *parts[0] ? parts[0] : (char *)(user ? "user.slice" : "system.slice");
	char *name = parts[2] ? arena_printf(a, "%s-%s%s", parts[1], parts[2], scope_suffix) : NULL;

	if (!name)
		return err_nomem(e);
	if (check_name(name, e) < 0 || check_name(slice, e) < 0)
		return err_wrap(e, "linux.cgroupsPath");
	char *place = unit_slice_path(slice, a);

	if (!place)
		return err_say(e, EINVAL, "linux.cgroupsPath: \"%.128s\" is no name of a slice", slice);
	*ret = (struct cgroup_unit){ .user = user, .slice = slice, .name = name, .path = arena_printf(a, "%s/%s", place, name) };
	if (!ret->path)
		return err_nomem(e);
	return cgroup_check_path(ret->path, e); /* each dash of a slice is a folder that has all before it in its name */
}
