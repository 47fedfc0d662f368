/* SPDX-License-Identifier: Apache-2.0 */
/* convert.h: the configuration speaks in the units of cgroup v1; these are the rules that runc and crun agree on. */
#ifndef CGROUPS_CONVERT_H
#define CGROUPS_CONVERT_H

#include "base/err.h"
#include "spec/spec.h"

/**
 * cgroup_weight_from_shares() - CPU shares of v1 (2 to 262144, usually 1024) as cpu.weight (1 to 10000, usually 100)
 *
 * ceil(10 ^ ((l * l + 125 * l) / 612 - 7 / 34)) with l = log2(@shares): it meets 1, 100 and 10000.
 */
uint32_t cgroup_weight_from_shares(uint64_t shares);

/* Block I/O weight of v1 (10 to 1000) as io.weight (1 to 10000). */
uint32_t cgroup_weight_from_blkio(uint32_t weight);

/**
 * cgroup_swap_from_total() - memory.swap of the configuration counts memory and swap; memory.swap.max swap alone
 * @ret:	-1: no limit
 *
 * Return: 1, 0 where no limit on swap is asked for, or -EINVAL with @e filled
 */
int cgroup_swap_from_total(const struct spec_memory *m, int64_t *ret, struct err *e);

#endif
