/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h: how far a load, a pull, a copy … is, on standard error: on a terminal a bar for each layer, else a line where a
 * layer begins and where it ends.
 *
 * On a terminal the cursor always stands below what was drawn, and is never hidden: whatever ends the command leaves nothing
 * that would have to be put right.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "images/images.h"

enum progress_how {
	PROGRESS_SILENT,
	PROGRESS_LINES,
	PROGRESS_BARS,
};

struct progress_row {
	char blob[13]; /* the first digits; "": all there is */
	enum image_step step;
	uint64_t done, total;
	int64_t begun_us; /* when bytes were heard of first */
};

struct progress {
	enum progress_how how;
	struct arena arena;
	struct progress_row *rows;
	size_t n, room;
	size_t drawn; /* lines that stand above the cursor */
	int64_t drawn_us;
};

/* @otherwise: what it is where there is no terminal: PROGRESS_LINES or PROGRESS_SILENT */
void progress_begin(struct progress *p, bool quiet, enum progress_how otherwise);

/* For load_options.progress and its like; @arg is the struct progress. */
void progress_show(const struct image_progress *now, void *arg);

/* The last state stays on the terminal; where it is of no use any more (@clear), it goes. */
void progress_end(struct progress *p, bool clear);

#endif
