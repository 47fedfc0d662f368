// SPDX-License-Identifier: Apache-2.0
#include "spec/names.h"

#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <strings.h>
#include <sys/personality.h>
#include <sys/resource.h>

#define MODE_WEIGHTED_INTERLEAVE 6 /* MPOL_WEIGHTED_INTERLEAVE of 6.9 */
#define POLICY_ISO		 4 /* SCHED_ISO: reserved, no kernel has it */

const char *const spec_ns_names[NS_COUNT] = {
	[NS_USER] = "user", [NS_CGROUP] = "cgroup", [NS_IPC] = "ipc",	  [NS_UTS] = "uts",
	[NS_NET] = "network", [NS_PID] = "pid",	    [NS_MOUNT] = "mount", [NS_TIME] = "time",
};

const char *const spec_hook_names[HOOK_COUNT] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

const char *const spec_action_names[ACT_COUNT] = {
	[ACT_KILL] = "SCMP_ACT_KILL",
	[ACT_KILL_PROCESS] = "SCMP_ACT_KILL_PROCESS",
	[ACT_KILL_THREAD] = "SCMP_ACT_KILL_THREAD",
	[ACT_TRAP] = "SCMP_ACT_TRAP",
	[ACT_ERRNO] = "SCMP_ACT_ERRNO",
	[ACT_TRACE] = "SCMP_ACT_TRACE",
	[ACT_ALLOW] = "SCMP_ACT_ALLOW",
	[ACT_LOG] = "SCMP_ACT_LOG",
	[ACT_NOTIFY] = "SCMP_ACT_NOTIFY",
};

