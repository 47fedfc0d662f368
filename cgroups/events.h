/* SPDX-License-Identifier: Apache-2.0 */
/* events.h: the two states in cgroup.events ("populated", "frozen"), read and waited for. */
#ifndef CGROUPS_EVENTS_H
#define CGROUPS_EVENTS_H

#include "base/err.h"

/* Return: 0 or 1, the state that @key names, or -errno with @e filled */
int cgroup_event(int cgroup, const char *key, struct err *e);

/* Milliseconds of a clock that nobody sets. */
int64_t cgroup_clock_ms(void);

/**
 * cgroup_wait_event() - Wait until a state is as wanted
 *
 * Return: 0, or -ETIMEDOUT after @timeout_ms, or -errno; @e filled
 */
int cgroup_wait_event(int cgroup, const char *key, bool wanted, int timeout_ms, struct err *e);

#endif
