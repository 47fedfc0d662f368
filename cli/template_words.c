// SPDX-License-Identifier: Apache-2.0
/* template_words.c: the functions of templates: Go's own and those that docker and podman add. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cli/output.h"
#include "cli/template_tree.h"
#include "spec/text.h"

#define WIDTH_MAX 1000

static json_t *wrong(struct err *e, const char *what)
{
	err_say(e, EINVAL, "--format: %s", what);
	return NULL;
}

static json_t *made(json_t *value, struct err *e)
{
	if (!value)
		err_nomem(e);
	return value;
}

/* A value as it is printed: strings as they are, all else as JSON. Freed by the caller; NULL with @e filled. */
static char *text_of(json_t *value, struct err *e)
{
	char *text = NULL;

	if (!json_is_string(value) || json_is_big(value, NULL))
		return json_to_layout(value, JSON_COMPACT | JSON_ENSURE_ASCII, &text, e) < 0 ? NULL : text;
	text = strdup(json_string_value(value));
	if (!text)
		err_nomem(e);
	return text;
}

static json_t *json(json_t *const *args, size_t n, struct err *e)
{
	auto_free char *text = NULL;

	(void)n;
	return json_to_layout(args[0], JSON_COMPACT | JSON_ENSURE_ASCII, &text, e) < 0 ? NULL : made(json_string(text), e);
}

static json_t *join(json_t *const *args, size_t n, struct err *e)
{
	size_t i, len = 0;
	json_t *item;
	auto_free char *joined = NULL;
	FILE *out = open_memstream(&joined, &len);

	(void)n;
	if (!out)
		return made(NULL, e);
	json_array_foreach(args[0], i, item) {
		auto_free char *text = text_of(item, e);

		fprintf(out, "%s%s", i && json_is_string(args[1]) ? json_string_value(args[1]) : "", text ? text : "");
	}
	if (fclose(out) != 0 || e->code)
		return made(NULL, e);
	return json_is_array(args[0]) ? made(json_string(joined), e) : wrong(e, "join: it is no list");
}

static json_t *split(json_t *const *args, size_t n, struct err *e)
{
	const char *text = json_string_value(args[0]), *separator = json_string_value(args[1]);
	json_t *list = json_array();

	(void)n;
	if (!list)
		return made(NULL, e);
	for (const char *end = text; text && separator && *separator && end;) {
		end = strstr(text, separator);
		if (json_array_append_new(list, json_stringn(text, end ? (size_t)(end - text) : strlen(text))) < 0)
			err_nomem(e);
		text = end ? end + strlen(separator) : NULL;
	}
	if (!json_array_size(list))
		wrong(e, "split: a text, and what it is split at");
	if (!e->code)
		return list;
	json_decref(list);
	return NULL;
}

/* Each letter of a text by a function that knows the one before it. */
static json_t *letters(json_t *value, char (*change)(char c, char before), struct err *e)
{
	auto_free char *text = text_of(value, e);

	for (char *s = text, before = ' '; s && *s; s++) {
		char c = *s;

		*s = change(c, before);
		before = c;
	}
	return text ? made(json_string(text), e) : NULL;
}

static char to_lower(char c, char before)
{
	(void)before;
	return (char)tolower((unsigned char)c);
}

static char to_upper(char c, char before)
{
	(void)before;
	return (char)toupper((unsigned char)c);
}

static char to_title(char c, char before)
{
	return before == ' ' ? to_upper(c, before) : c;
}

static json_t *lower(json_t *const *args, size_t n, struct err *e)
{
	(void)n;
	return letters(args[0], to_lower, e);
}

static json_t *upper(json_t *const *args, size_t n, struct err *e)
{
	(void)n;
	return letters(args[0], to_upper, e);
}

static json_t *title(json_t *const *args, size_t n, struct err *e)
{
	(void)n;
	return letters(args[0], to_title, e);
}

static json_t *len(json_t *const *args, size_t n, struct err *e)
{
	(void)n;
	if (json_is_string(args[0]))
		return made(json_integer((json_int_t)json_string_length(args[0])), e);
	return made(json_integer((json_int_t)(json_array_size(args[0]) + json_object_size(args[0]))), e);
}

/* index .Config.Labels "a.b", index .Mounts 0: what is not there is nothing. */
static json_t *index_of(json_t *const *args, size_t n, struct err *e)
{
	json_t *value = args[0];

	for (size_t i = 1; value && i < n; i++) {
		if (json_is_object(value) && json_is_string(args[i]))
			value = json_object_get(value, json_string_value(args[i]));
		else if (json_is_array(value) && json_is_integer(args[i]))
			value = json_integer_value(args[i]) < 0 ? NULL : json_array_get(value, (size_t)json_integer_value(args[i]));
		else
			return wrong(e, "index: a list and a number, or an object and a key");
	}
	return value ? json_incref(value) : made(json_string(""), e);
}

