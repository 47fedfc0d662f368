// SPDX-License-Identifier: Apache-2.0
#include "cli/roff.h"

#include <ctype.h>
#include <stdio.h>

#include "base/util.h"

void roff_text(const char *text)
{
	bool bold = false;

	for (const char *s = text; *s; s++) {
		bool begins = s == text || s[-1] == '\n';

		if (*s == '`') {
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fR", stdout);
		} else if (*s == '\n' && begins) {
			fputs(".PP\n", stdout);
		} else if (*s == '-' || *s == '\\') {
			fputs(*s == '-' ? "\\-" : "\\e", stdout);
		} else {
			fputs(begins && (*s == '.' || *s == '\'') ? "\\&" : "", stdout);
			putchar(*s);
		}
	}
	putchar('\n');
}

void roff_heading(const char *text)
{
	fputs(".SH \"", stdout);
	for (; *text; text++)
		putchar(toupper((unsigned char)*text));
	puts("\"");
}

void roff_bold(const char *text)
{
	fputs("\\fB", stdout);
	roff_text(text);
	fputs("\\fR", stdout);
}

void roff_begin(const char *name, int section, const char *help)
{
	printf(".TH \"%s\" %d \"\" \"%s " PAENE_VERSION "\"\n.SH NAME\n", name, section, name);
	roff_text(name);
	printf("\\- %s\n", help);
}
