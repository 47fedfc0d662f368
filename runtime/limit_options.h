/* SPDX-License-Identifier: Apache-2.0 */
/* limit_options.h: what a container may use, as the options of run, create and update say it; NULL: not given. */
#ifndef RUNTIME_LIMIT_OPTIONS_H
#define RUNTIME_LIMIT_OPTIONS_H

#include "spec/spec.h"

struct limit_options {
	const char *class;
	const char *memory, *memory_swap, *memory_reservation, *memory_low, *memory_min, *memory_high,
		*memory_zswap;
	const char *cpus, *cpu_shares, *cpu_quota, *cpu_period, *cpu_burst, *cpuset_cpus, *cpuset_mems;
	const char *pids_limit, *blkio_weight;
	struct strv weight_devices, throttles[THROTTLE_COUNT], io_latency; /* PATH:VALUE */
	struct strv cgroup_conf;					   /* FILE=VALUE */
	enum switch_state oom_group, zswap_writeback;
	/* of cgroup v1 only */
	const char *memory_swappiness, *kernel_memory, *rt_period, *rt_runtime;
	enum switch_state oom_kill_disable;
};

#endif