static bool is_width(json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= WIDTH_MAX;
}

static json_t *truncate_text(json_t *const *args, size_t n, struct err *e)
{
	auto_free char *text = text_of(args[0], e);

	(void)n;
	if (!is_width(args[1]))
		return wrong(e, "truncate: a text and a number");
	return text ? made(json_stringn(text, output_bytes(text, (size_t)json_integer_value(args[1]))), e) : NULL;
}

/* "pad TEXT BEFORE BEHIND": with so many blanks. */
static json_t *pad(json_t *const *args, size_t n, struct err *e)
{
	auto_free char *text = text_of(args[0], e);
	auto_free char *padded = NULL;

	(void)n;
	if (!is_width(args[1]) || !is_width(args[2]))
		return wrong(e, "pad: a text and two numbers");
	if (text && asprintf(&padded, "%*s%s%*s", (int)json_integer_value(args[1]), "", text,
			     (int)json_integer_value(args[2]), "") < 0)
		padded = NULL;
	return made(padded ? json_string(padded) : NULL, e);
}

/* "slice TEXT FROM [TO]" in bytes, as Go does it; of lists, too. */
static json_t *slice(json_t *const *args, size_t n, struct err *e)
{
	bool list = json_is_array(args[0]);
	size_t size = list ? json_array_size(args[0]) : json_string_length(args[0]);
	json_int_t from = n > 1 ? json_integer_value(args[1]) : 0;
	json_int_t to = n > 2 ? json_integer_value(args[2]) : (json_int_t)size;

	if ((!list && !json_is_string(args[0])) || from < 0 || to < from || (size_t)to > size)
		return wrong(e, "slice: it is not that long");
	if (!list)
		return made(json_stringn_nocheck(json_string_value(args[0]) + from, (size_t)(to - from)), e);
	json_t *part = json_array();

	for (json_int_t i = from; part && i < to; i++)
		json_array_append(part, json_array_get(args[0], (size_t)i));
	return made(part, e);
}

/* ---- questions ---- */

/* Return: less than, equal to or more than 0; @ret_differ: they are of different kinds */
static double compare(json_t *a, json_t *b, bool *ret_differ)
{
	*ret_differ = false;
	if (json_is_string(a) && json_is_string(b))
		return strcmp(json_string_value(a), json_string_value(b));
	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) - json_number_value(b);
	*ret_differ = !a || !b || !json_equal(a, b);
	return *ret_differ ? 1 : 0;
}

static bool equal(json_t *a, json_t *b)
{
	bool differ;

	return compare(a, b, &differ) == 0 && !differ;
}

/* Is the first one equal to any of the others? */
static json_t *eq(json_t *const *args, size_t n, struct err *e)
{
	(void)e;
	for (size_t i = 1; i < n; i++)
		if (equal(args[0], args[i]))
			return json_true();
	return json_false();
}

static json_t *ne(json_t *const *args, size_t n, struct err *e)
{
	(void)n;
	(void)e;
	return json_boolean(!equal(args[0], args[1]));
}

static json_t *order(json_t *const *args, struct err *e, bool (*says)(double))
{
	bool differ;
	double how = compare(args[0], args[1], &differ);

	return differ ? wrong(e, "a comparison of what cannot be compared") : json_boolean(says(how));
}

static bool is_less(double d)
{
	return d < 0;
}

static bool is_not_more(double d)
{
	return d <= 0;
}

static bool is_more(double d)
{
	return d > 0;
}

static bool is_not_less(double d)
{
	return d >= 0;
}

static json_t *lt(json_t *const *args, size_t n, struct err *e)
{
	(void)n;
	return order(args, e, is_less);
}

static json_t *le(json_t *const *args, size_t n, struct err *e)
{
	(void)n;
	return order(args, e, is_not_more);
}

static json_t *gt(json_t *const *args, size_t n, struct err *e)
{
	(void)n;
	return order(args, e, is_more);
}

static json_t *ge(json_t *const *args, size_t n, struct err *e)
{
	(void)n;
	return order(args, e, is_not_less);
}

/* The first that decides, or the last. */
static json_t *decide(json_t *const *args, size_t n, bool by)
{
	size_t i = 0;

	while (i + 1 < n && template_is_true(args[i]) != by)
		i++;
	return args[i] ? json_incref(args[i]) : json_null();
}

