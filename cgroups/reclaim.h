/* SPDX-License-Identifier: Apache-2.0 */
/* reclaim.h: how much memory is taken back at a time; pure. */
#ifndef CGROUPS_RECLAIM_H
#define CGROUPS_RECLAIM_H

#include "cgroups/cgroups.h"

#define RECLAIM_FIRST_STEP (UINT64_C(4) << 20)

/**
 * reclaim_pressure() - The share of time that processes wait for memory, over about the last second
 * @before:	What it was, in hundredths of a percent
 * @stall_us:	The time that they have waited since then
 * @us:		The time since then
 *
 * Return: the new share, in hundredths of a percent
 */
uint32_t reclaim_pressure(uint32_t before, uint64_t stall_us, uint64_t us);

/**
 * reclaim_next_step() - The next step's size by what the last one did
 * @step:	The last one's, in bytes
 * @pressure:	From reclaim_pressure()
 * @max:	The share at which taking back ends
 * @now:	Bytes that there are
 *
 * It doubles while they hardly notice, and is halved when they wait half as much as they may. An eighth of what there is at
 * most: what they need shows only after it is gone, and should not all be gone at once; nor more than 1 GiB between two looks.
 */
uint64_t reclaim_next_step(uint64_t step, uint32_t pressure, uint32_t max, uint64_t now);

/* What memory.stat says of where memory is; the rest of @ret is left as it is. */
void reclaim_parse_stat(const char *text, struct cgroup_memory *ret);

#endif
