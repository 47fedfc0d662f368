// SPDX-License-Identifier: Apache-2.0
#include "cli/man.h"

#include <errno.h>
#include <stdio.h>

#include "cli/help.h"
#include "cli/roff.h"

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
		roff_bold(text + strspn(text, " "));
		roff_text(row->help);
	}
}

static void print_verb(const struct program *p, const struct verb *v)
{
	char usage[HELP_USAGE_MAX], name[ARGS_VERB_MAX];

	printf(".SS %s\n", args_verb_name(v, name));
	printf("\\fB%s\\fR ", p->name);
	roff_text(help_usage(v, usage));
	puts(".PP");
	roff_text(v->about);
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

/* The page of a file that has one of its own, where its section of the program's page stands. */
static const struct manual_page *page_of(const struct program *p, const char *title)
{
	for (size_t i = 0; i < p->n_pages; i++)
		if (streq(p->pages[i].section, title))
			return &p->pages[i];
	return NULL;
}

static int print_section(const struct call *c, const struct manual_section *s, struct err *e)
{
	const char *text = s->text ? s->text : c->program->manual_text(s->title, c->arena);

	if (!text)
		return err_nomem(e);
	roff_text(text);
	return 0;
}

static int print_program(const struct call *c, struct err *e)
{
	const struct program *p = c->program;
	int r = 0;

	roff_begin(p->name, 1, p->help);
	roff_heading("Synopsis");
	printf("\\fB%s\\fR [OPTION…] VERB [ARGUMENT…]\n", p->name);
	roff_heading("Description");
	roff_text(p->about);
	roff_heading("Options");
	print_options(&p->options);
	roff_heading("Verbs");
	print_verbs(p, NULL, &p->verbs);
	for (size_t i = 0; i < p->n_manual && r >= 0; i++) {
		const struct manual_page *page = page_of(p, p->manual[i].title);

		roff_heading(p->manual[i].title);
		if (page)
			printf("See \\fB%s\\fR(5).\n", page->name);
		else
			r = print_section(c, &p->manual[i], e);
	}
	return r;
}

static int run(const struct call *c, struct err *e)
{
	const struct program *p = c->program;

	if (!c->n_args)
		return print_program(c, e);
	for (size_t i = 0; i < p->n_manual; i++) {
		const struct manual_page *page = page_of(p, p->manual[i].title);

		if (!page || !streq(page->name, c->args[0]))
			continue;
		roff_begin(page->name, 5, page->help);
		roff_heading("Description");
		int r = print_section(c, &p->manual[i], e);

		roff_heading("See also");
		printf("\\fB%s\\fR(1)\n", p->name);
		return r;
	}
	return err_say(e, ENOENT, "there is no page %s", c->args[0]);
}

const struct verb verb_man = {
	.name = "man",
	.group = "Other",
	.arguments = "[PAGE]",
	.help = "the manual page",
	.about = "Print the manual page of this program, or of a file that it reads, for man(1).",
	.max_args = 1,
	.flags = VERB_HIDDEN,
	.run = run,
};