static json_t *and(json_t *const *args, size_t n, struct err *e)
{
	(void)e;
	return decide(args, n, false);
}

static json_t *or(json_t *const *args, size_t n, struct err *e)
{
	(void)e;
	return decide(args, n, true);
}

static json_t *not(json_t *const *args, size_t n, struct err *e)
{
	(void)n;
	(void)e;
	return json_boolean(!template_is_true(args[0]));
}

/* ---- texts ---- */

static json_t *print_with(json_t *const *args, size_t n, const char *end, struct err *e)
{
	size_t size = 0;
	auto_free char *printed = NULL;
	FILE *out = open_memstream(&printed, &size);

	if (!out)
		return made(NULL, e);
	for (size_t i = 0; i < n; i++) {
		auto_free char *text = text_of(args[i], e);

		fprintf(out, "%s%s", i ? " " : "", text ? text : "");
	}
	fputs(end, out);
	return made(fclose(out) == 0 && !e->code ? json_string(printed) : NULL, e);
}

static json_t *print(json_t *const *args, size_t n, struct err *e)
{
	return print_with(args, n, "", e);
}

static json_t *println(json_t *const *args, size_t n, struct err *e)
{
	return print_with(args, n, "\n", e);
}

/* One "%…" of printf: flags, width, precision, and the letter. Return: behind it, or NULL with @e filled */
static const char *print_one(FILE *out, const char *format, json_t *value, struct err *e)
{
	bool left = *format == '-', quoted;
	char *end;
	unsigned long width = strtoul(format + left, &end, 10), most = WIDTH_MAX * WIDTH_MAX;

	if (*end == '.')
		most = strtoul(end + 1, &end, 10);
	quoted = *end == 'q';
	if (!*end || !strchr("svdq", *end) || width > WIDTH_MAX || format[left] == '-' || format[left] == '+') {
		wrong(e, "printf knows %s, %v, %d and %q, with a width");
		return NULL;
	}
	auto_free char *text = NULL;

	if (quoted)
		(void)json_to_layout(value, JSON_COMPACT | JSON_ENSURE_ASCII, &text, e);
	else
		text = text_of(value, e);
	if (!text)
		return NULL;
	text[output_bytes(text, most)] = '\0';
	fprintf(out, "%*s", (left ? -1 : 1) * (int)width, text);
	return end + 1;
}

static json_t *printf_text(json_t *const *args, size_t n, struct err *e)
{
	const char *format = json_string_value(args[0]);
	size_t size = 0, next = 1;
	auto_free char *printed = NULL;
	FILE *out = format ? open_memstream(&printed, &size) : NULL;

	if (!out)
		return format ? made(NULL, e) : wrong(e, "printf: the first argument is a text");
	while (format && *format && !e->code) {
		bool escaped = format[0] == '%' && format[1] == '%';

		if (*format != '%' || escaped) {
			fputc(*format, out);
			format += escaped ? 2 : 1;
		} else if (next == n) {
			wrong(e, "printf: too few arguments");
		} else {
			format = print_one(out, format + 1, args[next++], e);
		}
	}
	bool written = fclose(out) == 0;

	return e->code ? NULL : made(written ? json_string(printed) : NULL, e);
}

const struct template_function *template_function(const char *name)
{
	static const struct template_function functions[] = {
		{ "and", 1, TEMPLATE_ARGS_MAX, true, and },
		{ "eq", 2, TEMPLATE_ARGS_MAX, true, eq },
		{ "ge", 2, 2, false, ge },
		{ "gt", 2, 2, false, gt },
		{ "index", 1, TEMPLATE_ARGS_MAX, true, index_of },
		{ "join", 2, 2, false, join },
		{ "json", 1, 1, false, json },
		{ "le", 2, 2, false, le },
		{ "len", 1, 1, false, len },
		{ "lower", 1, 1, false, lower },
		{ "lt", 2, 2, false, lt },
		{ "ne", 2, 2, true, ne },
		{ "not", 1, 1, true, not },
		{ "or", 1, TEMPLATE_ARGS_MAX, true, or },
		{ "pad", 3, 3, false, pad },
		{ "print", 1, TEMPLATE_ARGS_MAX, false, print },
		{ "printf", 1, TEMPLATE_ARGS_MAX, false, printf_text },
		{ "println", 0, TEMPLATE_ARGS_MAX, false, println },
		{ "slice", 1, 3, false, slice },
		{ "split", 2, 2, false, split },
		{ "title", 1, 1, false, title },
		{ "truncate", 2, 2, false, truncate_text },
		{ "upper", 1, 1, false, upper },
	};

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (streq(functions[i].name, name))
			return &functions[i];
	return NULL;
}
