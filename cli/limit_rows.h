/* SPDX-License-Identifier: Apache-2.0 */
/* limit_rows.h: the rows of struct limit_options, which run, create and update have in common. */
#ifndef CLI_LIMIT_ROWS_H
#define CLI_LIMIT_ROWS_H

#include "cli/args.h"
#include "runtime/limit_options.h"

/* clang-format off */
/* @type: the verb's struct, of which the member `limits` is a struct limit_options */
#define LIMIT_ROWS(type) \
	OPT_STRING(type, limits.memory, "memory", 'm', "BYTES", "memory; 6m or more"), \
	OPT_STRING(type, limits.memory_swap, "memory-swap", 0, "BYTES", "memory and swap together; -1: no limit"), \
	OPT_STRING(type, limits.memory_reservation, "memory-reservation", 0, "BYTES", "what it keeps when memory is short"), \
	OPT_STRING(type, limits.cpus, "cpus", 0, "NUMBER", "processors, 0.5 is half of one"), \
	OPT_STRING(type, limits.cpu_shares, "cpu-shares", 'c', "NUMBER", "weight beside others, 2 to 262144"), \
	OPT_STRING(type, limits.cpuset_cpus, "cpuset-cpus", 0, "LIST", "which processors: 0-2,5"), \
	OPT_STRING(type, limits.cpuset_mems, "cpuset-mems", 0, "LIST", "which memory nodes"), \
	OPT_STRING(type, limits.pids_limit, "pids-limit", 0, "NUMBER", "processes; -1: no limit; default: 2048")
/* clang-format on */

#endif
