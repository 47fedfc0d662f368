// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "spec/text.h"

#define JSON_INDENTATION 2
#define COLUMN_GAP	 2

static const char bold[] = "\033[1m", red[] = "\033[31m", yellow[] = "\033[33m", plain[] = "\033[0m";

bool output_is_coloured(FILE *out)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return isatty(fileno(out)) && !(no_color && *no_color) && !(term && streq(term, "dumb"));
}

static void in_colour(FILE *out, const char *colour, const char *text)
{
	bool on = output_is_coloured(out);

	fprintf(out, "%s%s%s", on ? colour : "", text, on ? plain : "");
}

/* Standard output first, so that what was said before stands before. */
static void complaint(const char *head, const char *colour, const char *text)
{
	fflush(stdout);
	if (*head)
		in_colour(stderr, colour, head);
	str_harmless(stderr, text, strlen(text), false);
	fputc('\n', stderr);
}

void output_error(const struct call *c, const struct err *e)
{
	char head[96] = "", verb[ARGS_VERB_MAX];

	if (!(c->program->flags & PROGRAM_BARE_ERRORS))
		snprintf(head, sizeof(head), "%s%s%s: ", c->program->name, c->verb ? " " : "",
			 c->verb ? args_verb_name(c->verb, verb) : "");
	complaint(head, red, e->text);
}

void output_warning(const struct call *c, const char *text)
{
	char head[64];

	snprintf(head, sizeof(head), "%s: warning: ", c->program->name);
	complaint(head, yellow, text);
}

void output_line(const char *text)
{
	str_harmless(stdout, text, strlen(text), false);
	putchar('\n');
}

/* Most text is: a table of a thousand rows is printed in half the time. */
static bool is_plain(const char *text)
{
	while (*text >= ' ' && *text <= '~' && *text != '\\')
		text++;
	return !*text;
}

char *output_harmless(struct arena *a, const char *text)
{
	auto_free char *copy = NULL;
	size_t len;

	if (is_plain(text))
		return arena_strdup(a, text);
	FILE *f = open_memstream(&copy, &len);

	if (!f)
		return NULL;
	str_harmless(f, text, strlen(text), false);
	return fclose(f) == 0 ? arena_strndup(a, copy, len) : NULL;
}

int table_add(struct table *t, struct err *e, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL;
		return err_nomem(e);
	}
	char *cell = output_harmless(t->arena, text);

	return cell && strv_push(t->arena, &t->cells, cell) == 0 ? 0 : err_nomem(e);
}

size_t output_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

size_t output_bytes(const char *s, size_t n)
{
	const char *p = s;

	while (*p && (n > 0 || (*p & 0xc0) == 0x80)) {
		n -= (*p & 0xc0) != 0x80;
		p++;
	}
	return (size_t)(p - s);
}

static void print_cell(const char *text, size_t max, size_t pad_to)
{
	size_t n = output_width(text);
	bool cut = max && n > max;

	if (cut)
		printf("%.*s…", (int)output_bytes(text, max - 1), text);
	else
		fputs(text, stdout);
	printf("%*s", (int)(pad_to - MIN(pad_to, cut ? max : n)), "");
}

int table_add_id(struct table *t, const char *id, struct err *e)
{
	return t->whole ? table_add(t, e, "%s", id) : table_add(t, e, "%.*s", ID_SHORT, id);
}

/* What each column needs, its gap to the next one included. */
static void measure(const struct table *t, size_t widths[TABLE_COLUMNS_MAX])
{
	size_t n = t->n_columns;

	for (size_t k = 0; k < n; k++)
		widths[k] = MAX(output_width(t->columns[k].title) + COLUMN_GAP, t->widths ? t->widths[k] : 0);
	for (size_t i = 0; i < t->cells.n; i++) {
		size_t max = t->whole ? 0 : t->columns[i % n].max, width = output_width(t->cells.v[i]);

		widths[i % n] = MAX(widths[i % n], (max ? MIN(width, max) : width) + COLUMN_GAP);
	}
	if (t->widths)
		memcpy(t->widths, widths, n * sizeof(*widths));
}

/* The columns that are not printed: so many that the others fit. */
static uint32_t left_out(const struct table *t, const size_t widths[TABLE_COLUMNS_MAX])
{
	uint32_t hidden = t->hidden;

	for (size_t next = 0;; next++) {
		size_t total = 0;

		for (size_t k = 0; k < t->n_columns; k++)
			total += hidden & BIT(k) ? 0 : widths[k];
		if (!t->fit || total <= t->fit + COLUMN_GAP || next >= t->n_leave_out)
			return hidden;
		hidden |= BIT(t->leave_out[next]);
	}
}

