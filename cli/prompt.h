/* SPDX-License-Identifier: Apache-2.0 */
/* prompt.h: a question on the terminal, and the line that answers it. */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include "base/err.h"

/**
 * prompt_line() - Ask on standard error, read a line of standard input, which must be a terminal
 * @secret:	Nothing of the answer is shown
 * @ret:	The line without its end, at most @size - 1 bytes
 *
 * The terminal is as it was on every way out: a signal that ends the program is held back until it is.
 *
 * Return: 0, or -errno with @e filled (-ENOTTY; -ENODATA: end of input; -E2BIG)
 */
int prompt_line(const char *question, bool secret, char *ret, size_t size, struct err *e);

/* On standard output and input, which may be a pipe: "WARNING! TEXT", and whether to go on. Return: whether the answer was yes */
bool prompt_yes(const char *warning);

#endif
