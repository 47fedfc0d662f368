// SPDX-License-Identifier: Apache-2.0
/* template_parse.c: from the text of a template to its tree. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/template_tree.h"

#define DEPTH_MAX 50
#define BLANKS	  " \t\r\n"

struct parser {
	struct arena *arena;
	const char *at;
	unsigned depth;
	unsigned loops; /* that we are in */
	struct err *e;
};

/* How a list of nodes has ended. */
enum ending { END_OF_TEXT, END_WORD, ELSE_WORD, ELSE_IF };

static int wrong(const struct parser *p, const char *what)
{
	return err_say(p->e, EINVAL, "--format: %s at \"%.30s\"", what, p->at);
}

static void skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, BLANKS);
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static size_t word_len(const char *s)
{
	size_t n = 0;

	while (is_word_char(s[n]))
		n++;
	return n;
}

/* A word that stands alone: "end", not "endless". */
static bool take_word(struct parser *p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(p->at, word, len) != 0 || is_word_char(p->at[len]))
		return false;
	p->at += len;
	skip_blanks(p);
	return true;
}

static bool at_close(const struct parser *p)
{
	return str_after(p->at, "}}") || str_after(p->at, "-}}");
}

/* Behind "}}"; behind "-}}" the blanks that follow go, too. */
static int take_close(struct parser *p)
{
	skip_blanks(p);
	if (!at_close(p))
		return wrong(p, *p->at ? "\"}}\" is missing" : "\"{{\" without \"}}\"");
	bool trims = *p->at == '-';

	p->at += trims ? 3 : 2;
	if (trims)
		skip_blanks(p);
	return 0;
}

/* ---- operands ---- */

/* "…" with the escapes of Go that people use, or `…` as it is. */
static int take_string(struct parser *p, const char **ret)
{
	static const char escapes[] = "n\nt\tr\r\\\\\"\"'\'";
	char quote = *p->at++, *s = arena_alloc(p->arena, strlen(p->at) + 1), *to = s;

	*ret = s;
	if (!s)
		return err_nomem(p->e);
	while (*p->at && *p->at != quote) {
		const char *escape = NULL;

		if (quote == '"' && *p->at == '\\') {
			p->at++;
			for (const char *x = escapes; *p->at && *x && !escape; x += 2)
				escape = *x == *p->at ? x + 1 : NULL;
			if (!escape)
				return wrong(p, "an escape that is not known");
		}
		*to++ = escape ? *escape : *p->at;
		p->at++;
	}
	if (!*p->at)
		return wrong(p, "a string does not end");
	p->at++;
	return 0;
}

static int take_number(struct parser *p, json_int_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(p->at, &end, 10);
	if (errno || end == p->at || is_word_char(*end) || *end == '.')
		return wrong(p, "no whole number");
	p->at = end;
	return 0;
}

/* ".State.Status"; the first dot of a path may stand alone. */
static int take_fields(struct parser *p, struct strv *ret)
{
	while (*p->at == '.' && word_len(p->at + 1)) {
		size_t len = word_len(p->at + 1);
		char *field = arena_strndup(p->arena, p->at + 1, len);

		if (!field || strv_push(p->arena, ret, field) < 0)
			return err_nomem(p->e);
		p->at += 1 + len;
	}
	return 0;
}

static int take_pipe(struct parser *p, bool loop, struct pipe **ret);

static int take_parentheses(struct parser *p, struct operand *o)
{
	struct pipe *pipe = NULL;

	if (++p->depth > DEPTH_MAX)
		return wrong(p, "too many parentheses");
	p->at++;
	int r = take_pipe(p, false, &pipe);

	skip_blanks(p);
	if (r == 0 && *p->at != ')')
		return wrong(p, "\")\" is missing");
	p->at++;
	p->depth--;
	o->pipe = pipe;
	return r;
}

static int take_name(struct parser *p, struct operand *o, bool first)
{
	static const struct {
		const char *word;
		json_type type;
	} constants[] = { { "true", JSON_TRUE }, { "false", JSON_FALSE }, { "nil", JSON_NULL } };

	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		if (take_word(p, constants[i].word)) {
			o->kind = OPERAND_CONSTANT;
			o->number = constants[i].type;
			return 0;
		}
	size_t len = word_len(p->at);

	if (!len)
		return wrong(p, "neither a path nor a text, number or function");
	o->kind = OPERAND_CALL;
	o->name = arena_strndup(p->arena, p->at, len);
	if (!o->name)
		return err_nomem(p->e);
	if (!template_function(o->name))
		return err_say(p->e, EINVAL, "--format: there is no function %s; a path begins with a dot", o->name);
	if (!first)
		return wrong(p, "a function that is not a command's first word needs parentheses");
	p->at += len;
	return 0;
}

