// SPDX-License-Identifier: Apache-2.0
/* template.c: a value, printed by a template that is understood. */
#include "cli/template.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cli/template_tree.h"
#include "spec/text.h"

#define VARIABLES_MAX 32

struct variable {
	const char *name;
	json_t *value;
};

struct run {
	FILE *out;
	json_t *made; /* values that functions have made: they live as long as the run */
	struct variable variables[VARIABLES_MAX]; /* the first one is "$" */
	size_t n_variables;
	const struct strv *path; /* that led nowhere last … */
	size_t missing;		 /* … from this field on */
	struct err *e;
};

/* What a list of nodes has said besides: leave the loop, go on with its next round. */
enum flow { FLOW_ON = 0, FLOW_BREAK, FLOW_CONTINUE };

/* ---- values; NULL: nothing is there ---- */

/* Hand a new value to the run. Return: it, or NULL */
static json_t *keep(struct run *run, json_t *value)
{
	return value && json_array_append_new(run->made, value) == 0 ? value : NULL;
}

bool template_is_true(json_t *value)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
		return json_object_size(value) > 0;
	case JSON_ARRAY:
		return json_array_size(value) > 0;
	case JSON_STRING:
		return json_string_length(value) > 0;
	case JSON_INTEGER:
	case JSON_REAL:
		return json_number_value(value) != 0;
	case JSON_TRUE:
		return true;
	default:
		return false;
	}
}

static json_t *field_of(struct run *run, json_t *value, const struct strv *fields)
{
	for (size_t i = 0; value && i < fields->n; i++) {
		value = json_object_get(value, fields->v[i]);
		if (!value) {
			run->path = fields;
			run->missing = i;
		}
	}
	return value;
}

static struct variable *variable(struct run *run, const char *name)
{
	for (size_t i = run->n_variables; i > 0; i--)
		if (streq(run->variables[i - 1].name, name))
			return &run->variables[i - 1];
	err_say(run->e, EINVAL, "--format: there is no variable $%s", name);
	return NULL;
}

static int set_variable(struct run *run, const char *name, bool declares, json_t *value)
{
	struct variable *v = NULL;

	if (!declares) {
		v = variable(run, name);
		if (!v)
			return -EINVAL;
		v->value = value;
		return 0;
	}
	if (run->n_variables == VARIABLES_MAX)
		return err_say(run->e, EINVAL, "--format: more than %d variables", VARIABLES_MAX - 1);
	run->variables[run->n_variables++] = (struct variable){ name, value };
	return 0;
}

/* ---- pipes ---- */

static int run_pipe(struct run *run, const struct pipe *pipe, json_t *dot, json_t **ret);

static json_t *constant(json_int_t type)
{
	return type == JSON_TRUE ? json_true() : type == JSON_FALSE ? json_false() : json_null();
}

static int value_of(struct run *run, const struct operand *o, json_t *dot, json_t **ret)
{
	struct variable *v;
	int r = 0;

	*ret = dot;
	if (o->kind == OPERAND_VARIABLE) {
		v = variable(run, o->name);
		r = v ? 0 : -EINVAL;
		*ret = v ? v->value : NULL;
	} else if (o->kind == OPERAND_PIPE) {
		r = run_pipe(run, o->pipe, dot, ret);
	} else if (o->kind != OPERAND_DOT) {
		*ret = keep(run, o->kind == OPERAND_STRING   ? json_string(o->name)
				 : o->kind == OPERAND_NUMBER ? json_integer(o->number)
							     : constant(o->number));
		r = *ret ? 0 : err_say(run->e, EINVAL, "--format: a string is no text");
	}
	if (r == 0)
		*ret = field_of(run, *ret, &o->fields);
	return r;
}

static int nothing_there(struct run *run)
{
	auto_arena struct arena a = { 0 };
	const char *path = run->path ? "" : ".";

	for (size_t i = 0; run->path && path && i <= run->missing; i++)
		path = arena_printf(&a, "%s.%s", path, run->path->v[i]);
	return path ? err_say(run->e, EINVAL, "--format: there is nothing at \"%s\"", path) : err_nomem(run->e);
}

