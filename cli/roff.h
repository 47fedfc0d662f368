/* SPDX-License-Identifier: Apache-2.0 */
/* roff.h: manual pages, to standard output. */
#ifndef CLI_ROFF_H
#define CLI_ROFF_H

/* What a page begins with. @help: a few words */
void roff_begin(const char *name, int section, const char *help);
void roff_heading(const char *text);
/* Text in which `words` are bold, and nothing is obeyed; an empty line begins a paragraph. */
void roff_text(const char *text);
void roff_bold(const char *text);

#endif
