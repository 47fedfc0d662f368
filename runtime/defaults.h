/* SPDX-License-Identifier: Apache-2.0 */
/* defaults.h: what a container of `paene` gets unless the user says otherwise: mounts, masks, capabilities, limits. */
#ifndef RUNTIME_DEFAULTS_H
#define RUNTIME_DEFAULTS_H

#include "seccomp/seccomp.h"
#include "spec/spec.h"

struct default_mount {
	const char *target, *type, *source;
	const char *options; /* comma-separated */
};
extern const struct default_mount default_mounts[]; /* end with a NULL target */

extern const char *const default_masked_paths[];   /* end with NULL */
#define DEFAULT_MASKED_OF_CPUS "/sys/devices/system/cpu/cpu%u/thermal_throttle" /* of each, where there is one */
extern const char *const default_readonly_paths[]; /* end with NULL */
extern const char *const default_read_only_tmpfs[]; /* --read-only puts a tmpfs here; ends with NULL */
extern const struct spec_pair default_net_sysctls[]; /* with a network namespace of its own; end with a NULL key */

/* What --profile says: how much a container may where no other option says it. */
enum profile_kind {
	PROFILE_DEFAULT,
	PROFILE_COMPAT, /* what podman gives */
	PROFILE_MAX,	/* for what is not trusted at all */
	PROFILE_COUNT,
};
extern const char *const profile_names[PROFILE_COUNT]; /* "default", "compat", "max" */

struct profile {
	enum seccomp_profile seccomp;
	const char *const *caps; /* names of those that are kept; end with NULL */
	bool no_new_privs;
	bool strict; /* a read-only root, no network, a /proc of processes alone, Landlock */
};
extern const struct profile profiles[PROFILE_COUNT];

/* Its capabilities as a mask. */
uint64_t profile_caps(const struct profile *p);

/* All that a container can have: everything in a user namespace of its own, else what this process has not lost itself. */
uint64_t default_all_caps(bool private_userns);

#define DEFAULT_PING_LAST_GROUP 65534
#define DEFAULT_PING_GROUPS	"0 65534"
#define DEFAULT_TTY_GROUP	5
#define DEFAULT_TTY_OPTION	"gid=5"

#define DEFAULT_PIDS_LIMIT   "2048"
#define DEFAULT_SHM_SIZE     "65536k"
#define DEFAULT_STOP_TIMEOUT 10
#define DEFAULT_PATH	     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#endif
