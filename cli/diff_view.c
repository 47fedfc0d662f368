// SPDX-License-Identifier: Apache-2.0
#include "cli/diff_view.h"

#include <errno.h>

#include "cli/output.h"

static const struct {
	char letter;
	const char *key;
} kinds[CHANGE_KINDS] = {
	[CHANGE_MODIFIED] = { 'C', "changed" },
	[CHANGE_ADDED] = { 'A', "added" },
	[CHANGE_DELETED] = { 'D', "deleted" },
};

static int print_json(const struct call *call, const struct changes *c, struct err *e)
{
	json_auto_t *all = json_object();

	for (size_t i = 0; i < c->n; i++) {
		const char *key = kinds[c->v[i].kind].key;
		json_t *path = json_string(c->v[i].path);

		if (!json_object_get(all, key))
			(void)json_object_set_new(all, key, json_array());
		if (!path) /* a name that is no UTF-8: as it is shown elsewhere */
			path = json_string(output_harmless(call->arena, c->v[i].path));
		(void)json_array_append_new(json_object_get(all, key), path);
	}
	return all ? output_json(all, e) : err_nomem(e);
}

int diff_view_check(const char *format, struct err *e)
{
	return !format || streq(format, "json") ? 0 : err_say(e, EINVAL, "--format %s: it is json", format);
}

void diff_view_line(const struct call *c, enum change_kind kind, const char *path)
{
	const char *text = output_harmless(c->arena, path);

	printf("%c %s\n", kinds[kind].letter, text ? text : "?");
}

int diff_view(const struct call *c, const struct changes *changes, const char *format, struct err *e)
{
	if (format)
		return print_json(c, changes, e);
	for (size_t i = 0; i < changes->n; i++)
		diff_view_line(c, changes->v[i].kind, changes->v[i].path);
	return 0;
}
