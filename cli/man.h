/* SPDX-License-Identifier: Apache-2.0 */
/* man.h: the manual page of a program, from its tables and the sections that were written by hand. */
#ifndef CLI_MAN_H
#define CLI_MAN_H

#include "cli/args.h"

/* The hidden verb `man`: the page as roff, for the installation. */
extern const struct verb verb_man;

#endif