void table_print(const struct table *t)
{
	size_t widths[TABLE_COLUMNS_MAX], n = t->n_columns, last = 0;

	assert(n > 0 && n <= ARRAY_SIZE(widths));
	measure(t, widths);
	uint32_t hidden = left_out(t, widths);

	for (size_t k = 0; k < n; k++)
		last = hidden & BIT(k) ? last : k;
	widths[last] = 0; /* nothing to align after it */
	bool coloured = output_is_coloured(stdout);

	if (!t->no_titles) {
		fputs(coloured ? bold : "", stdout);
		for (size_t k = 0; k < n; k++)
			if (!(hidden & BIT(k)))
				print_cell(t->columns[k].title, 0, widths[k]);
		puts(coloured ? plain : "");
	}
	for (size_t i = 0; i < t->cells.n; i++) {
		if (!(hidden & BIT(i % n)))
			print_cell(t->cells.v[i], t->whole ? 0 : t->columns[i % n].max, widths[i % n]);
		if (i % n == n - 1)
			putchar('\n');
	}
}

void listing_free(struct listing *l)
{
	json_decref(l->array);
}

/* A line of cells with tabs between, each row with as many as there are columns. */
static int add_cells(struct table *t, char *line, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < t->n_columns && r == 0; i++) {
		char *cell = i + 1 < t->n_columns ? strsep(&line, "\t") : line;

		r = table_add(t, e, "%s", cell ? cell : "");
	}
	return r;
}

/* The table of "table {{.ID}}\t{{.Names}}": its titles. */
static int set_columns(struct table *t, const struct node *template, struct err *e)
{
	auto_free char *heading = NULL;
	size_t size;
	FILE *out = open_memstream(&heading, &size);

	if (out)
		template_print_heading(template, out);
	if (!out || fclose(out) != 0)
		return err_nomem(e);
	struct column *columns = arena_array(t->arena, TABLE_COLUMNS_MAX, sizeof(*columns));
	char *titles = arena_strdup(t->arena, heading), *title;

	if (!columns || !titles)
		return err_nomem(e);
	*t = (struct table){ .arena = t->arena, .columns = columns, .whole = true };
	while ((title = strsep(&titles, "\t")) && t->n_columns < TABLE_COLUMNS_MAX)
		columns[t->n_columns++].title = title;
	return 0;
}

static int add_by_template(struct listing *l, json_t *object, struct err *e)
{
	auto_free char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);
	int r = out ? template_print(l->parsed, object, out, e) : err_nomem(e);

	if (out && fclose(out) != 0)
		return err_nomem(e);
	return r < 0 ? r : add_cells(&l->table, line, e);
}

int listing_begin(struct listing *l, const struct call *c, const char *format, struct err *e)
{
	const char *rows = format ? str_after(format, "table ") : NULL;
	int r = 0;

	l->table.arena = c->arena;
	l->array = json_array();
	if (!l->array)
		return err_nomem(e);
	if (!format || streq(format, "table"))
		l->format = LIST_TABLE;
	else if (streq(format, "json"))
		l->format = LIST_JSON;
	else if (strstr(format, "{{"))
		l->format = rows ? LIST_COLUMNS : LIST_TEMPLATE;
	else
		return err_say(e, EINVAL, "--format %s: it is table, json, or a template such as {{.Id}}", format);
	if (l->format == LIST_COLUMNS || l->format == LIST_TEMPLATE)
		r = template_parse(c->arena, rows ? rows : format, &l->parsed, e);
	return r < 0 || l->format != LIST_COLUMNS ? r : set_columns(&l->table, l->parsed, e);
}

int listing_add_object(struct listing *l, json_t *object, struct err *e)
{
	int r = 0;

	if (l->format == LIST_COLUMNS)
		return add_by_template(l, object, e);
	if (l->format == LIST_JSON)
		return json_array_append(l->array, object) < 0 ? err_nomem(e) : 0;
	r = template_print(l->parsed, object, stdout, e);
	putchar('\n');
	return r;
}

int listing_add(struct listing *l, const void *entry, struct err *e)
{
	json_auto_t *object = NULL;

	if (l->format == LIST_TABLE)
		return l->add_row(&l->table, entry, e);
	int r = encode_object(l->fields, l->n_fields, entry, &object, e);

	return r < 0 ? r : listing_add_object(l, object, e);
}

int listing_end(struct listing *l, struct err *e)
{
	if (l->format == LIST_JSON)
		return output_json(l->array, e);
	if (l->format == LIST_TABLE || l->format == LIST_COLUMNS)
		table_print(&l->table);
	return 0;
}

int output_json(json_t *value, struct err *e)
{
	auto_free char *text = NULL;
	int r = json_to_layout(value, JSON_INDENT(JSON_INDENTATION) | JSON_ENSURE_ASCII, &text, e);

	if (r == 0)
		puts(text);
	return r;
}

int output_template(json_t *value, const char *template, struct err *e)
{
	auto_arena struct arena a = { 0 };
	const struct node *parsed;
	int r = template_parse(&a, template, &parsed, e);

	if (r == 0)
		r = template_print(parsed, value, stdout, e);
	if (r == 0)
		putchar('\n');
	return r;
}
