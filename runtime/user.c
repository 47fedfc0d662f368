// SPDX-License-Identifier: Apache-2.0
#include "runtime/user.h"

#include <ctype.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sys.h"

#define FILE_MAX_BYTES (8 << 20)
#define GROUPS_MAX     256
#define FIELDS_MAX     8

/* The text of an open file; links of the image may lead to anything but are no reason to read it. */
static int read_file(int fd, const char *path, char **ret, struct err *e)
{
	struct stat st;
	struct statfs fs;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return err_set(e, errno, "look at %s", path);
	if (!S_ISREG(st.st_mode) || fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC)
		return err_say(e, EINVAL, "the container's %s is not a regular file", path);
	if (st.st_size > FILE_MAX_BYTES)
		return err_say(e, EFBIG, "the container's %s has more than %d bytes", path, FILE_MAX_BYTES);
	return file_read_fd(fd, path, FILE_MAX_BYTES, ret, NULL, e);
}

/* A file of accounts as text, or NULL where there is none. */
static int read_accounts(int root, const char *path, char **ret, struct err *e)
{
	auto_fd int fd = path_open_in(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, e);

	*ret = NULL;
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
	return read_file(fd, path, ret, e);
}

/* The next line's fields, cut at ':' in place. Return: their number, 0 at the end of the text */
static size_t next_line(char **text, char *fields[FIELDS_MAX])
{
	while (*text && **text) {
		char *line = *text, *end = strchr(line, '\n');
		size_t n = 0;

		*text = end ? end + 1 : NULL;
		if (end)
			*end = '\0';
		if (!*line || *line == '#')
			continue;
		for (; n < FIELDS_MAX; n++) {
			fields[n] = line;
			line += strcspn(line, ":");
			if (!*line)
				return n + 1;
			*line++ = '\0';
		}
		return n;
	}
	return 0;
}

struct account {
	bool found;
	uint32_t uid, gid;
	const char *name, *home;
};

/* By name, or where @name is NULL by @uid. The fields point into @text. */
static struct account find_account(char *text, const char *name, uint32_t uid)
{
	char *f[FIELDS_MAX];
	struct account a = { 0 };

	for (size_t n; !a.found && (n = next_line(&text, f)) > 0;) {
		if (n < 6 || str_to_id(f[2], &a.uid) < 0 || str_to_id(f[3], &a.gid) < 0)
			continue;
		a.found = name ? streq(f[0], name) : a.uid == uid;
		a.name = f[0];
		a.home = f[5];
	}
	return a;
}

static bool lists(const char *members, const char *name)
{
	size_t len = strlen(name);

	while (*members) {
		size_t n = strcspn(members, ",");

		if (n == len && memcmp(members, name, n) == 0)
			return true;
		members += n + (members[n] == ',');
	}
	return false;
}

static bool find_group(char *text, const char *name, uint32_t *ret)
{
	char *f[FIELDS_MAX];

	for (size_t n; (n = next_line(&text, f)) > 0;)
		if (n >= 3 && streq(f[0], name) && str_to_id(f[2], ret) == 0)
			return true;
	return false;
}

static int member_groups(char *text, const char *user, struct arena *arena, struct spec_u32_list *ret)
{
	char *f[FIELDS_MAX];

	ret->v = arena_array(arena, GROUPS_MAX, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (size_t n; ret->n < GROUPS_MAX && (n = next_line(&text, f)) > 0;)
		if (n >= 4 && lists(f[3], user) && str_to_id(f[2], &ret->v[ret->n]) == 0)
			ret->n++;
	return 0;
}

/*
 * The primary group among the others: a process that changes its primary one (a set-group-id program) would shed the first, and
 * with it a denial that a file's mode has for that group (CVE-2022-36109).
 */
static int add_primary(struct spec_user *u, struct arena *arena)
{
	struct spec_u32_list *l = &u->additional_gids;
	uint32_t *with = arena_array(arena, l->n + 1, sizeof(*with));

	if (!with)
		return -ENOMEM;
	with[0] = u->gid;
	size_t n = 1;

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] != u->gid)
			with[n++] = l->v[i];
	*l = (struct spec_u32_list){ .v = with, .n = n };
	return 0;
}

static bool all_digits(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == '\0';
}

static bool begins_as_name(const char *s)
{
	return isalpha((unsigned char)*s) || *s == '_';
}

/* "-1", "0x1" and " 1" were meant as numbers: an account of the image that has such a name is there to be somebody else (S20). */
static int check_name(const char *name, const char *what, struct err *e)
{
	if (begins_as_name(name))
		return 0;
	return err_say(e, EINVAL, "%s \"%s\": it is a number from 0 to 4294967294, or a name that begins with a letter", what, name);
}

static int number(const char *text, const char *what, uint32_t *ret, struct err *e)
{
	if (str_to_id(text, ret) < 0)
		return err_say(e, EINVAL, "%s %s: ids go from 0 to 4294967294", what, text);
	return 0;
}

static int resolve_group(int root, const char *group, uint32_t *ret, struct err *e)
{
	auto_free char *text = NULL;

	if (all_digits(group))
		return number(group, "group", ret, e);
	int r = check_name(group, "group", e);

	if (r >= 0)
		r = read_accounts(root, "/etc/group", &text, e);
	if (r < 0)
		return r;
	if (!text || !find_group(text, group, ret))
		return err_say(e, ENOENT, "there is no group \"%s\" in the container's /etc/group", group);
	return 0;
}

