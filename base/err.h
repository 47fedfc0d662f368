/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h: what went wrong, in one line, on the caller's stack.
 *
 * A function that can fail returns 0 or more, or -errno with *e filled and its outputs untouched. The call that fails
 * says what it failed on (err_set); a layer that knows more puts its words in front (err_wrap). The value has no
 * pointers: the same bytes cross the socket from a container's init to the command, so that the user reads the
 * child's own words.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/util.h"

#define ERR_TEXT_MAX 1024

struct err {
	int code;		 /* errno, positive */
	int exit_status;	 /* what the command should exit with; 0: its own default */
	char text[ERR_TEXT_MAX]; /* one line, no newline at its end */
};

/**
 * err_set() - Say what failed, with the words of an errno
 * @e:		Filled with "FMT: strerror(errnum)"
 * @errnum:	errno of the call that failed, positive
 *
 * Return: -@errnum, so that a caller can write `return err_set(e, errno, "open %s", path);`
 */
int err_set(struct err *e, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);

/**
 * err_say() - Like err_set(), where the errno's own words would add nothing
 *
 * Return: -@errnum
 */
int err_say(struct err *e, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);

/**
 * err_wrap() - Put "FMT: " in front of an error
 *
 * Return: -e->code
 */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/**
 * err_hint() - Add "; FMT": what the user can do about it
 *
 * Return: -e->code
 */
int err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/**
 * err_exit() - Ask for an exit status (126: cannot be executed, 127: not found)
 *
 * Return: -e->code
 */
int err_exit(struct err *e, int status);

/* Out of memory. Return: -ENOMEM */
int err_nomem(struct err *e);

#endif
