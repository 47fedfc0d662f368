// SPDX-License-Identifier: Apache-2.0
#include "cgroups/convert.h"

#include <errno.h>
#include <inttypes.h>

#define SHARES_MIN 2
#define SHARES_MAX 262144
#define WEIGHT_MAX 10000

/* log2 of a number from 1 up, to 2^-46: the C library's own needs libm, one more library to load at each start. */
static double log2_of(double x)
{
	double whole = 0, part = 0;

	for (; x >= 2; x /= 2)
		whole++;
	for (double bit = 0.5; bit > 1e-14; bit /= 2) {
		x *= x;
		if (x >= 2) {
			x /= 2;
			part += bit;
		}
	}
	return whole + part;
}

/*
 * The smallest weight w with log10(w) >= (l * l + 125 * l) / 612 - 7 / 34: the formula's ceil() without a power. The
 * slack is above the error of log2_of() and far below what separates two weights.
 */
uint32_t cgroup_weight_from_shares(uint64_t shares)
{
	const double log10_2 = 0.30102999566398120, slack = 1e-9;
	uint32_t low = 1, high = WEIGHT_MAX;

	if (shares <= SHARES_MIN)
		return low;
	if (shares >= SHARES_MAX)
		return high;
	double l = log2_of((double)shares);
	double least = l * l + 125 * l - 126; /* 612 * log10(w), at least */

	while (low < high) {
		uint32_t w = (low + high) / 2;

		if (612 * log10_2 * log2_of(w) >= least - slack)
			high = w;
		else
			low = w + 1;
	}
	return low;
}

uint32_t cgroup_weight_from_blkio(uint32_t weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

int cgroup_swap_from_total(const struct spec_memory *m, int64_t *ret, struct err *e)
{
	int64_t memory = m->limit_bytes.set ? m->limit_bytes.v : 0;
	int64_t total = m->swap_bytes.set ? m->swap_bytes.v : 0;

	if (total < -1)
		return err_say(e, EINVAL, "memory.swap: %" PRId64 " is no size", total);
	if (total == -1 || (total == 0 && memory == -1)) { /* memory without a limit asks for swap without one */
		*ret = -1;
		return 1;
	}
	if (total == 0)
		return 0;
	if (memory <= 0)
		return err_say(e, EINVAL, "memory.swap counts memory and swap together: it needs memory.limit");
	if (total < memory)
		return err_say(e, EINVAL, "memory.swap (%" PRId64 ", memory and swap) is below memory.limit (%" PRId64 ")",
			       total, memory);
	*ret = total - memory;
	return 1;
}
