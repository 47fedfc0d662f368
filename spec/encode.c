// SPDX-License-Identifier: Apache-2.0
/* encode.c: from structs to JSON by the tables of spec/decode.h: each put_* is the reverse of its field_*. */
#include <errno.h>

#include "spec/decode.h"
#include "spec/text.h"

struct any_list {
	void *v;
	size_t n;
};

/* @v is a new reference or NULL: give it to the caller, or say that there is no memory. */
static int give(json_t *v, json_t **ret, struct err *e)
{
	if (!v)
		return err_nomem(e);
	*ret = v;
	return 0;
}

static int put_text(const char *s, json_t **ret, struct err *e)
{
	json_t *v = json_string(s);

	if (v)
		return give(v, ret, e);
	/* jansson gives NULL for both reasons */
	v = json_string_nocheck(s);
	if (!v)
		return err_nomem(e);
	json_decref(v);
	return err_say(e, EILSEQ, "a string is not UTF-8, JSON cannot hold it");
}

/* Add to an object, which takes the reference of @v, NULL where there is nothing to add. */
static int set(json_t *object, const char *key, json_t *v, struct err *e)
{
	if (v && json_object_set_new(object, key, v) < 0)
		return err_nomem(e);
	return 0;
}

static int append(json_t *list, json_t *v, struct err *e)
{
	return json_array_append_new(list, v) < 0 ? err_nomem(e) : 0;
}

int encode_object(const struct field *table, size_t n, const void *value, json_t **ret, struct err *e)
{
	json_auto_t *object = json_object();

	if (!object)
		return err_nomem(e);
	for (const struct field *f = table; f < table + n; f++) {
		json_t *v = NULL;
		int r = f->encode ? f->encode(f, (const char *)value + f->offset, &v, e) : 0;

		if (r == 0)
			r = set(object, f->key, v, e);
		if (r < 0)
			return err_wrap(e, "%s", f->key);
	}
	return give(json_incref(object), ret, e);
}

int encode_text(const struct field *table, size_t n, const void *value, char **ret, struct err *e)
{
	json_auto_t *object = NULL;
	int r = encode_object(table, n, value, &object, e);

	return r < 0 ? r : json_to_text(object, ret, e);
}

int put_string(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const char *s = *(char *const *)value;

	(void)f;
	return s ? put_text(s, ret, e) : 0;
}

int put_bool(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	bool v = *(const bool *)value;

	return v || f->required ? give(json_boolean(v), ret, e) : 0;
}

int put_u32(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	uint32_t v = *(const uint32_t *)value;

	return v || f->required ? give(json_integer(v), ret, e) : 0;
}

int put_u64(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	uint64_t v = *(const uint64_t *)value;

	return v || f->required ? give(json_from_u64(v), ret, e) : 0;
}

int put_i32(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	int32_t v = *(const int32_t *)value;

	return v || f->required ? give(json_integer(v), ret, e) : 0;
}

int put_i64(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	int64_t v = *(const int64_t *)value;

	return v || f->required ? give(json_integer(v), ret, e) : 0;
}

int put_opt_bool(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct opt_bool *opt = value;

	(void)f;
	return opt->set ? give(json_boolean(opt->v), ret, e) : 0;
}

int put_opt_u32(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct opt_u32 *opt = value;

	(void)f;
	return opt->set ? give(json_integer(opt->v), ret, e) : 0;
}

int put_opt_i64(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct opt_i64 *opt = value;

	(void)f;
	return opt->set ? give(json_integer(opt->v), ret, e) : 0;
}

int put_opt_u64(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct opt_u64 *opt = value;

	(void)f;
	return opt->set ? give(json_from_u64(opt->v), ret, e) : 0;
}

/* The word at 0 is "" where an enum has a value for "not given". */
int put_enum(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	uint32_t i = *(const uint32_t *)value;
	const char *word = i < f->n_table ? f->names[i] : NULL;

	return word && *word ? put_text(word, ret, e) : 0;
}

static bool all_zero(const unsigned char *bytes, size_t n)
{
	while (n > 0 && bytes[n - 1] == 0)
		n--;
	return n == 0;
}

int put_object(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	json_auto_t *object = NULL;

	if (f->flag_offset ? !*((const bool *)value + f->flag_offset - 1)
			   : !f->required && all_zero(value, f->size))
		return 0;
	int r = encode_object(f->table, f->n_table, value, &object, e);

	if (r < 0)
		return r;
	if (!f->required && !f->flag_offset && json_object_size(object) == 0)
		return 0;
	return give(json_incref(object), ret, e);
}

int put_strings(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct strv *list = value;
	json_auto_t *array = NULL;

	if (list->n == 0 && !f->required)
		return 0;
	array = json_array();
	if (!array)
		return err_nomem(e);
	for (size_t i = 0; i < list->n; i++) {
		json_t *s = NULL;
		int r = put_text(list->v[i], &s, e);

		if (r == 0)
			r = append(array, s, e);
		if (r < 0)
			return r;
	}
	return give(json_incref(array), ret, e);
}

int put_u32_list(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct spec_u32_list *list = value;
	json_auto_t *array = NULL;

	if (list->n == 0 && !f->required)
		return 0;
	array = json_array();
	if (!array)
		return err_nomem(e);
	for (size_t i = 0; i < list->n; i++) {
		int r = append(array, json_integer(list->v[i]), e);

		if (r < 0)
			return r;
	}
	return give(json_incref(array), ret, e);
}

int put_list(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct any_list *list = value;
	json_auto_t *array = NULL;

	if (list->n == 0 && !f->required)
		return 0;
	array = json_array();
	if (!array)
		return err_nomem(e);
	for (size_t i = 0; i < list->n; i++) {
		json_t *item = NULL;
		int r = encode_object(f->table, f->n_table, (const char *)list->v + i * f->size, &item, e);

		if (r == 0)
			r = append(array, item, e);
		if (r < 0)
			return r;
	}
	return give(json_incref(array), ret, e);
}

int put_keyed(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct any_list *list = value;
	json_auto_t *object = NULL;

	if (list->n == 0 && !f->required)
		return 0;
	object = json_object();
	if (!object)
		return err_nomem(e);
	for (size_t i = 0; i < list->n; i++) {
		const char *item = (const char *)list->v + i * f->size;
		json_t *v = NULL;
		int r = encode_object(f->table, f->n_table, item, &v, e);

		if (r == 0)
			r = set(object, *(char *const *)item, v, e);
		if (r < 0)
			return r;
	}
	return give(json_incref(object), ret, e);
}

int put_map(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct spec_map *map = value;
	json_auto_t *object = NULL;

	if (map->n == 0 && !f->required)
		return 0;
	object = json_object();
	if (!object)
		return err_nomem(e);
	for (size_t i = 0; i < map->n; i++) {
		json_t *v = NULL;
		int r = put_text(map->v[i].value, &v, e);

		if (r == 0)
			r = set(object, map->v[i].key, v, e);
		if (r < 0)
			return r;
	}
	return give(json_incref(object), ret, e);
}
