// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"

#define JSON_INDENTATION 2
#define COLUMN_GAP	 2
/* 0.07 is not to be 0.070000000000000007 */
#define JSON_STYLE (JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))

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

/* How many bytes the first @n characters have. */
static int bytes_of(const char *s, size_t n)
{
	const char *p = s;

	while (*p && (n > 0 || (*p & 0xc0) == 0x80)) {
		n -= (*p & 0xc0) != 0x80;
		p++;
	}
	return (int)(p - s);
}

static void print_cell(const char *text, size_t max, size_t pad_to)
{
	size_t n = output_width(text);
	bool cut = max && n > max;

	if (cut)
		printf("%.*s…", bytes_of(text, max - 1), text);
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

int listing_begin(struct listing *l, const struct call *c, const char *format, struct err *e)
{
	l->table.arena = c->arena;
	l->template = format;
	l->array = json_array();
	if (!l->array)
		return err_nomem(e);
	if (!format || streq(format, "table"))
		l->format = LIST_TABLE;
	else if (streq(format, "json"))
		l->format = LIST_JSON;
	else if (strstr(format, "{{"))
		l->format = LIST_TEMPLATE;
	else
		return err_say(e, EINVAL, "--format %s: it is table, json, or a template such as {{.Id}}", format);
	return 0;
}

int listing_add(struct listing *l, const void *entry, struct err *e)
{
	json_auto_t *object = NULL;

	if (l->format == LIST_TABLE)
		return l->add_row(&l->table, entry, e);
	int r = encode_object(l->fields, l->n_fields, entry, &object, e);

	if (r < 0)
		return r;
	if (l->format == LIST_TEMPLATE)
		return output_template(object, l->template, e);
	return json_array_append(l->array, object) < 0 ? err_nomem(e) : 0;
}

int listing_end(struct listing *l, struct err *e)
{
	if (l->format == LIST_JSON)
		return output_json(l->array, e);
	if (l->format == LIST_TABLE)
		table_print(&l->table);
	return 0;
}

int output_json(json_t *value, struct err *e)
{
	if (json_dumpf(value, stdout, JSON_INDENT(JSON_INDENTATION) | JSON_STYLE) < 0)
		return err_nomem(e);
	putchar('\n');
	return 0;
}

/* ".State.Status", @len bytes of it; "." is the value itself. */
static json_t *at_path(json_t *value, const char *path, size_t len, struct err *e)
{
	const char *whole = path, *end = path + len;
	bool begins = len > 0 && *path == '.';

	while (begins && value && path < end && end - whole > 1) {
		const char *key = path + 1, *dot = memchr(key, '.', (size_t)(end - key));

		path = dot ? dot : end;
		value = json_object_getn(value, key, (size_t)(path - key));
	}
	if (!begins || !value)
		err_say(e, EINVAL, "--format: there is nothing at \"%.*s\"", (int)len, whole);
	return begins ? value : NULL;
}

static bool is_text(json_t *value)
{
	size_t i;
	json_t *item;

	json_array_foreach(value, i, item)
		if (!json_is_string(item))
			return false;
	return json_is_string(value) || json_is_array(value);
}

static void print_text(json_t *value)
{
	str_harmless(stdout, json_string_value(value), json_string_length(value), false);
}

static int print_value(json_t *value, bool as_json, struct err *e)
{
	size_t i;
	json_t *item;

	if (is_text(value) && !as_json) {
		if (json_is_string(value))
			print_text(value);
		json_array_foreach(value, i, item) {
			fputs(i ? " " : "", stdout);
			print_text(item);
		}
		return 0;
	}
	int r = json_dumpf(value, stdout, JSON_COMPACT | JSON_STYLE);

	return r < 0 ? err_nomem(e) : 0;
}

/* The inside of "{{…}}": "json .PATH" or ".PATH", with blanks around. */
static int print_place(json_t *value, const char *text, size_t len, struct err *e)
{
	char place[256];
	char *path = place;

	if (len >= sizeof(place))
		return err_say(e, EINVAL, "--format: a place is too long");
	memcpy(place, text, len);
	place[len] = '\0';
	path += strspn(path, " ");
	const char *rest = str_after(path, "json ");
	const char *name = rest ? rest + strspn(rest, " ") : path;
	json_t *found = at_path(value, name, strcspn(name, " "), e);

	return found ? print_value(found, rest != NULL, e) : -e->code;
}

int output_template(json_t *value, const char *template, struct err *e)
{
	while (*template) {
		const char *open = strstr(template, "{{"), *close = open ? strstr(open, "}}") : NULL;
		size_t text = open ? (size_t)(open - template) : strlen(template);

		if (open && !close)
			return err_say(e, EINVAL, "--format: \"{{\" without \"}}\"");
		for (size_t i = 0; i < text; i++) {
			const char *escape = template[i] == '\\' && i + 1 < text ? strchr("t\tn\n", template[i + 1]) : NULL;

			putchar(escape ? escape[1] : template[i]);
			i += escape != NULL;
		}
		int r = open ? print_place(value, open + 2, (size_t)(close - open) - 2, e) : 0;

		if (r < 0)
			return r;
		template = open ? close + 2 : template + text;
	}
	putchar('\n');
	return 0;
}
