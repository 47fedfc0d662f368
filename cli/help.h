/* SPDX-License-Identifier: Apache-2.0 */
/* help.h: help screens of 80 columns, from the rows of args.h. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/args.h"

/* The program's verbs, or one verb's options. */
void help_program(const struct program *p, FILE *out);
void help_verb(const struct program *p, const struct verb *v, FILE *out);

/* Room for an option as it is written: "-e, --env NAME[=VALUE]". */
#define HELP_OPTION_MAX 64
const char *help_option(const struct option *o, char buf[HELP_OPTION_MAX]);

/* The usage line without the program's name: "run [OPTION…] IMAGE [COMMAND [ARG…]]". */
#define HELP_USAGE_MAX 128
const char *help_usage(const struct verb *v, char buf[HELP_USAGE_MAX]);

#endif
