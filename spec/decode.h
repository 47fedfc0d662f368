/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.h: JSON objects to C structs by tables, and back.
 *
 * A table row names a key, the type it must have, its bounds, and where the value goes. The same table encodes. Users:
 * config.json and its parts (spec/decode_spec.c), state.json and settings (runtime/), manifests and records (images/).
 */
#ifndef SPEC_DECODE_H
#define SPEC_DECODE_H

#include <jansson.h>

#include "base/arena.h"
#include "spec/spec.h"

struct field;

/* Where a value is being decoded: the arena for what it allocates, and the JSON path for messages. */
struct decoder {
	struct arena *arena;
	char path[256]; /* "linux.resources.memory.limit"; cut where it would be longer */
	bool strict;	/* a key without a row is an error */
	struct err *e;
};

/* Return: 0, or -EINVAL or -ENOMEM with d->e filled */
typedef int (*field_decode)(struct decoder *d, const struct field *f, json_t *value, void *ret);
/* @ret: a new reference, or untouched where the value is not given (nothing is written). Return: 0, or -errno */
typedef int (*field_encode)(const struct field *f, const void *value, json_t **ret, struct err *e);

struct field {
	const char *key;
	size_t offset;
	field_decode decode;
	field_encode encode; /* NULL: never written */
	bool required;
	int64_t min;
	uint64_t max;
	const struct field *table; /* the table of a nested object or of a list's elements */
	size_t n_table, size;	   /* rows in it; bytes of the object, or of one element of the list */
	const char *const *names;  /* words of an enum, index is the value; n_table words */
	size_t flag_offset;	   /* objects: offset + 1 of a bool that says "was given"; 0: none */
};

#define REQUIRED true
#define OPTIONAL false

/* The kinds of fields; each pair reads and writes one C type. */
#define FIELD(kind) int field_##kind(struct decoder *d, const struct field *f, json_t *v, void *ret); \
	int put_##kind(const struct field *f, const void *value, json_t **ret, struct err *e)
FIELD(string);	 /* char *; no zero byte inside */
FIELD(bool);	 /* bool */
FIELD(u32);	 /* uint32_t, min to max */
FIELD(u64);	 /* uint64_t */
FIELD(i32);	 /* int32_t */
FIELD(i64);	 /* int64_t */
FIELD(opt_bool); /* struct opt_bool … */
FIELD(opt_u32);
FIELD(opt_i64);
FIELD(opt_u64);
FIELD(strings);	 /* struct strv; no nulls, no zero bytes */
FIELD(u32_list); /* struct spec_u32_list */
FIELD(map);	 /* struct spec_map */
FIELD(enum);	 /* uint32_t, a word of names */
FIELD(object);	 /* the struct itself, in place */
FIELD(list);	 /* struct { T *v; size_t n; } of objects; two members of a struct in this order will do */
FIELD(keyed);	 /* the same for { "KEY": OBJECT, … }: the first member of T is a char * that gets the key */
#undef FIELD

/* clang-format off */
#define FIELD_OF(type, member, name, kind, req) \
	.key = (name), .offset = offsetof(type, member), .decode = field_##kind, .encode = put_##kind, .required = (req)
#define FIELD_STRING(type, member, name, req) { FIELD_OF(type, member, name, string, req) }
#define FIELD_BOOL(type, member, name, req)   { FIELD_OF(type, member, name, bool, req) }
#define FIELD_U32(type, member, name, req)    { FIELD_OF(type, member, name, u32, req), .max = UINT32_MAX }
#define FIELD_U64(type, member, name, req)    { FIELD_OF(type, member, name, u64, req), .max = UINT64_MAX }
#define FIELD_U63(type, member, name, req)    { FIELD_OF(type, member, name, u64, req), .max = INT64_MAX } /* for plain JSON */
#define FIELD_I32(type, member, name, req)    { FIELD_OF(type, member, name, i32, req), .min = INT32_MIN, .max = INT32_MAX }
#define FIELD_I64(type, member, name, req)    { FIELD_OF(type, member, name, i64, req), .min = INT64_MIN, .max = INT64_MAX }
#define FIELD_OPT_BOOL(type, member, name)    { FIELD_OF(type, member, name, opt_bool, false) }
#define FIELD_OPT_U32(type, member, name)     { FIELD_OF(type, member, name, opt_u32, false), .max = UINT32_MAX }
#define FIELD_OPT_I64(type, member, name)     { FIELD_OF(type, member, name, opt_i64, false), .min = INT64_MIN, .max = INT64_MAX }
#define FIELD_OPT_U64(type, member, name)     { FIELD_OF(type, member, name, opt_u64, false), .max = UINT64_MAX }
#define FIELD_STRINGS(type, member, name, req) { FIELD_OF(type, member, name, strings, req) }
#define FIELD_U32_LIST(type, member, name, req) { FIELD_OF(type, member, name, u32_list, req), .max = UINT32_MAX }
#define FIELD_MAP(type, member, name)         { FIELD_OF(type, member, name, map, false) }
#define FIELD_ENUM(type, member, name, req, words) \
	{ FIELD_OF(type, member, name, enum, req), .names = (words), .n_table = ARRAY_SIZE(words) }
