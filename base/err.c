// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static int PRINTF_LIKE(4, 0) fill(struct err *e, int errnum, const char *words, const char *fmt, va_list ap)
{
	int n = vsnprintf(e->text, sizeof(e->text), fmt, ap);

	if (words && n >= 0 && (size_t)n < sizeof(e->text))
		snprintf(e->text + n, sizeof(e->text) - (size_t)n, ": %s", words);
	e->code = errnum;
	e->exit_status = 0;
	return -errnum;
}

int err_set(struct err *e, int errnum, const char *fmt, ...)
{
	const char *words = strerrordesc_np(errnum);
	va_list ap;

	va_start(ap, fmt);
	int r = fill(e, errnum, words ? words : "unknown error", fmt, ap);
	va_end(ap);
	return r;
}

int err_say(struct err *e, int errnum, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = fill(e, errnum, NULL, fmt, ap);
	va_end(ap);
	return r;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	va_list ap;

	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	int n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	/* a line too long is cut; asking for the result tells the compiler that it is meant */
	if (n >= 0 && (size_t)n < sizeof(e->text) && snprintf(e->text + n, sizeof(e->text) - (size_t)n, ": %s", old) < 0)
		e->text[n] = '\0';
	return -e->code;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	size_t n = strlen(e->text);
	va_list ap;

	if (n + 3 >= sizeof(e->text))
		return -e->code;
	memcpy(e->text + n, "; ", 3);
	va_start(ap, fmt);
	vsnprintf(e->text + n + 2, sizeof(e->text) - n - 2, fmt, ap);
	va_end(ap);
	return -e->code;
}

int err_exit(struct err *e, int status)
{
	e->exit_status = status;
	return -e->code;
}

int err_nomem(struct err *e)
{
	return err_say(e, ENOMEM, "out of memory");
}
