// SPDX-License-Identifier: Apache-2.0
#include "cli/nearest.h"

#define WORD_MAX 32 /* longer words are not compared: nobody means them */

/* How many letters must be changed, added, taken away or swapped with their neighbour (Damerau, Levenshtein). */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t k = 0; k <= m; k++)
		d[0][k] = k;
	for (size_t i = 1; i <= n; i++)
		for (size_t k = 1; k <= m; k++) {
			size_t changed = d[i - 1][k - 1] + (a[i - 1] != b[k - 1]);

			d[i][k] = MIN(changed, MIN(d[i - 1][k], d[i][k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				d[i][k] = MIN(d[i][k], d[i - 2][k - 2] + 1);
		}
	return d[n][m];
}

void nearest_try(struct nearest *n, const char *candidate)
{
	size_t len = strlen(n->word), other = strlen(candidate);

	if (len < 2 || len > WORD_MAX || other > WORD_MAX)
		return;
	/* a beginning is what somebody types who knows the word */
	size_t d = strncmp(candidate, n->word, len) == 0 ? 1 : distance(n->word, len, candidate, other);

	if (d > MAX(MIN(len, other) / 3, (size_t)1) || (n->best && d >= n->best_distance))
		return;
	n->best = candidate;
	n->best_distance = d;
}
