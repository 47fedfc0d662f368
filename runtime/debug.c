// SPDX-License-Identifier: Apache-2.0
#include "runtime/debug.h"

#include <stdarg.h>
#include <stdio.h>

void debug_say(const struct debug *d, const char *fmt, ...)
{
	char text[DEBUG_TEXT_MAX];
	va_list ap;

	if (!d)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d->say(text, d->arg);
}
