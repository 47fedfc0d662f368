/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.h: the tables of the runtime configuration, one for each of its big objects, and the kinds of rows that several
 * of them use. Internal to spec/; the test that compares them with the official schema reads them too.
 */
#ifndef SPEC_TABLES_H
#define SPEC_TABLES_H

#include "spec/decode.h"

extern const struct field spec_fields[9];	     /* struct spec: decode_spec.c */
extern const struct field spec_process_fields[16];   /* struct spec_process: decode_process.c */
extern const struct field spec_linux_fields[17];     /* struct spec_linux: decode_linux.c */
extern const struct field spec_resources_fields[9];  /* struct spec_resources: decode_resources.c */
extern const struct field spec_seccomp_fields[8];    /* struct spec_seccomp: decode_seccomp.c */
extern const struct field spec_id_map_fields[3];     /* struct spec_id_map: decode_linux.c */

#define TABLE(fields) (fields), ARRAY_SIZE(fields)

/* Strings with a rule; each is written by put_string(). */
int field_text(struct decoder *d, const struct field *f, json_t *v, void *ret);	    /* "" is the same as not given */
int field_filled(struct decoder *d, const struct field *f, json_t *v, void *ret);   /* not empty */
int field_absolute(struct decoder *d, const struct field *f, json_t *v, void *ret); /* begins with '/' */

/* char: one of the one-letter words in f->names */
int field_letter(struct decoder *d, const struct field *f, json_t *v, void *ret);
int put_letter(const struct field *f, const void *value, json_t **ret, struct err *e);

/* clang-format off */
#define FIELD_CHECKED(type, member, name, dec, enc, req) \
	.key = (name), .offset = offsetof(type, member), .decode = (dec), .encode = (enc), .required = (req)
#define FIELD_RULE(type, member, name, rule, req) { FIELD_CHECKED(type, member, name, field_##rule, put_string, req) }
#define FIELD_TEXT(type, member, name) FIELD_RULE(type, member, name, text, OPTIONAL)
#define FIELD_LETTER(type, member, name, req, words) \
	{ FIELD_OF(type, member, name, letter, req), .names = (words), .n_table = ARRAY_SIZE(words) }
/* an integer with its own bounds */
#define FIELD_RANGE(type, member, name, kind, req, lo, hi) \
	{ FIELD_OF(type, member, name, kind, req), .min = (lo), .max = (hi) }
/* a list that @dec checks after field_list() */
#define FIELD_LIST_CHECKED(type, member, name, dec, req, tab, elem) \
	{ FIELD_CHECKED(type, member, name, dec, put_list, req), .table = (tab), .n_table = ARRAY_SIZE(tab), .size = sizeof(elem) }
/* clang-format on */

/* The kernel takes 4294967295 for "no change" where it expects a uid or gid. */
#define ID_MAX (UINT32_MAX - 1)

#endif