static int call(struct run *run, const struct command *c, json_t *dot, bool piped, json_t *input, json_t **ret)
{
	const struct template_function *f = template_function(c->operands->name);
	json_t *args[TEMPLATE_ARGS_MAX + 1];
	size_t n = 0;

	for (const struct operand *o = c->operands->next; o; o = o->next) {
		int r = value_of(run, o, dot, &args[n]);

		if (r < 0)
			return r;
		if (!args[n++] && !f->asks)
			return nothing_there(run);
	}
	if (piped && !input && !f->asks)
		return nothing_there(run);
	if (piped)
		args[n++] = input;
	if (n < f->min || n > f->max)
		return err_say(run->e, EINVAL, "--format: %s: %zu arguments", f->name, n);
	run->e->code = 0;
	json_t *made = f->call(args, n, run->e);

	if (run->e->code)
		return -run->e->code;
	*ret = keep(run, made);
	if (made && !*ret)
		return err_nomem(run->e);
	*ret = field_of(run, *ret, &c->operands->fields);
	return 0;
}

static int run_pipe(struct run *run, const struct pipe *pipe, json_t *dot, json_t **ret)
{
	*ret = NULL;
	for (const struct command *c = pipe->commands; c; c = c->next) {
		bool piped = c != pipe->commands;
		json_t *input = *ret;
		int r = 0;

		if (c->operands->kind == OPERAND_CALL)
			r = call(run, c, dot, piped, input, ret);
		else if (piped)
			return err_say(run->e, EINVAL, "--format: behind \"|\" comes a function");
		else
			r = value_of(run, c->operands, dot, ret);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- printing ---- */

static bool is_text(json_t *value)
{
	size_t i;
	json_t *item;

	json_array_foreach(value, i, item)
		if (!json_is_string(item))
			return false;
	return json_is_string(value) || json_is_array(value);
}

/* Lines stay in what the template itself has made: the value's own strings could make them look like others. */
static bool is_made(const struct pipe *pipe)
{
	const struct command *c = pipe->commands;

	while (c->next)
		c = c->next;
	return c->operands->kind == OPERAND_CALL || c->operands->kind == OPERAND_STRING;
}

static void print_string(FILE *out, json_t *value, bool keep_lines)
{
	str_harmless(out, json_string_value(value), json_string_length(value), keep_lines);
}

static int print_json(struct run *run, json_t *value)
{
	auto_free char *text = NULL;
	int r = json_to_layout(value, JSON_COMPACT | JSON_ENSURE_ASCII, &text, run->e);

	if (r == 0)
		fputs(text, run->out);
	return r;
}

static int print_value(struct run *run, const struct pipe *pipe, json_t *value)
{
	bool keep_lines = is_made(pipe);
	size_t i;
	json_t *item;

	if (!value)
		return nothing_there(run);
	if (json_is_big(value, NULL) || !is_text(value))
		return print_json(run, value);
	if (json_is_string(value))
		print_string(run->out, value, keep_lines);
	json_array_foreach(value, i, item) {
		fputs(i ? " " : "", run->out);
		print_string(run->out, item, keep_lines);
	}
	return 0;
}

static void print_text(FILE *out, const struct node *n)
{
	for (size_t i = 0; i < n->len; i++) {
		const char *escape = n->text[i] == '\\' && i + 1 < n->len ? strchr("t\tn\n", n->text[i + 1]) : NULL;

		fputc(escape ? escape[1] : n->text[i], out);
		i += escape != NULL;
	}
}

/* ---- nodes ---- */

static int print_list(struct run *run, const struct node *list, json_t *dot);

/* One round of a loop. Return: enum flow, or -errno */
static int print_round(struct run *run, const struct node *n, json_t *key, json_t *item)
{
	const struct pipe *p = n->pipe;
	size_t had = run->n_variables;
	int r = 0;

	if (p->n_variables == 2)
		r = set_variable(run, p->variables[0], p->declares, key);
	if (r == 0 && p->n_variables)
		r = set_variable(run, p->variables[p->n_variables - 1], p->declares, item);
	if (r == 0)
		r = print_list(run, n->body, item);
	run->n_variables = had;
	return r;
}

/* In the order of the keys, as Go does it. */
static int print_object(struct run *run, const struct node *n, json_t *object)
{
	auto_arena struct arena a = { 0 };
	struct strv keys = { 0 };
	const char *key;
	json_t *item;
	int r = 0;

	json_object_foreach(object, key, item)
		if (strv_push(&a, &keys, (char *)key) < 0)
			return err_nomem(run->e);
	strv_sort(&keys);
	for (size_t i = 0; i < keys.n && r >= 0 && r != FLOW_BREAK; i++) {
		json_t *name = keep(run, json_string(keys.v[i]));

		r = name ? print_round(run, n, name, json_object_get(object, keys.v[i])) : err_nomem(run->e);
	}
	return r < 0 ? r : 0;
}

static int print_array(struct run *run, const struct node *n, json_t *array)
{
	int r = 0;

	for (size_t i = 0; i < json_array_size(array) && r >= 0 && r != FLOW_BREAK; i++) {
		json_t *index = keep(run, json_integer((json_int_t)i));

		r = index ? print_round(run, n, index, json_array_get(array, i)) : err_nomem(run->e);
	}
	return r < 0 ? r : 0;
}

static int print_range(struct run *run, const struct node *n, json_t *value)
{
	if (json_is_object(value))
		return print_object(run, n, value);
	if (json_is_array(value))
		return print_array(run, n, value);
	return err_say(run->e, EINVAL, "--format: range: it is no list");
}

static int print_node(struct run *run, const struct node *n, json_t *dot)
{
	json_t *value = NULL;

	if (n->kind == NODE_TEXT)
		print_text(run->out, n);
	if (n->kind == NODE_BREAK || n->kind == NODE_CONTINUE)
		return n->kind == NODE_BREAK ? FLOW_BREAK : FLOW_CONTINUE;
	if (!n->pipe)
		return 0;
	int r = run_pipe(run, n->pipe, dot, &value);

	if (r < 0)
		return r;
	if (n->pipe->n_variables && n->kind != NODE_RANGE)
		r = set_variable(run, n->pipe->variables[0], n->pipe->declares, value);
	if (r < 0 || n->kind == NODE_PRINT)
		return r < 0 || n->pipe->n_variables ? r : print_value(run, n->pipe, value);
	if (!template_is_true(value))
		return print_list(run, n->otherwise, dot);
	return n->kind == NODE_RANGE ? print_range(run, n, value) : print_list(run, n->body, n->kind == NODE_WITH ? value : dot);
}

/* Return: enum flow, or -errno with the error filled */
static int print_list(struct run *run, const struct node *list, json_t *dot)
{
	size_t had = run->n_variables;
	int r = 0;

	for (const struct node *n = list; n && r == 0; n = n->next) {
		bool block = n->kind != NODE_PRINT;
		size_t before = run->n_variables;

		r = print_node(run, n, dot);
		if (block) /* what "if" and its like declare is theirs */
			run->n_variables = before;
	}
	run->n_variables = had;
	return r;
}

int template_print(const struct node *template, json_t *value, FILE *out, struct err *e)
{
	json_auto_t *made = json_array();
	struct run run = { .out = out, .made = made, .variables = { { "", value } }, .n_variables = 1, .e = e };

	return made ? print_list(&run, template, value) : err_nomem(e);
}

/* ---- headings ---- */

/* "RunningFor" is "RUNNING FOR", "ID" is itself. */
static void print_title(FILE *out, const char *field)
{
	for (const char *s = field; *s; s++) {
		if (s > field && isupper((unsigned char)*s) && !isupper((unsigned char)s[-1]))
			fputc(' ', out);
		fputc(toupper((unsigned char)*s), out);
	}
}

/* The field that a pipe prints: the first that it names. */
static const char *field_in(const struct pipe *pipe)
{
	const char *found = NULL;

	for (const struct command *c = pipe->commands; c && !found; c = c->next)
		for (const struct operand *o = c->operands; o && !found; o = o->next)
			found = o->fields.n ? o->fields.v[o->fields.n - 1] : o->pipe ? field_in(o->pipe) : NULL;
	return found;
}

void template_print_heading(const struct node *template, FILE *out)
{
	for (const struct node *n = template; n; n = n->next) {
		const char *field = n->pipe && n->kind == NODE_PRINT ? field_in(n->pipe) : NULL;

		if (n->kind == NODE_TEXT)
			print_text(out, n);
		if (field)
			print_title(out, field);
		if (n->kind != NODE_PRINT)
			template_print_heading(n->body, out);
	}
}
