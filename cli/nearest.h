/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.h: "did you mean …?": the candidate that a mistyped word resembles most. */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include "base/util.h"

struct nearest {
	const char *word;     /* as typed */
	const char *best;     /* NULL: none is near enough */
	size_t best_distance; /* of best */
};

/* Take a candidate into account; it must live as long as @n. */
void nearest_try(struct nearest *n, const char *candidate);

#endif
