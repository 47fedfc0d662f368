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

/* Home folder of a uid in @arena; "/" where none can be found. */
const char *user_home(int root, uint32_t uid, struct arena *arena);

#endif
