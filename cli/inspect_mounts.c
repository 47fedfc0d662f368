// SPDX-License-Identifier: Apache-2.0
/* What is mounted in a container, as inspect shows it. */
#include "cli/inspect.h"

#include "runtime/volumes.h"
#include "spec/decode.h"

struct view {
	char *type, *name, *source, *destination, *driver, *propagation;
	struct strv options;
	bool writable;
};
static const struct field fields[] = {
	FIELD_STRING(struct view, type, "Type", REQUIRED),
	FIELD_STRING(struct view, name, "Name", OPTIONAL), /* these are a volume's */
	FIELD_STRING(struct view, driver, "Driver", OPTIONAL),
	FIELD_STRING(struct view, source, "Source", REQUIRED),
	FIELD_STRING(struct view, destination, "Destination", REQUIRED),
	FIELD_STRINGS(struct view, options, "Options", REQUIRED),
	FIELD_BOOL(struct view, writable, "RW", REQUIRED),
	FIELD_STRING(struct view, propagation, "Propagation", REQUIRED),
};


static char *text(char *s)
{
	return s ? s : (char *)"";
}

static void fill(const struct settings *s, const struct spec_mount *m, struct view *v)
{
	*v = (struct view){
		.type = text(m->type), .source = text(m->source), .destination = m->destination, .options = m->options,
		.writable = true, .propagation = (char *)"",
	};
	for (size_t i = 0; i < m->options.n; i++) {
		char *word = m->options.v[i];
		const char *spread = *word == 'r' ? word + 1 : word;

		if (streq(word, "ro") || streq(word, "rro"))
			v->writable = false;
		if (streq(spread, "private") || streq(spread, "slave") || streq(spread, "shared") || streq(spread, "unbindable"))
			v->propagation = word;
	}
	for (size_t i = 0; i < s->mounts.n; i++)
		if (s->mounts.v[i].volume && streq(s->mounts.v[i].target, m->destination)) {
			v->type = (char *)"volume";
			v->name = s->mounts.v[i].volume;
			v->driver = (char *)VOLUME_DRIVER;
		}
}

int inspect_mounts(const struct settings *s, const struct spec *spec, json_t **ret, struct err *e)
{
	json_t *all = json_array();
	int r = all ? 0 : err_nomem(e);

	for (size_t i = 0; i < spec->mounts.n && r >= 0; i++) {
		json_t *one = NULL;
		struct view v;

		fill(s, &spec->mounts.v[i], &v);
		r = encode_object(fields, ARRAY_SIZE(fields), &v, &one, e);
		if (r >= 0 && json_array_append_new(all, one) < 0)
			r = err_nomem(e);
	}
	if (r < 0)
		json_decref(all);
	else
		*ret = all;
	return r;
}