static int add_groups(int root, const struct strv *names, struct arena *arena, struct spec_u32_list *ret, struct err *e)
{
	uint32_t *v = names->n ? arena_array(arena, ret->n + names->n, sizeof(*v)) : NULL;

	if (!names->n)
		return 0;
	if (!v)
		return err_nomem(e);
	if (ret->n)
		memcpy(v, ret->v, ret->n * sizeof(*v));
	ret->v = v;
	for (size_t i = 0; i < names->n; i++) {
		int r = resolve_group(root, names->v[i], &v[ret->n++], e);

		if (r < 0)
			return r;
	}
	return 0;
}

int user_resolve(int root, const char *who, struct arena *arena, struct spec_user *ret, const char **ret_home,
		 struct err *e)
{
	auto_free char *passwd = NULL, *groups = NULL;
	const char *colon = strchr(who, ':');
	char *user = colon ? arena_strndup(arena, who, (size_t)(colon - who)) : arena_strdup(arena, who);
	struct spec_user u = { .umask = ret->umask };
	uint32_t uid = 0;

	if (!user)
		return err_nomem(e);
	if (colon == who)
		return err_say(e, EINVAL, "user \"%s\": there is no user before the colon", who);
	int r = read_accounts(root, "/etc/passwd", &passwd, e);

	if (r >= 0 && all_digits(user))
		r = number(user, "user", &uid, e);
	else if (r >= 0 && *user)
		r = check_name(user, "user", e);
	if (r < 0)
		return r;
	/* "" is root */
	struct account a = find_account(passwd ? passwd : (char *)"", *user && !all_digits(user) ? user : NULL, uid);

	if (!a.found && *user && !all_digits(user)) {
		if (!streq(user, "root"))
			return err_say(e, ENOENT, "there is no user \"%s\" in the container's /etc/passwd", user);
		a = (struct account){ 0 };
	}
	u.uid = a.found ? a.uid : uid;
	u.gid = a.found ? a.gid : 0;
	if (colon && colon[1])
		r = resolve_group(root, colon + 1, &u.gid, e);
	else if (a.found)
		r = read_accounts(root, "/etc/group", &groups, e);
	if (r >= 0 && groups && member_groups(groups, a.name, arena, &u.additional_gids) < 0)
		r = err_nomem(e);
	if (r < 0)
		return r;
	r = add_groups(root, &ret->groups, arena, &u.additional_gids, e);
	if (r < 0)
		return r;
	if (add_primary(&u, arena) < 0)
		return err_nomem(e);
	*ret_home = a.found && *a.home == '/' ? arena_strdup(arena, a.home) : "/";
	*ret = u;
	return *ret_home ? 0 : err_nomem(e);
}

const char *user_home(int root, uint32_t uid, struct arena *arena)
{
	auto_free char *passwd = NULL;
	struct err ignored; /* a file of accounts that cannot be read has no homes */

	if (read_accounts(root, "/etc/passwd", &passwd, &ignored) < 0 || !passwd)
		return "/";
	struct account a = find_account(passwd, NULL, uid);
	const char *home = a.found && *a.home == '/' ? arena_strdup(arena, a.home) : NULL;

	return home ? home : "/";
}

int user_add_line(int root, const char *path, const char *line, char **ret, struct err *e)
{
	auto_free char *text = NULL, *own = strdup(line), *cut = NULL;
	char *f[FIELDS_MAX], *mine[FIELDS_MAX], *rest = own;
	int r = read_accounts(root, path, &text, e);

	if (r < 0)
		return r;
	cut = strdup(text ? text : "");
	if (!own || !cut)
		return err_nomem(e);
	if (next_line(&rest, mine) < 3)
		return err_say(e, EINVAL, "\"%s\" is no line of %s", line, path);
	rest = cut;
	for (size_t n; (n = next_line(&rest, f)) > 0;)
		if (n >= 3 && (streq(f[0], mine[0]) || streq(f[2], mine[2])))
			return 0;
	size_t len = text ? strlen(text) : 0;

	if (asprintf(ret, "%s%s%s\n", text ? text : "", len && text[len - 1] != '\n' ? "\n" : "", line) >= 0)
		return 1;
	*ret = NULL;
	return err_nomem(e);
}

struct user_names user_names(int root, enum user_list which, struct arena *arena)
{
	static const char *const files[] = { [USER_LIST_USERS] = "etc/passwd", [USER_LIST_GROUPS] = "etc/group" };
	auto_fd int fd = sys_openat2(root, files[which], O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0,
				     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
	auto_free char *text = NULL;
	struct user_names names = { 0 };
	struct err ignored; /* without names there are numbers */
	char *f[FIELDS_MAX], *rest;
	size_t room = 1;

	if (fd < 0 || read_file(fd, files[which], &text, &ignored) < 0)
		return names;
	for (const char *p = text; *p; p++)
		room += *p == '\n';
	names.v = arena_array(arena, room, sizeof(*names.v));
	rest = text;
	for (size_t n; names.v && (n = next_line(&rest, f)) > 0;) {
		struct user_name *row = &names.v[names.n];

		if (n < 3 || str_to_id(f[2], &row->id) < 0 || !begins_as_name(f[0]))
			continue;
		row->name = arena_strdup(arena, f[0]);
		names.n += row->name != NULL;
	}
	return names;
}

const char *user_name_of(const struct user_names *names, uint32_t id)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->v[i].id == id)
			return names->v[i].name;
	return NULL;
}
