/* SPDX-License-Identifier: Apache-2.0 */
/* program.h: from a command line to an exit status: what main() of both programs is. */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include "cli/args.h"

/**
 * program_run() - Understand the command line, run its verb or print its help, say what went wrong
 *
 * Return: the exit status
 */
int program_run(const struct program *p, int argc, char **argv);

/* `help [VERB]`, the same for every program. */
extern const struct verb verb_help;

#endif
