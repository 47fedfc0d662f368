/* SPDX-License-Identifier: Apache-2.0 */
/* limit_rows.h: the rows of struct limit_options, which run, create and update have in common. */
#ifndef CLI_LIMIT_ROWS_H
#define CLI_LIMIT_ROWS_H

#include "cli/args.h"
#include "runtime/limit_options.h"

/* clang-format off */
/* @type: the verb's struct, of which the member `limits` is a struct limit_options */
#define LIMIT_ROWS(type) \
	OPT_STRING(type, limits.class, "class", 0, "NAME", \
		   "latency, normal, batch or idle: weights of all kinds in a word, see the manual"), \
	OPT_STRING(type, limits.memory, "memory", 'm', "BYTES", "memory; 6m or more; -1: no limit"), \
	OPT_STRING(type, limits.memory_swap, "memory-swap", 0, "BYTES", \
		   "memory and swap together; -1: no limit; default: no swap"), \
	OPT_STRING(type, limits.memory_reservation, "memory-reservation", 0, "BYTES", "what it keeps when memory is short"), \
	OPT_STRING(type, limits.memory_low, "memory-low", 0, "BYTES", "the same, by the kernel's name"), \
	OPT_STRING(type, limits.memory_min, "memory-min", 0, "BYTES", "what is never taken from it"), \
	OPT_STRING(type, limits.memory_high, "memory-high", 0, "BYTES", "above this it is slowed down, not killed"), \
	OPT_STRING(type, limits.memory_zswap, "memory-zswap", 0, "BYTES", \
		   "swap kept compressed in memory (zswap); 0: none; -1: no limit"), \
	OPT_SWITCH(type, limits.zswap_writeback, "memory-zswap-writeback", 0, \
		   "from there it may go on to the disk (default); =false: it may not"), \
	OPT_SWITCH(type, limits.oom_group, "oom-group", 0, \
		   "out of memory, it is killed as a whole (default); =false: a process of it"), \
	OPT_STRING(type, limits.cpus, "cpus", 0, "NUMBER", "processors, 0.5 is half of one; 0: no limit"), \
	OPT_STRING(type, limits.cpu_shares, "cpu-shares", 'c', "NUMBER", "weight beside others, 2 to 262144"), \
	OPT_STRING(type, limits.cpu_quota, "cpu-quota", 0, "MICROSECONDS", "processor time in a period; -1: no limit"), \
	OPT_STRING(type, limits.cpu_period, "cpu-period", 0, "MICROSECONDS", "what a quota is for; default: 100000"), \
	OPT_STRING(type, limits.cpu_burst, "cpu-burst", 0, "MICROSECONDS", "what may be saved up of quotas"), \
	OPT_STRING(type, limits.cpuset_cpus, "cpuset-cpus", 0, "LIST", "which processors: 0-2,5"), \
	OPT_STRING(type, limits.cpuset_mems, "cpuset-mems", 0, "LIST", "which memory nodes"), \
	OPT_STRING(type, limits.pids_limit, "pids-limit", 0, "NUMBER", "processes; -1: no limit; default: 2048"), \
	OPT_STRING(type, limits.blkio_weight, "blkio-weight", 0, "NUMBER", "weight beside others at disks, 10 to 1000"), \
	OPT_LIST(type, limits.weight_devices, "blkio-weight-device", 0, "PATH:NUMBER", \
		 "the same for one disk; PATH: a device, or what lies on it"), \
	OPT_LIST(type, limits.throttles[THROTTLE_READ_BPS], "device-read-bps", 0, "PATH:BYTES", \
		 "what it may read in a second; 0: no limit"), \
	OPT_LIST(type, limits.throttles[THROTTLE_WRITE_BPS], "device-write-bps", 0, "PATH:BYTES", "… write"), \
	OPT_LIST(type, limits.throttles[THROTTLE_READ_IOPS], "device-read-iops", 0, "PATH:NUMBER", "the same in requests"), \
	OPT_LIST(type, limits.throttles[THROTTLE_WRITE_IOPS], "device-write-iops", 0, "PATH:NUMBER", "… to write"), \
	OPT_LIST(type, limits.io_latency, "io-latency", 0, "PATH:MICROSECONDS", \
		 "others are held back while its requests take longer"), \
	OPT_LIST(type, limits.cgroup_conf, "cgroup-conf", 0, "FILE=VALUE", "any limit of cgroup v2; goes over the others"), \
	OPT_STRING(type, limits.memory_swappiness, "memory-swappiness", 0, "NUMBER", NULL), \
	OPT_SWITCH(type, limits.oom_kill_disable, "oom-kill-disable", 0, NULL), \
	OPT_STRING(type, limits.kernel_memory, "kernel-memory", 0, "BYTES", NULL), \
	OPT_STRING(type, limits.rt_period, "cpu-rt-period", 0, "MICROSECONDS", NULL), \
	OPT_STRING(type, limits.rt_runtime, "cpu-rt-runtime", 0, "MICROSECONDS", NULL)
/* clang-format on */

#endif
