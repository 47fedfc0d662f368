/* SPDX-License-Identifier: Apache-2.0 */
/* limit_options.h: what a container may use, as the options of run, create and update say it; NULL: not given. */
#ifndef RUNTIME_LIMIT_OPTIONS_H
#define RUNTIME_LIMIT_OPTIONS_H

struct limit_options {
	const char *memory, *memory_swap, *memory_reservation, *cpus, *cpu_shares, *cpuset_cpus, *cpuset_mems, *pids_limit;
};

#endif
