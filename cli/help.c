// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include "cli/output.h"

#define SCREEN	      80
#define OPTION_COLUMN 30 /* where the help of an option begins, at most */
#define VERB_WIDTH    12
#define HALF	      42 /* where the second column of verbs begins */
#define INDENT	      2
#define RUNC_INDENT   3

const char *help_option(const struct option *o, char buf[HELP_OPTION_MAX])
{
	char letter[] = { '-', o->letter, ',', ' ', '\0' };

	snprintf(buf, HELP_OPTION_MAX, "%s--%s%s%s", o->letter ? letter : "    ", o->name, o->value ? " " : "",
		 o->value ? o->value : "");
	return buf;
}

const char *help_usage(const struct verb *v, char buf[HELP_USAGE_MAX])
{
	char name[ARGS_VERB_MAX];

	snprintf(buf, HELP_USAGE_MAX, "%s%s%s%s", args_verb_name(v, name), v->options.n ? " [OPTION…]" : "",
		 *v->arguments ? " " : "", v->arguments);
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
static size_t help_column(const struct options *o, size_t indent)
{
	char text[HELP_OPTION_MAX];
	size_t column = 0;

	for (size_t i = 0; i < o->n; i++) {
		if (o->rows[i].kind == OPTION_GROUP || !o->rows[i].help)
			continue;
		size_t n = indent + output_width(help_option(&o->rows[i], text)) + 2;

		if (n > column && n <= OPTION_COLUMN)
			column = n;
	}
	return column;
}

static void print_options(const struct options *o, size_t indent, FILE *out)
{
	size_t column = help_column(o, indent);
	char text[HELP_OPTION_MAX];

	for (size_t i = 0; i < o->n; i++) {
		const struct option *row = &o->rows[i];

		if (!row->help)
			continue;
		if (row->kind == OPTION_GROUP) {
			fprintf(out, "%*s", (int)(indent - INDENT), "");
			heading(out, row->help);
			continue;
		}
		size_t n = indent + output_width(help_option(row, text));

		fprintf(out, "%*s%s", (int)indent, "", text);
		if (n + 2 > column)
			fprintf(out, "\n%*s", (int)column, "");
		else
			fprintf(out, "%*s", (int)(column - n), "");
		wrap(out, row->help, column, column);
	}
}

/* The verbs of one group, or of all (NULL), in two columns, read downwards; the list of all must fit a screen. */
static void print_verbs(const struct program *p, const char *group, size_t indent, FILE *out)
{
	const struct verb *verbs[64];
	size_t n = 0;

	for (size_t i = 0; i < p->verbs.n && n < ARRAY_SIZE(verbs); i++)
		if (!(p->verbs.v[i]->flags & VERB_HIDDEN) && (!group || streq(p->verbs.v[i]->group, group)))
			verbs[n++] = p->verbs.v[i];
	if (n && group)
		heading(out, group);
	size_t rows = (n + 1) / 2;

	for (size_t i = 0; i < rows; i++) {
		const struct verb *right = i + rows < n ? verbs[i + rows] : NULL;
		int at = fprintf(out, "%*s%-*s%s", (int)indent, "", VERB_WIDTH, verbs[i]->name, verbs[i]->help);

		if (right)
			fprintf(out, "%*s%-*s%s", MAX(HALF - at, 1), "", VERB_WIDTH, right->name, right->help);
		fputc('\n', out);
	}
}

/* ---- one layout, and that of runc: titled sections ---- */

static void program_plainly(const struct program *p, FILE *out)
{
	/* a line more, and the page would not fit a screen */
	fprintf(out, "%s: %s\nusage: %s [OPTION…] VERB [ARGUMENT…]    `%s VERB --help` tells more\n", p->name, p->help, p->name,
		p->name);
	for (size_t i = 0; i < p->verbs.n; i++) {
		const char *group = p->verbs.v[i]->group;
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen |= streq(p->verbs.v[k]->group, group);
		if (!seen)
			print_verbs(p, group, INDENT, out);
	}
	heading(out, "Options");
	print_options(&p->options, INDENT, out);
}

/* The verbs of a group, one in a line. */
static void print_below(const struct program *p, const struct verb *group, FILE *out)
{
	fputc('\n', out);
	heading(out, "Verbs");
	for (size_t i = 0; i < group->below.n; i++) {
		const struct verb *v = group->below.v[i];

		fprintf(out, "%*s%-*s%s\n", INDENT, "", VERB_WIDTH, v->name, v->help);
	}
	fprintf(out, "`%s %s VERB --help` tells more.\n", p->name, group->name);
}

static void verb_plainly(const struct program *p, const struct verb *v, FILE *out)
{
	char usage[HELP_USAGE_MAX];

	fprintf(out, "usage: %s %s\n\n", p->name, help_usage(v, usage));
	wrap(out, v->about, 0, 0);
	if (v->below.n)
		print_below(p, v, out);
	if (v->options.n == 0)
		return;
	fputc('\n', out);
	print_options(&v->options, INDENT, out);
}

static void section(const char *title, FILE *out)
{
	fputc('\n', out);
	heading(out, title);
}

static void program_as_runc(const struct program *p, FILE *out)
{
	heading(out, "NAME:");
	fprintf(out, "   %s - %s\n", p->name, p->help);
	heading(out, "USAGE:"); /* with an empty line before it, the page would not fit a screen */
	fprintf(out, "   %s [OPTION…] VERB [ARGUMENT…]\n", p->name);
	section("COMMANDS:", out);
	print_verbs(p, NULL, RUNC_INDENT, out);
	section("GLOBAL OPTIONS:", out);
	print_options(&p->options, RUNC_INDENT, out);
}

static void verb_as_runc(const struct program *p, const struct verb *v, FILE *out)
{
	char usage[HELP_USAGE_MAX];

	heading(out, "NAME:");
	fprintf(out, "   %s %s - %s\n", p->name, v->name, v->help);
	section("USAGE:", out);
	fprintf(out, "   %s %s\n", p->name, help_usage(v, usage));
	section("DESCRIPTION:", out);
	fprintf(out, "%*s", RUNC_INDENT, "");
	wrap(out, v->about, RUNC_INDENT, RUNC_INDENT);
	if (v->options.n == 0)
		return;
	section("OPTIONS:", out);
	print_options(&v->options, RUNC_INDENT, out);
}

static const struct layout {
	void (*program)(const struct program *p, FILE *out);
	void (*verb)(const struct program *p, const struct verb *v, FILE *out);
} plain = { program_plainly, verb_plainly }, as_runc = { program_as_runc, verb_as_runc };

static const struct layout *layout_of(const struct program *p)
{
	return p->flags & PROGRAM_RUNC_HELP ? &as_runc : &plain;
}

void help_program(const struct program *p, FILE *out)
{
	layout_of(p)->program(p, out);
}

void help_verb(const struct program *p, const struct verb *v, FILE *out)
{
	layout_of(p)->verb(p, v, out);
}
