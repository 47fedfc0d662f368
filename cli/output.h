/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.h: what people and scripts read: lines, aligned tables, JSON, templates, errors.
 *
 * Every text that may come from an image or a container goes through str_harmless() here (rule K17); JSON is written in ASCII.
 * Colours only on a terminal, and no colours where NO_COLOR is set (no-color.org).
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>
#include <stdio.h>

#include "cli/args.h"
#include "cli/template.h"
#include "spec/decode.h"

/* "paene run: TEXT" on standard error; the text alone for a program of PROGRAM_BARE_ERRORS. */
void output_error(const struct call *c, const struct err *e);

/* "paene: warning: TEXT" on standard error. */
void output_warning(const struct call *c, const char *text);

/* Colours on this stream? */
bool output_is_coloured(FILE *out);

/* Characters of UTF-8, each taken to be one column wide. */
size_t output_width(const char *s);

/* How many bytes the first @n of them have. */
size_t output_bytes(const char *s, size_t n);

/* A line of text of unknown origin. */
void output_line(const char *text);

struct column {
	const char *title;
	size_t max; /* longer cells are cut to this many characters; 0: never */
};

#define TABLE_COLUMNS_MAX 16

struct table {
	struct arena *arena;
	const struct column *columns;
	size_t n_columns;
	bool whole;	   /* cut nothing */
	bool no_titles;
	struct strv cells; /* row by row, harmless already */
	uint32_t hidden;   /* BIT(k): column k is not printed */
	size_t fit;	   /* characters that a line may have, else columns are left out; 0: any number */
	const uint8_t *leave_out; /* with @fit: columns in the order in which they go */
	size_t n_leave_out;
	size_t *widths; /* TABLE_COLUMNS_MAX; each at least so wide, and as wide as it was then: the next print keeps it. NULL: no */
};

/* The text with nothing in it that a terminal obeys, in the arena; NULL on no memory. */
char *output_harmless(struct arena *a, const char *text);

/* Add the next cell. Return: 0, or -ENOMEM with @e filled */
int table_add(struct table *t, struct err *e, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Titles and rows, each column as wide as its widest cell. */
void table_print(const struct table *t);

/* An id in a table: its first digits, unless the table is whole. Return: 0, or -ENOMEM with @e filled */
#define ID_SHORT 12
int table_add_id(struct table *t, const char *id, struct err *e);

/* A list that can be printed in several ways: --format. */
enum list_format {
	LIST_TABLE,
	LIST_JSON,
	LIST_TEMPLATE,
	LIST_COLUMNS, /* a table of what a template has between tabs */
};

struct listing {
	enum list_format format;
	const struct node *parsed;  /* of LIST_TEMPLATE and LIST_COLUMNS */
	struct table table;
	json_t *array;		    /* of LIST_JSON; owned */
	const struct field *fields; /* of an entry, for JSON and templates */
	size_t n_fields;
	int (*add_row)(struct table *t, const void *entry, struct err *e); /* an entry's cells */
};
void listing_free(struct listing *l);
#define auto_listing __attribute__((cleanup(listing_free)))

/**
 * listing_begin() - Understand --format
 * @l:		table.columns, fields and add_row set by the caller
 * @format:	"table", "json", a template, "table TEMPLATE"; NULL: table
 *
 * Return: 0, or -EINVAL with @e filled
 */
int listing_begin(struct listing *l, const struct call *c, const char *format, struct err *e);

/* Return: 0, or -errno with @e filled */
int listing_add(struct listing *l, const void *entry, struct err *e);
/* The same of what is JSON already; not where the format is LIST_TABLE. */
int listing_add_object(struct listing *l, json_t *object, struct err *e);
int listing_end(struct listing *l, struct err *e);

/* Indented JSON and a newline. Return: 0, or -errno with @e filled */
int output_json(json_t *value, struct err *e);

/* Print a value by a template (cli/template.h), and a newline. Return: 0, or -EINVAL and others with @e filled */
int output_template(json_t *value, const char *template, struct err *e);

#endif