static int take_variable(struct parser *p, const char **ret)
{
	size_t len = word_len(++p->at);

	*ret = arena_strndup(p->arena, p->at, len);
	p->at += len;
	return *ret ? 0 : err_nomem(p->e);
}

static int take_operand(struct parser *p, bool first, struct operand **ret)
{
	struct operand *o = *ret = arena_alloc(p->arena, sizeof(*o));
	int r = 0;

	if (!o)
		return err_nomem(p->e);
	if (*p->at == '.') {
		o->kind = OPERAND_DOT;
		p->at += word_len(p->at + 1) ? 0 : 1;
	} else if (*p->at == '$') {
		o->kind = OPERAND_VARIABLE;
		r = take_variable(p, &o->name);
	} else if (*p->at == '"' || *p->at == '`') {
		o->kind = OPERAND_STRING;
		r = take_string(p, &o->name);
	} else if (isdigit((unsigned char)*p->at) || (*p->at == '-' && isdigit((unsigned char)p->at[1]))) {
		o->kind = OPERAND_NUMBER;
		r = take_number(p, &o->number);
	} else if (*p->at == '(') {
		o->kind = OPERAND_PIPE;
		r = take_parentheses(p, o);
	} else {
		r = take_name(p, o, first);
	}
	return r < 0 ? r : take_fields(p, &o->fields);
}

static int take_command(struct parser *p, struct command **ret)
{
	struct command *c = *ret = arena_alloc(p->arena, sizeof(*c));
	struct operand **last = c ? &c->operands : NULL;
	size_t n = 0;

	if (!c)
		return err_nomem(p->e);
	do {
		int r = take_operand(p, n == 0, last);

		if (r < 0)
			return r;
		if (++n > TEMPLATE_ARGS_MAX)
			return wrong(p, "too many arguments");
		last = &(*last)->next;
		skip_blanks(p);
	} while (*p->at && *p->at != '|' && *p->at != ')' && !at_close(p));
	if (n > 1 && c->operands->kind != OPERAND_CALL)
		return wrong(p, "arguments of what is no function");
	return 0;
}

/* "$x := …", "$x = …", "$i, $x := …": what stands before the pipe itself, if it does. */
static int take_variables(struct parser *p, bool loop, struct pipe *pipe)
{
	const char *begin = p->at;
	size_t max = loop ? 2 : 1;

	while (*p->at == '$' && pipe->n_variables < max) {
		int r = take_variable(p, &pipe->variables[pipe->n_variables++]);

		if (r < 0)
			return r;
		skip_blanks(p);
		if (*p->at == ',')
			p->at++;
		skip_blanks(p);
	}
	pipe->declares = str_after(p->at, ":=") != NULL;
	if (pipe->n_variables && (pipe->declares || *p->at == '=')) {
		p->at += pipe->declares ? 2 : 1;
		return 0;
	}
	pipe->n_variables = 0;
	p->at = begin;
	return 0;
}

static int take_pipe(struct parser *p, bool loop, struct pipe **ret)
{
	struct pipe *pipe = *ret = arena_alloc(p->arena, sizeof(*pipe));
	struct command **last = pipe ? &pipe->commands : NULL;

	skip_blanks(p);
	int r = pipe ? take_variables(p, loop, pipe) : err_nomem(p->e);

	for (bool more = true; r == 0 && more; p->at += more) {
		skip_blanks(p);
		r = take_command(p, last);
		more = r == 0 && *p->at == '|';
		last = r == 0 ? &(*last)->next : last;
	}
	return r;
}

/* ---- nodes ---- */

static int take_list(struct parser *p, struct node **ret, enum ending *ret_ending);

static int add_node(struct parser *p, enum node_kind kind, struct node ***last, struct node **ret)
{
	struct node *n = *ret = arena_alloc(p->arena, sizeof(*n));

	if (!n)
		return err_nomem(p->e);
	n->kind = kind;
	**last = n;
	*last = &n->next;
	return 0;
}

