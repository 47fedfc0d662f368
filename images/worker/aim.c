// SPDX-License-Identifier: Apache-2.0
#include "images/worker/aim.h"

#include <errno.h>

bool aim_says_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;

	return !*last || streq(last, ".") || streq(last, "..");
}

static int refuse(int code, const char *why, struct err *e)
{
	return err_say(e, code, "%s", why);
}

int aim(enum tree_source source, enum aim_there there, bool slash, bool overwrite, struct err *e)
{
	static const struct {
		enum aim aim;
		int code; /* 0: none */
		const char *why;
	} rules[TREE_SOURCES][AIM_THERES] = {
		[TREE_STREAM] = {
			[AIM_NOTHING] = { .code = ENOENT, .why = "there is no such folder" },
			[AIM_FOLDER] = { .aim = AIM_INTO },
			[AIM_OTHER] = { .code = ENOTDIR, .why = "an archive goes into a folder, which it is not" },
		},
		[TREE_FILE] = {
			[AIM_NOTHING] = { .aim = AIM_AS },
			[AIM_FOLDER] = { .aim = AIM_INTO },
			[AIM_OTHER] = { .aim = AIM_AS },
		},
		[TREE_FOLDER] = {
			[AIM_NOTHING] = { .aim = AIM_AS },
			[AIM_FOLDER] = { .aim = AIM_INTO },
			[AIM_OTHER] = { .code = ENOTDIR, .why = "a folder cannot be copied over a file" },
		},
		[TREE_CONTENTS] = {
			[AIM_NOTHING] = { .aim = AIM_AS },
			[AIM_FOLDER] = { .aim = AIM_WITHIN },
			[AIM_OTHER] = { .code = ENOTDIR, .why = "a folder cannot be copied over a file" },
		},
	};

	if (slash && there == AIM_OTHER)
		return refuse(ENOTDIR, "it is no folder", e);
	if (slash && there == AIM_NOTHING && source == TREE_FILE)
		return refuse(ENOENT, "there is no such folder", e);
	if (rules[source][there].code == ENOTDIR && source != TREE_STREAM && overwrite)
		return AIM_AS;
	if (rules[source][there].code)
		return refuse(rules[source][there].code, rules[source][there].why, e);
	return (int)rules[source][there].aim;
}
