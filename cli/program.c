// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "cli/help.h"
#include "cli/output.h"

static int run(const struct call *c, struct err *e)
{
	if (c->version)
		fputs(c->program->version, stdout);
	else if (!c->verb)
		help_program(c->program, stdout);
	else if (c->help || args_is_group(c->verb))
		help_verb(c->program, c->verb, stdout);
	else
		return c->verb->run(c, e);
	return EXIT_SUCCESS;
}

/* A full disk under standard output is a failure, too. */
static int flush(struct err *e)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return err_set(e, errno ? errno : EIO, "write to standard output");
}

/* Set-user-ID, or with file capabilities, we would act for somebody who may less than we: nothing here is made for that. */
static int check_privileges(struct err *e)
{
	if (!getauxval(AT_SECURE))
		return 0;
	err_say(e, EPERM, "this program may not be set-user-ID or have capabilities of its own");
	return err_hint(e, "chmod u-s,g-s it, or setcap -r");
}

/* 126 and 127 are a shell's words, and podman's, for a command that cannot be executed; runc does not have them. */
static int failure_status(const struct program *p, const struct err *e, int otherwise)
{
	bool of_command = e->exit_status == 126 || e->exit_status == 127;

	return e->exit_status && !(of_command && (p->flags & PROGRAM_PLAIN_STATUS)) ? e->exit_status : otherwise;
}

int program_run(const struct program *p, int argc, char **argv)
{
	auto_arena struct arena arena = { 0 };
	struct call c = { .program = p, .arena = &arena };
	struct err e = { 0 };
	int failure = p->usage_status;

	(void)setvbuf(stderr, NULL, _IOLBF, 0); /* a message in one write, not one for each character */
	int r = check_privileges(&e);

	if (r >= 0)
		r = args_parse(p, argc, argv, &c, &e);
	if (r >= 0) {
		failure = c.verb && c.verb->failure_status ? c.verb->failure_status : EXIT_FAILURE;
		r = run(&c, &e);
	}
	if (r >= 0 && flush(&e) == 0)
		return r;
	output_error(&c, &e);
	if (p->record_failure)
		p->record_failure(&c, &e);
	return failure_status(p, &e, failure);
}

static int run_help(const struct call *c, struct err *e)
{
	const struct verb *group = NULL, *v = NULL;

	for (size_t i = 0; i < c->n_args; i++, group = v) {
		v = args_verb(group ? &group->below : &c->program->verbs, c->args[i]);
		if (!v)
			return args_unknown_verb(c->program, group, c->args[i], e);
	}
	if (v)
		help_verb(c->program, v, stdout);
	else
		help_program(c->program, stdout);
	return EXIT_SUCCESS;
}

const struct verb verb_help = {
	.name = "help",
	.group = "Other",
	.arguments = "[VERB]",
	.help = "explain a verb",
	.about = "Explain a verb and its options; without one, list the verbs.",
	.max_args = 2,
	.run = run_help,
};
