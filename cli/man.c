// SPDX-License-Identifier: Apache-2.0
#include "cli/man.h"

#include <ctype.h>
#include <stdio.h>

#include "cli/help.h"

/* Text for roff: `words` in bold, and nothing that roff would obey; an empty line begins a paragraph. */
static void print_text(const char *text)
{
	bool bold = false;

	for (const char *s = text; *s; s++) {
		bool begins = s == text || s[-1] == '\n';

		if (*s == '`') {
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fR", stdout);
		} else if (*s == '\n' && begins) {
			fputs(".PP\n", stdout);
		} else if (*s == '-' || *s == '\\') {
			fputs(*s == '-' ? "\\-" : "\\e", stdout);
		} else {
			fputs(begins && (*s == '.' || *s == '\'') ? "\\&" : "", stdout);
			putchar(*s);
		}
	}
	putchar('\n');
}

static void print_heading(const char *text)
{
	fputs(".SH \"", stdout);
	for (; *text; text++)
		putchar(toupper((unsigned char)*text));
	puts("\"");
}

static void print_bold(const char *text)
{
	fputs("\\fB", stdout);
	print_text(text);
	fputs("\\fR", stdout);
}

static void print_options(const struct options *o)
{
	char text[HELP_OPTION_MAX];

	for (size_t i = 0; i < o->n; i++) {
		const struct option *row = &o->rows[i];

		if (!row->help)
			continue;
		if (row->kind == OPTION_GROUP) {
			printf(".PP\n\\fI%s\\fR\n", row->help);
			continue;
		}
		help_option(row, text);
		puts(".TP");
		print_bold(text + strspn(text, " "));
		print_text(row->help);
	}
}

static void print_verb(const struct program *p, const struct verb *v)
{
	char usage[HELP_USAGE_MAX], name[ARGS_VERB_MAX];

	printf(".SS %s\n", args_verb_name(v, name));
	printf("\\fB%s\\fR ", p->name);
	print_text(help_usage(v, usage));
	puts(".PP");
	print_text(v->about);
	print_options(&v->options);
}

/* Those of a group that stand alone as well (they name no group) have their place there. */
static void print_verbs(const struct program *p, const struct verb *group, const struct verbs *verbs)
{
	for (size_t i = 0; i < verbs->n; i++) {
		if ((verbs->v[i]->flags & VERB_HIDDEN) || verbs->v[i]->above != group)
			continue;
		print_verb(p, verbs->v[i]);
		print_verbs(p, verbs->v[i], &verbs->v[i]->below);
	}
}

static int run(const struct call *c, struct err *e)
{
	const struct program *p = c->program;

	printf(".TH \"%s\" 1 \"\" \"%s " PAENE_VERSION "\"\n", p->name, p->name);
	puts(".SH NAME");
	print_text(p->name);
	printf("\\- %s\n", p->help);
	puts(".SH SYNOPSIS");
	printf("\\fB%s\\fR [OPTION…] VERB [ARGUMENT…]\n", p->name);
	puts(".SH DESCRIPTION");
	print_text(p->about);
	puts(".SH OPTIONS");
	print_options(&p->options);
	puts(".SH VERBS");
	print_verbs(p, NULL, &p->verbs);
	for (size_t i = 0; i < p->n_manual; i++) {
		print_heading(p->manual[i].title);
		const char *text = p->manual[i].text ? p->manual[i].text : p->manual_text(p->manual[i].title, c->arena);

		if (!text)
			return err_nomem(e);
		print_text(text);
	}
	return 0;
}

const struct verb verb_man = {
	.name = "man",
	.group = "Other",
	.arguments = "",
	.help = "the manual page",
	.about = "Print the manual page of this program, for man(1).",
	.flags = VERB_HIDDEN,
	.run = run,
};
