/* SPDX-License-Identifier: Apache-2.0 */
/*
 * completion.h: completing command lines in shells. The shells' scripts are a few lines that ask the program itself,
 * which has the tables: `paene complete -- WORD… LAST` prints what LAST could become.
 */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include "cli/args.h"

/* `completion bash|zsh|fish`, and the hidden `complete`. */
extern const struct verb verb_completion, verb_complete;

#endif
