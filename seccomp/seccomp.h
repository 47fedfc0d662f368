/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.h: from a profile to filter programs, compiled before the container's first process exists and installed as its
 * last step.
 *
 * A profile is the linux.seccomp of a configuration, which makes one filter, or one of ours by name. Ours makes two,
 * stacked: an allow-list, and a list of denied argument values whose default is to allow, so that nothing in the one can
 * undo what the other says. The kernel takes the strictest answer of all filters.
 */
#ifndef SECCOMP_SECCOMP_H
#define SECCOMP_SECCOMP_H

#include <linux/filter.h>

#include "base/err.h"
#include "spec/spec.h"

#define SECCOMP_FILTERS_MAX 2

struct seccomp_filter {
	struct sock_filter *code; /* owned */
	unsigned short n;
	unsigned flags; /* SECCOMP_FILTER_FLAG_* of seccomp(2) */
};

struct seccomp_plan {
	struct seccomp_filter filters[SECCOMP_FILTERS_MAX]; /* installed in this order: the allow-list last */
	size_t n;					    /* 0: no filter at all */
	bool notify; /* one filter has a listener: its fd comes out of seccomp_install() */
};

/* A zeroed plan is fine, and so is one that was freed before. */
void seccomp_plan_free(struct seccomp_plan *p);
#define auto_seccomp_plan __attribute__((cleanup(seccomp_plan_free)))

enum seccomp_profile {
	SECCOMP_TIGHT,	    /* the default: SECURITY section 4 */
	SECCOMP_COMPAT,	    /* podman's posture */
	SECCOMP_UNCONFINED, /* no filter */
	SECCOMP_PROFILE_COUNT,
};
extern const char *const seccomp_profile_names[SECCOMP_PROFILE_COUNT]; /* "tight", "compat", "unconfined" */

/**
 * seccomp_from_profile() - Compile one of our own profiles
 * @caps:	Capabilities in the bounding set (bit N is capability N): some calls are allowed only with theirs
 * @abi32:	Allow the 32-bit ABI of this machine too; otherwise its calls, as those of x32, kill the process. Tight keeps
 *		socketcall(2) closed even then: its address family lies in memory, where no filter sees it
 * @cache:	Folder fd of compiled filters (ours alone, mode 0700), -1 for none. An entry is used only when the whole key
 *		stored in it is equal; a damaged one is compiled anew and replaced
 * @ret:	To be freed with seccomp_plan_free()
 *
 * Return: 0, or -errno with @e filled
 */
int seccomp_from_profile(enum seccomp_profile profile, uint64_t caps, bool abi32, int cache, struct seccomp_plan *ret,
			 struct err *e);

/**
 * seccomp_from_spec() - Compile linux.seccomp of a configuration
 *
 * Unknown syscall names are skipped, as the specification allows; an unknown flag, architecture or an argument index over 5
 * is an error. Rules on one call with several comparisons of one argument are or-ed, as runc does. When the default action
 * refuses a call, those newer than every call the profile names get ENOSYS, as with runc. Without a list of flags, be it an
 * empty one, SECCOMP_FILTER_FLAG_SPEC_ALLOW is set, as with runc and crun.
 *
 * Where several rules with arguments match one call, the strictest action is the answer, of equals the first; beside an
 * unconditional rule they count where they are stricter. Of two unconditional rules the first counts. (libseccomp by itself
 * forgets rules with arguments beside one without.) SCMP_ACT_NOTIFY can be neither the default action nor that of write, as
 * with runc. Arguments that the kernel cuts to 32 bits (an address family, a request of ioctl) are compared in 32 bits.
 *
 * Return: 0, or -errno with @e filled
 */
int seccomp_from_spec(const struct spec_seccomp *s, int cache, struct seccomp_plan *ret, struct err *e);

/**
 * seccomp_install() - Put the filters on the calling thread; afterwards only what they allow works
 * @ret_listener: With @p->notify the listener's fd, owned by the caller; may be NULL otherwise
 *
 * A plan with @notify takes care of nothing but the fd: whoever sends it on does so with calls that the filter may refuse.
 *
 * Needs no_new_privs or CAP_SYS_ADMIN in the caller's user namespace (seccomp(2)).
 *
 * Return: 0, or -errno with @e filled
 */
int seccomp_install(const struct seccomp_plan *p, int *ret_listener, struct err *e);

/* The architectures and flags that linux.seccomp may name, for `features`. Return: the @i-th, NULL after the last. */
const char *seccomp_arch_name(size_t i);
const char *seccomp_flag_name(size_t i);

/* Whether this kernel has the @i-th flag. */
bool seccomp_flag_supported(size_t i);

#endif
