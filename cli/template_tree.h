/* SPDX-License-Identifier: Apache-2.0 */
/* template_tree.h: a template, understood (template_parse.c makes it, template.c prints by it). */
#ifndef CLI_TEMPLATE_TREE_H
#define CLI_TEMPLATE_TREE_H

#include "base/str.h"
#include "cli/template.h"

enum operand_kind {
	OPERAND_DOT,
	OPERAND_VARIABLE, /* name: without the "$" */
	OPERAND_STRING,	  /* name: what it says */
	OPERAND_NUMBER,
	OPERAND_CONSTANT, /* number: one of jansson's types: true, false, null */
	OPERAND_CALL,	  /* name: a function's; only as a command's first */
	OPERAND_PIPE,	  /* in parentheses */
};

struct operand {
	enum operand_kind kind;
	const char *name;
	json_int_t number;
	const struct pipe *pipe;
	struct strv fields; /* .State.Status */
	struct operand *next;
};

/* Words with blanks between: a function and its arguments, or one operand alone. */
struct command {
	struct operand *operands; /* at least one */
	struct command *next;	  /* gets the result as its last argument */
};

/* "$x := a | b" */
struct pipe {
	const char *variables[2]; /* two: only of range */
	size_t n_variables;
	bool declares; /* else an older variable is set */
	struct command *commands;
};

enum node_kind {
	NODE_TEXT,
	NODE_PRINT, /* a pipe whose result is printed, unless it sets a variable */
	NODE_IF,
	NODE_RANGE,
	NODE_WITH,
	NODE_BREAK,
	NODE_CONTINUE,
};

struct node {
	enum node_kind kind;
	const char *text; /* of NODE_TEXT */
	size_t len;
	struct pipe *pipe;
	struct node *body, *otherwise;
	struct node *next;
};

/* A function of templates. */
struct template_function {
	const char *name;
	size_t min, max; /* arguments */
	bool asks;	 /* arguments may be NULL: what is not there */
	/* Return: a new value, NULL: nothing; with @e filled where it makes no sense */
	json_t *(*call)(json_t *const *args, size_t n, struct err *e);
};
/* NULL: there is none of this name */
const struct template_function *template_function(const char *name);

#define TEMPLATE_ARGS_MAX 16

/* As Go sees it: nothing, null, false, 0, "" and what is empty are not true. */
bool template_is_true(json_t *value);

#endif
