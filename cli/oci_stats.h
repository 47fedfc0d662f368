/* SPDX-License-Identifier: Apache-2.0 */
/* oci_stats.h: the counters of a cgroup as `runc events` writes them (its types/events.go), whose members are of cgroup v1. */
#ifndef CLI_OCI_STATS_H
#define CLI_OCI_STATS_H

#include <jansson.h>

#include "cgroups/cgroups.h"

/* @ret: a new reference. Return: 0, or -ENOMEM with @e filled */
int oci_stats(const struct cgroup_stats *s, const struct cgroup_details *d, json_t **ret, struct err *e);

#endif
