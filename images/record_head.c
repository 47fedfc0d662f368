// SPDX-License-Identifier: Apache-2.0
/*
 * record_head.c: what a list shows of an image, from the first members of its record and without a tree of JSON values: a list of
 * 1,000 images takes 10 ms instead of 80.
 *
 * image_encode() writes these members first, each without blanks. Whatever looks different here, if only by an escape in a
 * string, is left to image_decode().
 */
#include "images/record.h"

#include <stdlib.h>

#include "images/digest_text.h"

static const struct {
	const char *key;
	size_t offset; /* of a char * in struct image */
} texts[] = {
	{ "manifest", offsetof(struct image, manifest) },
	{ "config", offsetof(struct image, config) },
	{ "architecture", offsetof(struct image, architecture) },
	{ "os", offsetof(struct image, os) },
	{ "variant", offsetof(struct image, variant) },
	{ "created", offsetof(struct image, created) },
};
#define LAST_KEY "bytes" /* the one number, behind them */

/* A string with no escape in it. Return: what follows it, or NULL; *ret lies in the text, and ends with a zero now */
static char *take_string(char *at, char **ret)
{
	if (*at != '"')
		return NULL;
	char *end = at + 1 + strcspn(at + 1, "\"\\\n\t");

	if (*end != '"')
		return NULL;
	*end = '\0';
	*ret = at + 1;
	return end + 1;
}

static bool keep_text(struct image *i, const char *key, const char *value)
{
	for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
		if (!streq(texts[k].key, key))
			continue;
		char *copy = arena_strdup(&i->arena, value);

		*(char **)((char *)i + texts[k].offset) = copy;
		return copy != NULL;
	}
	return true; /* of no interest to a list */
}

static bool take_number(char *at, uint64_t *ret)
{
	size_t n = strspn(at, "0123456789");

	if (n == 0 || n > 18 || (at[n] != ',' && at[n] != '}'))
		return false;
	*ret = strtoull(at, NULL, 10);
	return true;
}

static bool take_members(char *at, struct image *ret)
{
	char *key, *value;

	if (*at != '{')
		return false;
	do {
		at = take_string(at + 1, &key);
		if (!at || *at != ':')
			return false;
		if (streq(key, LAST_KEY))
			return take_number(at + 1, &ret->bytes);
		at = take_string(at + 1, &value);
	} while (at && keep_text(ret, key, value) && *at == ',');
	return false;
}

bool image_decode_head(char *text, struct image *ret)
{
	auto_image struct image i = { 0 };

	if (!take_members(text, &i) || !i.manifest || !i.config || !digest_is_hex(i.manifest) || !digest_is_hex(i.config))
		return false;
	*ret = i;
	i = (struct image){ 0 };
	return true;
}
