/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h: the counters in one file of a cgroup; pure. */
#ifndef CGROUPS_STATS_H
#define CGROUPS_STATS_H

#include "cgroups/cgroups.h"

/* Put what @text, the content of @file ("cpu.stat", "io.pressure", …), says into @ret; the rest is left as it is. */
void cgroup_stats_parse(const char *file, const char *text, struct cgroup_stats *ret);

/* The rows of memory.stat and io.stat; pure but for the arena. Return: 0, or -ENOMEM with @e filled */
int cgroup_memory_rows(const char *text, struct arena *a, struct cgroup_details *ret, struct err *e);
int cgroup_io_rows(const char *text, struct arena *a, struct cgroup_details *ret, struct err *e);

/* Add what the ksm_stat of one process says. */
void cgroup_ksm_parse(const char *text, uint64_t page_bytes, struct cgroup_ksm *ret);

/* The "2MB" of "hugetlb.2MB.current", in @a; NULL for any other name. */
char *cgroup_huge_page_size(const char *file, struct arena *a);

#endif
