/* SPDX-License-Identifier: Apache-2.0 */
/* names.h: the words of the specification's enums; the decoder, the encoder and `features` read the same tables. */
#ifndef SPEC_NAMES_H
#define SPEC_NAMES_H

#include "spec/spec.h"

extern const char *const spec_ns_names[NS_COUNT];		/* "user", "cgroup", … */
extern const char *const spec_hook_names[HOOK_COUNT];		/* "prestart", … */
extern const char *const spec_action_names[ACT_COUNT];		/* "SCMP_ACT_KILL", … */
extern const char *const spec_op_names[OP_END];			/* "SCMP_CMP_NE" at OP_NE, …; [0] is NULL */
extern const char *const spec_propagation_names[PROPAGATION_COUNT]; /* "", "shared", … */
extern const char *const spec_throttle_names[THROTTLE_COUNT];	/* "throttleReadBpsDevice", … */

/* Those whose index is the kernel's number; holes are NULL. */
extern const char *const spec_rlimit_names[16];	       /* "RLIMIT_CPU", … */
extern const char *const spec_sched_policy_names[7];   /* "SCHED_OTHER", … */
extern const char *const spec_sched_flag_names[7];     /* by bit: "SCHED_FLAG_RESET_ON_FORK", … */
extern const char *const spec_ioprio_class_names[4];   /* "IOPRIO_CLASS_RT" at 1, … */
extern const char *const spec_mempolicy_mode_names[7]; /* "MPOL_DEFAULT", … */
extern const char *const spec_mempolicy_flag_names[3]; /* by bit, from SPEC_MEMPOLICY_FLAG_BIT on: "MPOL_F_NUMA_BALANCING", … */
extern const char *const spec_personality_names[9];    /* "LINUX", "LINUX32" at PER_LINUX32 */

#define SPEC_MEMPOLICY_FLAG_BIT 13 /* of MPOL_F_NUMA_BALANCING */

/* A word's index in a table, -1 where it is not in it. NULL entries are skipped. */
int spec_name_index(const char *const *names, size_t n, const char *word);

/* "RLIMIT_NOFILE" to RLIMIT_NOFILE and back; -1 and NULL where unknown. */
int spec_rlimit_number(const char *name);
const char *spec_rlimit_name(int resource);

/**
 * spec_cap_number() - A capability by name: "CAP_CHOWN", "chown", in any case
 *
 * Return: its number, or -1 where it is unknown
 */
int spec_cap_number(const char *name);
/* Upper case with "CAP_"; NULL for an unknown number. */
const char *spec_cap_name(int number);
#define SPEC_CAP_COUNT 41 /* CAP_CHECKPOINT_RESTORE is 40 */

#endif
