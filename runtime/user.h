/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.h: who "postgres", "1000" or "www:staff" is in a container: its own /etc/passwd and /etc/group, read in the container by
 * its own init or exec, never by libc's name services (rule K15), with limits on kind and size (S20, S22).
 */
#ifndef RUNTIME_USER_H
#define RUNTIME_USER_H

#include "base/arena.h"
#include "base/err.h"
#include "spec/spec.h"

/**
 * user_resolve() - Find ids, groups and home
 * @root:	The container's root
 * @who:	"USER[:GROUP]", each a name or a number; all digits are never a name
 * @ret:	uid, gid, additional groups; lists in @arena
 * @ret_home:	Home folder in @arena, "/" where none is known
 *
 * Return: 0, or -errno with @e filled (-ENOENT: there is no such name)
 */
int user_resolve(int root, const char *who, struct arena *arena, struct spec_user *ret, const char **ret_home,
		 struct err *e);

/* What ids are called. */
struct user_names {
	struct user_name {
		uint32_t id;
		const char *name;
	} *v;
	size_t n;
};

enum user_list {
	USER_LIST_USERS,
	USER_LIST_GROUPS,
};

/**
 * user_names() - The names in /etc/passwd or /etc/group, looked at from outside
 * @root:	A container's root, or the host's
 *
 * Only on the file system of @root itself: one that is mounted below it may be of the container's own making, and answer never.
 *
 * Return: the list, in @arena; empty where it cannot be had
 */
struct user_names user_names(int root, enum user_list which, struct arena *arena);

/* A name that cannot be mistaken for a number; NULL: there is none. */
const char *user_name_of(const struct user_names *names, uint32_t id);

/**
 * user_add_line() - /etc/passwd or /etc/group with one line more, where nobody in it has its name or its id
 * @root:	The container's root
 * @path:	The file; none is an empty one
 * @ret:	The text, to be freed by the caller
 *
 * Return: 1; 0: somebody has; or -errno with @e filled
 */
int user_add_line(int root, const char *path, const char *line, char **ret, struct err *e);

/* Home folder of a uid in @arena; "/" where none can be found. */
const char *user_home(int root, uint32_t uid, struct arena *arena);

#endif