#define FIELD_OBJECT(type, member, name, req, tab) \
	{ FIELD_OF(type, member, name, object, req), .table = (tab), .n_table = ARRAY_SIZE(tab), \
	  .size = sizeof(((type *)NULL)->member) }
/* flag: a bool member of the object's own struct that is set when the object was given */
#define FIELD_OBJECT_GIVEN(type, member, name, flag, tab) \
	{ FIELD_OF(type, member, name, object, false), .table = (tab), .n_table = ARRAY_SIZE(tab), \
	  .flag_offset = offsetof(type, member.flag) - offsetof(type, member) + 1 }
#define FIELD_LIST(type, member, name, req, tab, elem) \
	{ FIELD_OF(type, member, name, list, req), .table = (tab), .n_table = ARRAY_SIZE(tab), .size = sizeof(elem) }
#define FIELD_KEYED(type, member, name, tab, elem) \
	{ FIELD_OF(type, member, name, keyed, false), .table = (tab), .n_table = ARRAY_SIZE(tab), .size = sizeof(elem) }
/* a row of its own kind: NAME is a pair field_NAME / put_NAME of the file that holds the table */
#define FIELD_OWN(type, member, name, kind, req) { FIELD_OF(type, member, name, kind, req) }
/* clang-format on */

/**
 * decode_text() - Parse JSON and fill a struct by a table
 * @text:	@len bytes; need not end with a zero. Duplicate keys and what follows the value are errors
 * @what:	What it is, for messages ("config.json")
 * @arena:	Owns every string and list in @ret
 * @ret:	The struct, zeroed before by the caller
 *
 * Return: 0, or -EINVAL or -ENOMEM with @e filled and @ret filled in part
 */
int decode_text(const char *text, size_t len, const char *what, const struct field *table, size_t n,
		struct arena *arena, void *ret, struct err *e);

/* The same for what people write by hand: a key that has no row is an error, since a mistyped one must not go unnoticed. */
int decode_strict(const char *text, size_t len, const char *what, const struct field *table, size_t n,
		  struct arena *arena, void *ret, struct err *e);

/* The same from a JSON value that is already parsed; @d->path says where it lies. */
int decode_object(struct decoder *d, json_t *value, const struct field *table, size_t n, void *ret);

/* For rows of their own kind: an error at d->path, worded "PATH: FMT". Return: -EINVAL */
int decode_fail(struct decoder *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* For rows of their own kind: go down to a key, decode with @f, come up again. */
int decode_below(struct decoder *d, const char *key, const struct field *f, json_t *value, void *ret);

/* A struct as a JSON object, @ret being a new reference. Return: 0, or as encode_text() */
int encode_object(const struct field *table, size_t n, const void *value, json_t **ret, struct err *e);

/**
 * encode_text() - A struct as JSON text on one line
 * @ret:	Freed by the caller
 *
 * What is not given is not written: NULL, an opt_* that is not set and, where the row is not required, false, 0, an empty
 * list, and an object that is all zeros.
 *
 * Return: 0, or -ENOMEM, or -EILSEQ (a string that is no UTF-8: JSON cannot hold it) with @e filled
 */
int encode_text(const struct field *table, size_t n, const void *value, char **ret, struct err *e);

#endif
