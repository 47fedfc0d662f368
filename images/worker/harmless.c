// SPDX-License-Identifier: Apache-2.0
#include "images/worker/harmless.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define SHOWN 160 /* bytes of a name: each becomes at most four characters, so that the buffer never cuts one */

const char *harmless(const char *name, char buf[HARMLESS_MAX])
{
	const char *text = name ? name : "(none)";
	size_t len = strlen(text), shown = len > SHOWN ? SHOWN : len;
	FILE *out = fmemopen(buf, HARMLESS_MAX, "w");

	buf[0] = '\0';
	if (!out)
		return buf;
	str_harmless(out, text, shown, false);
	if (shown < len)
		fputs("...", out);
	fclose(out);
	return buf;
}