const char *const spec_op_names[OP_END] = {
	[OP_NE] = "SCMP_CMP_NE", [OP_LT] = "SCMP_CMP_LT", [OP_LE] = "SCMP_CMP_LE",
	[OP_EQ] = "SCMP_CMP_EQ", [OP_GE] = "SCMP_CMP_GE", [OP_GT] = "SCMP_CMP_GT",
	[OP_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
};

const char *const spec_propagation_names[PROPAGATION_COUNT] = {
	[PROPAGATION_NONE] = "",
	[PROPAGATION_SHARED] = "shared",
	[PROPAGATION_SLAVE] = "slave",
	[PROPAGATION_PRIVATE] = "private",
	[PROPAGATION_UNBINDABLE] = "unbindable",
};

const char *const spec_throttle_names[THROTTLE_COUNT] = {
	[THROTTLE_READ_BPS] = "throttleReadBpsDevice",
	[THROTTLE_WRITE_BPS] = "throttleWriteBpsDevice",
	[THROTTLE_READ_IOPS] = "throttleReadIOPSDevice",
	[THROTTLE_WRITE_IOPS] = "throttleWriteIOPSDevice",
};

const char *const spec_rlimit_names[] = {
	[RLIMIT_CPU] = "RLIMIT_CPU",
	[RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_DATA] = "RLIMIT_DATA",
	[RLIMIT_STACK] = "RLIMIT_STACK",
	[RLIMIT_CORE] = "RLIMIT_CORE",
	[RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",
	[RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
	[RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
	[RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
	[RLIMIT_RTTIME] = "RLIMIT_RTTIME",
};
static_assert(ARRAY_SIZE(spec_rlimit_names) == RLIM_NLIMITS, "a name for each resource of setrlimit(2)");

const char *const spec_sched_policy_names[] = {
	[SCHED_NORMAL] = "SCHED_OTHER",
	[SCHED_FIFO] = "SCHED_FIFO",
	[SCHED_RR] = "SCHED_RR",
	[SCHED_BATCH] = "SCHED_BATCH",
	[POLICY_ISO] = "SCHED_ISO",
	[SCHED_IDLE] = "SCHED_IDLE",
	[SCHED_DEADLINE] = "SCHED_DEADLINE",
};

const char *const spec_sched_flag_names[] = {
	"SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",	 "SCHED_FLAG_DL_OVERRUN",     "SCHED_FLAG_KEEP_POLICY",
	"SCHED_FLAG_KEEP_PARAMS",   "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX",
};
static_assert(BIT(ARRAY_SIZE(spec_sched_flag_names)) - 1 == SCHED_FLAG_ALL, "a name for each flag of sched_setattr(2)");

const char *const spec_ioprio_class_names[] = {
	[IOPRIO_CLASS_RT] = "IOPRIO_CLASS_RT",
	[IOPRIO_CLASS_BE] = "IOPRIO_CLASS_BE",
	[IOPRIO_CLASS_IDLE] = "IOPRIO_CLASS_IDLE",
};

const char *const spec_mempolicy_mode_names[] = {
	[MPOL_DEFAULT] = "MPOL_DEFAULT",
	[MPOL_PREFERRED] = "MPOL_PREFERRED",
	[MPOL_BIND] = "MPOL_BIND",
	[MPOL_INTERLEAVE] = "MPOL_INTERLEAVE",
	[MPOL_LOCAL] = "MPOL_LOCAL",
	[MPOL_PREFERRED_MANY] = "MPOL_PREFERRED_MANY",
	[MODE_WEIGHTED_INTERLEAVE] = "MPOL_WEIGHTED_INTERLEAVE",
};

const char *const spec_mempolicy_flag_names[] = {
	"MPOL_F_NUMA_BALANCING",
	"MPOL_F_RELATIVE_NODES",
	"MPOL_F_STATIC_NODES",
};
static_assert(MPOL_F_NUMA_BALANCING == BIT(SPEC_MEMPOLICY_FLAG_BIT) &&
	      MPOL_F_STATIC_NODES == BIT(SPEC_MEMPOLICY_FLAG_BIT + ARRAY_SIZE(spec_mempolicy_flag_names) - 1),
	      "a name for each flag of set_mempolicy(2)");

const char *const spec_personality_names[] = {
	[PER_LINUX] = "LINUX",
	[PER_LINUX32] = "LINUX32",
};

static const char *const cap_names[] = {
	[CAP_CHOWN] = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER] = "CAP_FOWNER",
	[CAP_FSETID] = "CAP_FSETID",
	[CAP_KILL] = "CAP_KILL",
	[CAP_SETGID] = "CAP_SETGID",
	[CAP_SETUID] = "CAP_SETUID",
	[CAP_SETPCAP] = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN] = "CAP_NET_ADMIN",
	[CAP_NET_RAW] = "CAP_NET_RAW",
	[CAP_IPC_LOCK] = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER] = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE] = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT] = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT] = "CAP_SYS_BOOT",
	[CAP_SYS_NICE] = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME] = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD] = "CAP_MKNOD",
	[CAP_LEASE] = "CAP_LEASE",
	[CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP] = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
	[CAP_SYSLOG] = "CAP_SYSLOG",
	[CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "CAP_AUDIT_READ",
	[CAP_PERFMON] = "CAP_PERFMON",
	[CAP_BPF] = "CAP_BPF",
	[CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};
static_assert(ARRAY_SIZE(cap_names) == SPEC_CAP_COUNT, "a name for each capability");

int spec_name_index(const char *const *names, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && streq(names[i], word))
			return (int)i;
	return -1;
}

int spec_rlimit_number(const char *name)
{
	return spec_name_index(spec_rlimit_names, ARRAY_SIZE(spec_rlimit_names), name);
}

const char *spec_rlimit_name(int resource)
{
	return resource >= 0 && resource < (int)ARRAY_SIZE(spec_rlimit_names) ? spec_rlimit_names[resource] : NULL;
}

int spec_cap_number(const char *name)
{
	size_t prefix = strncasecmp(name, "CAP_", 4) == 0 ? 4 : 0;

	for (int i = 0; i < SPEC_CAP_COUNT; i++)
		if (strcasecmp(cap_names[i] + 4, name + prefix) == 0)
			return i;
	return -1;
}

const char *spec_cap_name(int number)
{
	return number >= 0 && number < SPEC_CAP_COUNT ? cap_names[number] : NULL;
}
