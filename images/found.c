// SPDX-License-Identifier: Apache-2.0
#include "images/found.h"

#include "spec/decode.h"

static const struct field found_fields[] = {
	FIELD_STRING(struct fetch_found, name, "name", REQUIRED),
	FIELD_STRING(struct fetch_found, description, "description", OPTIONAL),
	FIELD_U32(struct fetch_found, stars, "star_count", OPTIONAL),
	FIELD_BOOL(struct fetch_found, official, "is_official", OPTIONAL),
};

/* As Docker's registry has it, too. */
static const struct field list_fields[] = {
	FIELD_LIST(struct found, v, "results", REQUIRED, found_fields, struct fetch_found),
};

struct names {
	struct strv names;
};

static const struct field names_fields[] = {
	FIELD_STRINGS(struct names, names, "names", REQUIRED),
};

int found_read(const char *text, size_t len, struct arena *arena, struct found *ret, struct err *e)
{
	struct found f = { 0 };
	int r = decode_text(text, len, "what was found", list_fields, ARRAY_SIZE(list_fields), arena, &f, e);

	if (r == 0)
		*ret = f;
	return r;
}

int found_read_names(const char *text, size_t len, struct arena *arena, struct strv *ret, struct err *e)
{
	struct names n = { 0 };
	int r = decode_text(text, len, "the list of names", names_fields, ARRAY_SIZE(names_fields), arena, &n, e);

	if (r == 0)
		*ret = n.names;
	return r;
}

int found_write(const struct found *f, char **ret, struct err *e)
{
	return encode_text(list_fields, ARRAY_SIZE(list_fields), f, ret, e);
}

int found_write_names(const struct strv *names, char **ret, struct err *e)
{
	const struct names n = { .names = *names };

	return encode_text(names_fields, ARRAY_SIZE(names_fields), &n, ret, e);
}
