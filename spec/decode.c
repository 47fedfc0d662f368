// SPDX-License-Identifier: Apache-2.0
/* decode.c: from JSON to structs; spec/encode.c is the way back. */
#include "spec/decode.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "base/fd.h"
#include "spec/names.h"
#include "spec/text.h"

/* What every list looks like: struct { T *v; size_t n; } */
struct any_list {
	void *v;
	size_t n;
};

int decode_fail(struct decoder *d, const char *fmt, ...)
{
	char what[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (!*d->path)
		return err_say(d->e, EINVAL, "%s", what);
	return err_say(d->e, EINVAL, "%s: %s", d->path, what);
}

static int wrong_type(struct decoder *d, const char *expected, json_t *v)
{
	static const char *const words[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "a list",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "an integer",
		[JSON_REAL] = "a number with a fraction or an exponent",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return decode_fail(d, "expected %s, found %s", expected,
			   words[json_is_big(v, NULL) ? JSON_INTEGER : json_typeof(v)]);
}

/* The path grows by a key or an index; leave() with what it returned cuts it again. */
static size_t enter(struct decoder *d, const char *key)
{
	size_t n = strlen(d->path), at = n;

	if (n && n + 1 < sizeof(d->path))
		d->path[at++] = '.';
	if (!memccpy(d->path + at, key, '\0', sizeof(d->path) - at))
		d->path[sizeof(d->path) - 1] = '\0';
	return n;
}

static size_t enter_index(struct decoder *d, size_t i)
{
	size_t n = strlen(d->path);

	snprintf(d->path + n, sizeof(d->path) - n, "[%zu]", i);
	return n;
}

static void leave(struct decoder *d, size_t n)
{
	d->path[n] = '\0';
}

int decode_below(struct decoder *d, const char *key, const struct field *f, json_t *value, void *ret)
{
	size_t here = enter(d, key);
	int r = f->decode(d, f, value, ret);

	leave(d, here);
	return r;
}

static int missing(struct decoder *d, const char *key)
{
	enter(d, key);
	return decode_fail(d, "missing");
}

static const struct field *find_field(const struct field *table, size_t n, const char *key)
{
	for (const struct field *f = table; f < table + n; f++)
		if (strcasecmp(f->key, key) == 0)
			return f;
	return NULL;
}

static bool has_in_other_case(json_t *object, const char *key)
{
	const char *other;
	json_t *v;

	json_object_foreach (object, other, v)
		if (!streq(other, key) && strcasecmp(other, key) == 0)
			return true;
	return false;
}

static int unknown_key(struct decoder *d, const char *key, const struct field *table, size_t n)
{
	char known[ERR_TEXT_MAX / 2] = "";

	for (size_t i = 0, at = 0; i < n && at < sizeof(known); i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i ? ", " : "", table[i].key);
	enter(d, key);
	return decode_fail(d, "no such key; there are: %s", known);
}

/*
 * Go programs, runc among them, take a key in any case, and so configurations that they run have such keys. The same key in two
 * cases would be read in two ways by two programs: it is refused.
 */
static int decode_other_cases(struct decoder *d, json_t *object, const struct field *table, size_t n, void *ret)
{
	const char *key;
	json_t *v;
	int r = 0;

	json_object_foreach (object, key, v) {
		const struct field *f = find_field(table, n, key);

		if (!f && d->strict)
			return unknown_key(d, key, table, n);
		if (!f || streq(f->key, key))
			continue;
		if (has_in_other_case(object, key))
			return decode_fail(d, "\"%s\" stands there twice, in different cases", f->key);
		if (!json_is_null(v))
			r = decode_below(d, f->key, f, v, (char *)ret + f->offset);
		else if (f->required)
			r = missing(d, f->key);
		if (r < 0)
			return r;
	}
	return 0;
}

int decode_object(struct decoder *d, json_t *value, const struct field *table, size_t n, void *ret)
{
	size_t known = 0;
	int r = 0;

	if (!json_is_object(value))
		return wrong_type(d, "an object", value);
	for (const struct field *f = table; f < table + n && r == 0; f++) {
		json_t *v = json_object_get(value, f->key);

		known += v != NULL;
		if (v && !json_is_null(v)) /* Go programs write null for what is not given */
			r = decode_below(d, f->key, f, v, (char *)ret + f->offset);
		else if (f->required && (v || !has_in_other_case(value, f->key)))
			r = missing(d, f->key);
	}
	if (r == 0 && known < json_object_size(value))
		r = decode_other_cases(d, value, table, n, ret);
	return r;
}

static int decode(struct decoder *d, const char *text, size_t len, const char *what, const struct field *table, size_t n,
		  void *ret)
{
	json_auto_t *value = NULL;
	int r = json_from_text(text, len, &value, d->e);

	if (r == 0)
		r = decode_object(d, value, table, n, ret);
	return r < 0 ? err_wrap(d->e, "%s", what) : 0;
}

int decode_text(const char *text, size_t len, const char *what, const struct field *table, size_t n,
		struct arena *arena, void *ret, struct err *e)
{
	struct decoder d = { .arena = arena, .e = e };

	return decode(&d, text, len, what, table, n, ret);
}

int decode_strict(const char *text, size_t len, const char *what, const struct field *table, size_t n,
		  struct arena *arena, void *ret, struct err *e)
{
	struct decoder d = { .arena = arena, .strict = true, .e = e };

	return decode(&d, text, len, what, table, n, ret);
}

static int take_string(struct decoder *d, json_t *v, char **ret)
{
	if (!json_is_string(v) || json_is_big(v, NULL))
		return wrong_type(d, "a string", v);
	size_t len = json_string_length(v);

	if (memchr(json_string_value(v), '\0', len))
		return decode_fail(d, "a string has a zero byte in it");
	char *s = arena_strndup(d->arena, json_string_value(v), len);

	if (!s)
		return err_nomem(d->e);
	*ret = s;
	return 0;
}

/* Within the row's bounds. @ret: two's complement where it is negative */
static int take_integer(struct decoder *d, const struct field *f, json_t *v, uint64_t *ret)
{
	uint64_t n;
	bool negative = false;

	if (json_is_integer(v)) {
		negative = json_integer_value(v) < 0;
		n = (uint64_t)json_integer_value(v);
	} else if (!json_is_big(v, &n)) {
		return wrong_type(d, "an integer", v);
	}
	if (negative && (int64_t)n < f->min)
		return decode_fail(d, "%" PRId64 " is below %" PRId64, (int64_t)n, f->min);
	if (!negative && f->min > 0 && n < (uint64_t)f->min)
		return decode_fail(d, "%" PRIu64 " is below %" PRId64, n, f->min);
	if (!negative && n > f->max)
		return decode_fail(d, "%" PRIu64 " is above %" PRIu64, n, f->max);
	*ret = n;
	return 0;
}

static int take_bool(struct decoder *d, json_t *v, bool *ret)
{
	if (!json_is_boolean(v))
		return wrong_type(d, "true or false", v);
	*ret = json_is_true(v);
	return 0;
}

int field_string(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	(void)f;
	return take_string(d, v, ret);
}

int field_bool(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	(void)f;
	return take_bool(d, v, ret);
}

int field_opt_bool(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct opt_bool *opt = ret;

	(void)f;
	opt->set = true;
	return take_bool(d, v, &opt->v);
}

int field_u32(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	uint64_t n;
	int r = take_integer(d, f, v, &n);

	if (r == 0)
		*(uint32_t *)ret = (uint32_t)n;
	return r;
}

int field_u64(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	return take_integer(d, f, v, ret);
}

int field_i32(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	uint64_t n;
	int r = take_integer(d, f, v, &n);

	if (r == 0)
		*(int32_t *)ret = (int32_t)n;
	return r;
}

int field_i64(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	uint64_t n;
	int r = take_integer(d, f, v, &n);

	if (r == 0)
		*(int64_t *)ret = (int64_t)n;
	return r;
}

int field_opt_u32(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct opt_u32 *opt = ret;

	opt->set = true;
	return field_u32(d, f, v, &opt->v);
}

int field_opt_i64(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct opt_i64 *opt = ret;

	opt->set = true;
	return field_i64(d, f, v, &opt->v);
}

int field_opt_u64(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct opt_u64 *opt = ret;

	opt->set = true;
	return field_u64(d, f, v, &opt->v);
}

int field_enum(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	char *word;
	int r = take_string(d, v, &word);

	if (r < 0)
		return r;
	int i = spec_name_index(f->names, f->n_table, word);

	if (i < 0)
		return decode_fail(d, "\"%.64s\" is not known here", word);
	*(uint32_t *)ret = (uint32_t)i;
	return 0;
}

int field_object(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	if (f->flag_offset)
		*((bool *)ret + f->flag_offset - 1) = true;
	return decode_object(d, v, f->table, f->n_table, ret);
}

int field_strings(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct strv *list = ret;
	size_t n = json_array_size(v);

	(void)f;
	if (!json_is_array(v))
		return wrong_type(d, "a list", v);
	/* one more for the NULL at the end; an empty list has one too: "given" is not the same as "not given" for some */
	char **items = arena_array(d->arena, n + 1, sizeof(*items));

	if (!items)
		return err_nomem(d->e);
	for (size_t i = 0; i < n; i++) {
		size_t here = enter_index(d, i);
		int r = take_string(d, json_array_get(v, i), &items[i]);

		if (r < 0)
			return r;
		leave(d, here);
	}
	*list = (struct strv){ .v = items, .n = n, .room = n + 1 };
	return 0;
}

int field_u32_list(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct spec_u32_list *list = ret;
	size_t n = json_array_size(v);

	if (!json_is_array(v))
		return wrong_type(d, "a list", v);
	uint32_t *items = arena_array(d->arena, n, sizeof(*items));

	if (!items)
		return err_nomem(d->e);
	for (size_t i = 0; i < n; i++) {
		size_t here = enter_index(d, i);
		int r = field_u32(d, f, json_array_get(v, i), &items[i]);

		if (r < 0)
			return r;
		leave(d, here);
	}
	*list = (struct spec_u32_list){ .v = items, .n = n };
	return 0;
}

int field_list(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	size_t n = json_array_size(v);

	if (!json_is_array(v))
		return wrong_type(d, "a list", v);
	char *items = arena_array(d->arena, n, f->size);

	if (!items)
		return err_nomem(d->e);
	for (size_t i = 0; i < n; i++) {
		size_t here = enter_index(d, i);
		int r = decode_object(d, json_array_get(v, i), f->table, f->n_table, items + i * f->size);

		if (r < 0)
			return r;
		leave(d, here);
	}
	*(struct any_list *)ret = (struct any_list){ .v = items, .n = n };
	return 0;
}

int field_keyed(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	const char *key;
	json_t *value;

	if (!json_is_object(v))
		return wrong_type(d, "an object", v);
	char *items = arena_array(d->arena, json_object_size(v), f->size), *item = items;

	if (!items)
		return err_nomem(d->e);
	json_object_foreach (v, key, value) {
		size_t here = enter(d, key);
		int r = decode_object(d, value, f->table, f->n_table, item);

		if (r < 0)
			return r;
		leave(d, here);
		*(char **)item = arena_strdup(d->arena, key);
		if (!*(char **)item)
			return err_nomem(d->e);
		item += f->size;
	}
	*(struct any_list *)ret = (struct any_list){ .v = items, .n = json_object_size(v) };
	return 0;
}

int field_map(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	static const struct field pair[] = { FIELD_STRING(struct spec_pair, value, "", REQUIRED) };
	struct spec_map *map = ret;
	const char *key;
	json_t *value;

	(void)f;
	if (!json_is_object(v))
		return wrong_type(d, "an object", v);
	struct spec_pair *p = arena_array(d->arena, json_object_size(v), sizeof(*p));

	if (!p)
		return err_nomem(d->e);
	*map = (struct spec_map){ .v = p, .n = json_object_size(v) };
	json_object_foreach (v, key, value) {
		int r = decode_below(d, key, pair, value, &p->value);

		if (r < 0)
			return r;
		p->key = arena_strdup(d->arena, key);
		if (!p->key)
			return err_nomem(d->e);
		p++;
	}
	return 0;
}
