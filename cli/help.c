// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include "cli/output.h"

#define SCREEN	      80
#define OPTION_COLUMN 30 /* where the help of an option begins, at most */
#define VERB_COLUMN   13
#define HALF	      (SCREEN / 2)

const char *help_option(const struct option *o, char buf[HELP_OPTION_MAX])
{
	char letter[] = { '-', o->letter, ',', ' ', '\0' };

	snprintf(buf, HELP_OPTION_MAX, "%s--%s%s%s", o->letter ? letter : "    ", o->name, o->value ? " " : "",
		 o->value ? o->value : "");
	return buf;
}

const char *help_usage(const struct verb *v, char buf[HELP_USAGE_MAX])
{
	snprintf(buf, HELP_USAGE_MAX, "%s%s%s%s", v->name, v->options.n ? " [OPTION…]" : "", *v->arguments ? " " : "",
		 v->arguments);
	return buf;
}

/* Print words from column @at on, in lines that begin at column @indent. */
static void wrap(FILE *out, const char *text, size_t at, size_t indent)
{
	bool first = true;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (!first && at + 1 + n >= SCREEN) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		fprintf(out, "%s%.*s", first ? "" : " ", (int)n, text);
		at += n + !first;
		first = false;
		text += n + (text[n] == ' ');
	}
	fputc('\n', out);
}

static void heading(FILE *out, const char *text)
{
	bool coloured = output_is_coloured(out);

	fprintf(out, "%s%s%s\n", coloured ? "\033[1m" : "", text, coloured ? "\033[0m" : "");
}

/* The column where the help of these options begins: after the longest that leaves enough room. */
static size_t help_column(const struct options *o)
{
	char text[HELP_OPTION_MAX];
	size_t column = 0;

	for (size_t i = 0; i < o->n; i++) {
		if (o->rows[i].kind == OPTION_GROUP || !o->rows[i].help)
			continue;
		size_t n = 2 + output_width(help_option(&o->rows[i], text)) + 2;

		if (n > column && n <= OPTION_COLUMN)
			column = n;
	}
	return column;
}

static void print_options(const struct options *o, FILE *out)
{
	size_t column = help_column(o);
	char text[HELP_OPTION_MAX];

	for (size_t i = 0; i < o->n; i++) {
		const struct option *row = &o->rows[i];

		if (!row->help)
			continue;
		if (row->kind == OPTION_GROUP) {
			heading(out, row->help);
			continue;
		}
		size_t n = 2 + output_width(help_option(row, text));

		fprintf(out, "  %s", text);
		if (n + 2 > column)
			fprintf(out, "\n%*s", (int)column, "");
		else
			fprintf(out, "%*s", (int)(column - n), "");
		wrap(out, row->help, column, column);
	}
}

/* The verbs of one group in two columns, read downwards; the list of all must fit a screen. */
static void print_group(const struct program *p, const char *group, FILE *out)
{
	const struct verb *verbs[64];
	size_t n = 0;

	for (size_t i = 0; i < p->n_verbs && n < ARRAY_SIZE(verbs); i++)
		if (!(p->verbs[i]->flags & VERB_HIDDEN) && streq(p->verbs[i]->group, group))
			verbs[n++] = p->verbs[i];
	if (n == 0)
		return;
	heading(out, group);
	size_t rows = (n + 1) / 2;

	for (size_t i = 0; i < rows; i++) {
		const struct verb *right = i + rows < n ? verbs[i + rows] : NULL;
		int at = fprintf(out, "  %-*s%s", VERB_COLUMN - 2, verbs[i]->name, verbs[i]->help);

		if (right)
			fprintf(out, "%*s%-*s%s", MAX(HALF - at, 1), "", VERB_COLUMN - 2, right->name, right->help);
		fputc('\n', out);
	}
}

void help_program(const struct program *p, FILE *out)
{
	fprintf(out, "%s: %s\nusage: %s [OPTION…] VERB [ARGUMENT…]\n\n", p->name, p->help, p->name);
	for (size_t i = 0; i < p->n_verbs; i++) {
		const char *group = p->verbs[i]->group;
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen |= streq(p->verbs[k]->group, group);
		if (!seen)
			print_group(p, group, out);
	}
	heading(out, "Options");
	print_options(&p->options, out);
	fprintf(out, "`%s VERB --help` tells more.\n", p->name);
}

void help_verb(const struct program *p, const struct verb *v, FILE *out)
{
	char usage[HELP_USAGE_MAX];

	fprintf(out, "usage: %s %s\n\n", p->name, help_usage(v, usage));
	wrap(out, v->about, 0, 0);
	if (v->options.n == 0)
		return;
	fputc('\n', out);
	print_options(&v->options, out);
}
