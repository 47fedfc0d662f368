// SPDX-License-Identifier: Apache-2.0
#include "images/worker/name.h"

#include <errno.h>

#include "images/worker/harmless.h"

#define WHITEOUT NAME_WHITEOUT_PREFIX
#define META	 ".wh..wh."
#define OPAQUE	 NAME_OPAQUE_MARK

static int refuse(const char *raw, int code, const char *why, struct err *e)
{
	char shown[HARMLESS_MAX];

	return err_say(e, code, "entry %s: %s", harmless(raw, shown), why);
}

int name_clean(const char *raw, char ret[PATH_MAX], struct err *e)
{
	size_t len = 0;

	for (const char *p = raw; *p;) {
		p += strspn(p, "/");
		size_t n = strcspn(p, "/");

		if (n == 2 && memcmp(p, "..", 2) == 0)
			return refuse(raw, EINVAL, "\"..\" is not allowed in a name", e);
		if (n > NAME_MAX || len + n + 2 > PATH_MAX)
			return refuse(raw, ENAMETOOLONG, "the name is too long", e);
		if (n > 0 && !(n == 1 && *p == '.')) {
			if (len > 0)
				ret[len++] = '/';
			memcpy(ret + len, p, n);
			len += n;
		}
		p += n;
	}
	ret[len] = '\0';
	return 0;
}

int name_parse_target(const char *raw, struct entry_name *ret, struct err *e)
{
	int r = name_clean(raw, ret->folder, e);

	if (r < 0)
		return r;
	char *slash = strrchr(ret->folder, '/');
	const char *last = slash ? slash + 1 : ret->folder;

	memcpy(ret->last, last, strlen(last) + 1);
	*(slash ? slash : ret->folder) = '\0';
	ret->kind = *ret->last ? NAME_PLAIN : NAME_ROOT;
	return 0;
}

/* The first part of @folder that begins with ".wh.", or NULL. */
static const char *marked_part(const char *folder)
{
	for (const char *p = folder; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (str_after(p, WHITEOUT))
			return p;
	}
	return NULL;
}

int name_parse(const char *raw, struct entry_name *ret, struct err *e)
{
	int r = name_parse_target(raw, ret, e);

	if (r < 0)
		return r;
	const char *marked = marked_part(ret->folder);

	if (marked && !str_after(marked, META))
		return refuse(raw, EINVAL, "a whiteout is no folder", e);
	if (marked) {
		ret->kind = NAME_IGNORED;
		return 0;
	}
	const char *hidden = str_after(ret->last, WHITEOUT);

	if (!hidden)
		return 0;
	if (streq(ret->last, OPAQUE)) {
		ret->kind = NAME_OPAQUE;
	} else if (str_after(ret->last, META)) {
		ret->kind = NAME_IGNORED;
	} else if (!*hidden || streq(hidden, ".") || streq(hidden, "..")) {
		return refuse(raw, EINVAL, "invalid whiteout", e);
	} else {
		ret->kind = NAME_WHITEOUT;
		memmove(ret->last, hidden, strlen(hidden) + 1);
	}
	return 0;
}
