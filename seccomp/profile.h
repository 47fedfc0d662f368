/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h: the tables of our own profiles.
 *
 * Each profile is an allow-list and a deny-list, stacked. The allow-list's default is ENOSYS, so that a program takes
 * a call that we have never met for one that this kernel lacks, and falls back; a call that is known and refused has a
 * rule that says EPERM. The deny-list's default is to allow: it takes single argument values out of calls that the
 * allow-list lets through.
 *
 * Rules with arguments compare the low 32 bits only wherever the kernel looks at no more: a filter that compared all
 * 64 would let AF_ALG through with bit 32 set.
 */
#ifndef SECCOMP_PROFILE_H
#define SECCOMP_PROFILE_H

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>

#include "seccomp/policy.h"

struct profile_rule {
	uint64_t caps; /* with one of these (BIT64(CAP_…)) in the bounding set, the calls are allowed instead */
	struct rule rule;
};

struct profile {
	const struct profile_rule *allow, *deny;
	size_t n_allow, n_deny;
	bool deny_native_only; /* the deny-list says nothing about the 32-bit ABI */
};

extern const struct profile profile_common; /* what the others begin with */
extern const struct profile profile_tight;
extern const struct profile profile_compat;

#define ALLOWED	       .action = SECCOMP_RET_ALLOW
#define REFUSED(errnum) .action = SECCOMP_RET_ERRNO | (errnum)
#define CALLS(...) \
	.names = (const char *const[]){ __VA_ARGS__ }, \
	.n_names = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *)

#define ARGS(...) \
	.args = (const struct spec_seccomp_arg[]){ __VA_ARGS__ }, \
	.n_args = sizeof((const struct spec_seccomp_arg[]){ __VA_ARGS__ }) / sizeof(struct spec_seccomp_arg)
/* Bits of an argument: those of @mask, which has none above 31, are equal to @want. */
#define BITS(arg, mask, want) { .index = (arg), .op = OP_MASKED_EQ, .value = (mask), .value_two = (want) }
/* An argument of 32 bits. */
#define EQUAL(arg, want) BITS(arg, UINT32_MAX, want)

#define PROFILE_LISTS(allow_list, deny_list) \
	.allow = (allow_list), .n_allow = ARRAY_SIZE(allow_list), .deny = (deny_list), .n_deny = ARRAY_SIZE(deny_list)

#endif
