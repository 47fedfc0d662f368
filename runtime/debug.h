/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug.h: what is being done, step by step, for whoever asks to be told. Where nobody asks, nothing is made up or sent.
 *
 * Where a step is one of runc's, it has runc's words: scripts look for them.
 */
#ifndef RUNTIME_DEBUG_H
#define RUNTIME_DEBUG_H

#include "base/util.h"

struct debug {
	void (*say)(const char *text, void *arg); /* one line, no newline at its end */
	void *arg;
};

#define DEBUG_TEXT_MAX 512

/* Say it; a longer line is cut. @d: NULL: nobody asks */
void debug_say(const struct debug *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
