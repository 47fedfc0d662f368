// SPDX-License-Identifier: Apache-2.0
#include "cli/copy_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/path.h"

#define NAMELESS "contents" /* a name that no file will have */

static bool is_root(const char *path)
{
	char *normal = malloc(strlen(path) + 2);
	bool root = false;

	if (normal) {
		path_normal(path, normal);
		root = streq(normal, "/");
	}
	free(normal);
	return root;
}

static int take_path(const char *path, struct copy_words *w, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;

	if (!*path)
		return err_say(e, EINVAL, "%s%s names no path", w->container ? w->container : "\"", w->container ? ":" : "\"");
	w->path = path;
	w->is_folder = !*last || streq(last, ".") || streq(last, "..");
	w->contents = streq(last, ".") || (w->kind == COPY_CONTAINER && w->is_folder && is_root(path));
	return 0;
}

int copy_words(struct arena *a, const char *text, struct copy_words *ret, struct err *e)
{
	const char *colon = strchr(text, ':');

	*ret = (struct copy_words){ .kind = COPY_OWN };
	if (streq(text, "-")) {
		ret->kind = COPY_STREAM;
		return 0;
	}
	if (!colon || colon == text || *text == '/' || *text == '.')
		return take_path(text, ret, e);
	ret->kind = COPY_CONTAINER;
	ret->container = arena_strndup(a, text, (size_t)(colon - text));
	return ret->container ? take_path(colon + 1, ret, e) : err_nomem(e);
}

int copy_words_check(const struct copy_words *from, const struct copy_words *to, struct err *e)
{
	if (from->kind == COPY_CONTAINER || to->kind == COPY_CONTAINER)
		return 0;
	err_say(e, EINVAL, "neither of the two is in a container");
	return err_hint(e, "a path in one is written as CONTAINER:PATH");
}

void copy_words_name(const struct copy_words *w, char ret[NAME_MAX + 1])
{
	auto_free char *normal = w->path ? malloc(strlen(w->path) + 2) : NULL;

	snprintf(ret, NAME_MAX + 1, NAMELESS);
	if (!normal || w->contents)
		return;
	path_normal(w->path, normal);
	const char *last = strrchr(normal, '/') + 1;

	if (*last)
		snprintf(ret, NAME_MAX + 1, "%s", last);
}
