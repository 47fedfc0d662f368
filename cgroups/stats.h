/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h: the counters of one file of a cgroup; pure. */
#ifndef CGROUPS_STATS_H
#define CGROUPS_STATS_H

#include "cgroups/cgroups.h"

/* Put what @text, the content of @file ("cpu.stat", "io.pressure", …), says into @ret; the rest is left as it is. */
void cgroup_stats_parse(const char *file, const char *text, struct cgroup_stats *ret);

#endif
