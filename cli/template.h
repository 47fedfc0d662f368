/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h: what people write after --format: the part of Go's text/template that docker's and podman's users know, on JSON
 * values instead of Go's.
 *
 *	{{.State.Status}}  {{json .Mounts}}  {{.Id | slice 0 12 }}  {{index .Config.Labels "a.b"}}
 *	{{range $name, $network := .NetworkSettings.Networks}}{{$name}}: {{$network.IPAddress}}{{"\n"}}{{else}}none{{end}}
 *	{{if and .State.Running (gt .RestartCount 3)}}…{{else if …}}…{{end}}  {{with .State.Health}}{{.Status}}{{end}}
 *
 * Also: "{{-" and "-}}", which take the blanks beside them away; {{break}} and {{continue}}; "\t" and "\n" outside of places.
 * Unlike Go, a string list prints as its strings with blanks between, other lists and objects as JSON, and a path that leads
 * nowhere is an error, but where it is only asked for: by if, with, range, and, or, not, index.
 */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

#include <jansson.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"

struct node; /* of a template: a list of them is one */

/**
 * template_parse() - Understand a template
 * @text:	Must live as long as the result
 * @ret:	In @a
 *
 * Return: 0, or -EINVAL with @e filled
 */
int template_parse(struct arena *a, const char *text, const struct node **ret, struct err *e);

/**
 * template_print() - Print a value by a template; strings are made harmless for a terminal
 *
 * What precedes an error has been printed. Return: 0, or -EINVAL and others with @e filled
 */
int template_print(const struct node *template, json_t *value, FILE *out, struct err *e);

/* The heading of a table whose rows are printed so: "{{.ID}}\t{{.RunningFor}}" gives "ID\tRUNNING FOR". */
void template_print_heading(const struct node *template, FILE *out);

#endif