/* What follows "if", "range", "with" or "else if", to its "end". */
static int take_block(struct parser *p, struct node *n)
{
	enum ending ending = END_OF_TEXT;
	bool loop = n->kind == NODE_RANGE;
	int r = ++p->depth > DEPTH_MAX ? wrong(p, "too deep") : take_pipe(p, loop, &n->pipe);

	if (r == 0)
		r = take_close(p);
	p->loops += loop;
	if (r == 0)
		r = take_list(p, &n->body, &ending);
	p->loops -= loop;
	if (r == 0 && ending == ELSE_IF) {
		n->otherwise = arena_alloc(p->arena, sizeof(*n));
		if (!n->otherwise)
			return err_nomem(p->e);
		n->otherwise->kind = NODE_IF;
		r = take_block(p, n->otherwise); /* its end is ours */
	} else if (r == 0 && ending == ELSE_WORD) {
		r = take_list(p, &n->otherwise, &ending);
		if (r == 0 && ending != END_WORD)
			r = wrong(p, "{{end}} is missing");
	} else if (r == 0 && ending == END_OF_TEXT) {
		r = wrong(p, "{{end}} is missing");
	}
	p->depth--;
	return r;
}

/* Between "{{" and "}}". Return: 1: it ends the list, as @ret_ending says; 0, or -errno */
static int take_action(struct parser *p, struct node ***last, enum ending *ret_ending)
{
	static const struct {
		const char *word;
		enum node_kind kind;
	} blocks[] = { { "if", NODE_IF }, { "range", NODE_RANGE }, { "with", NODE_WITH } },
	  jumps[] = { { "break", NODE_BREAK }, { "continue", NODE_CONTINUE } };
	struct node *n = NULL;
	int r = 0;

	if (str_after(p->at, "/*")) {
		const char *end = strstr(p->at, "*/");

		p->at = end ? end + 2 : p->at;
		return end ? take_close(p) : wrong(p, "a comment does not end");
	}
	if (take_word(p, "end")) {
		*ret_ending = END_WORD;
		r = take_close(p);
		return r < 0 ? r : 1;
	}
	if (take_word(p, "else")) {
		bool chained = take_word(p, "if");

		*ret_ending = chained ? ELSE_IF : ELSE_WORD;
		r = chained ? 0 : take_close(p);
		return r < 0 ? r : 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		if (take_word(p, blocks[i].word)) {
			r = add_node(p, blocks[i].kind, last, &n);
			return r < 0 ? r : take_block(p, n);
		}
	for (size_t i = 0; i < ARRAY_SIZE(jumps); i++)
		if (take_word(p, jumps[i].word)) {
			r = p->loops ? add_node(p, jumps[i].kind, last, &n) : wrong(p, "nothing to leave");
			return r < 0 ? r : take_close(p);
		}
	r = add_node(p, NODE_PRINT, last, &n);
	if (r == 0)
		r = take_pipe(p, false, &n->pipe);
	return r < 0 ? r : take_close(p);
}

/* Up to and with the next "{{"; blanks before "{{-" go. Return: 1: it is there, 0, or -errno */
static int take_text(struct parser *p, struct node ***last)
{
	const char *text = p->at, *open = strstr(text, "{{");
	size_t len = open ? (size_t)(open - text) : strlen(text);
	bool trims = open && open[2] == '-' && open[3] && strchr(BLANKS, open[3]);
	struct node *n = NULL;

	p->at = open ? open + (trims ? 3 : 2) : text + len;
	while (trims && len && strchr(BLANKS, text[len - 1]))
		len--;
	int r = len ? add_node(p, NODE_TEXT, last, &n) : 0;

	if (r == 0 && n) {
		n->text = text;
		n->len = len;
	}
	return r < 0 ? r : open != NULL;
}

static int take_list(struct parser *p, struct node **ret, enum ending *ret_ending)
{
	struct node **last = ret;
	int r = 0;

	*ret_ending = END_OF_TEXT;
	while (r == 0 && (r = take_text(p, &last)) > 0) {
		skip_blanks(p);
		r = take_action(p, &last, ret_ending);
		if (r > 0)
			return 0;
	}
	return r;
}

int template_parse(struct arena *a, const char *text, const struct node **ret, struct err *e)
{
	struct parser p = { .arena = a, .at = text, .e = e };
	enum ending ending;
	struct node *list = NULL;
	int r = take_list(&p, &list, &ending);

	*ret = list;
	if (r == 0 && ending != END_OF_TEXT)
		return err_say(e, EINVAL, "--format: {{end}} or {{else}} without {{if}}, {{range}} or {{with}}");
	return r;
}
