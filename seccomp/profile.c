// SPDX-License-Identifier: Apache-2.0
#include "seccomp/profile.h"

const char *const seccomp_profile_names[SECCOMP_PROFILE_COUNT] = {
	[SECCOMP_TIGHT] = "tight",
	[SECCOMP_COMPAT] = "compat",
	[SECCOMP_UNCONFINED] = "unconfined",
};

static const struct profile *const profiles[SECCOMP_PROFILE_COUNT] = {
	[SECCOMP_TIGHT] = &profile_tight,
	[SECCOMP_COMPAT] = &profile_compat,
};

/* The programs of a policy: the deny-list goes first, for its default lets the other one be installed. */
enum { DENY, ALLOW };

static int add_list(struct policy *p, struct program *g, const struct profile_rule *list, size_t n, uint64_t caps,
		    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct rule rule = list[i].rule;

		if (list[i].caps & caps)
			rule.action = SECCOMP_RET_ALLOW;
		int r = policy_add(p, g, &rule, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_profile(struct policy *p, const struct profile *profile, uint64_t caps, struct err *e)
{
	int r = add_list(p, &p->programs[DENY], profile->deny, profile->n_deny, caps, e);

	return r < 0 ? r : add_list(p, &p->programs[ALLOW], profile->allow, profile->n_allow, caps, e);
}

int seccomp_from_profile(enum seccomp_profile profile, uint64_t caps, bool abi32, int cache, struct seccomp_plan *ret,
			 struct err *e)
{
	const struct profile *own = profiles[profile];
	auto_policy struct policy p = { .n = 2 };

	if (!own) {
		*ret = (struct seccomp_plan){ 0 };
		return 0;
	}
	p.programs[DENY].default_action = SECCOMP_RET_ALLOW;
	p.programs[DENY].native_only = own->deny_native_only;
	p.programs[ALLOW].default_action = SECCOMP_RET_ERRNO | ENOSYS;
	p.abis = abi_bit(abi_native()) | (abi32 ? abi_bit(abi_native32()) : 0);
	int r = add_profile(&p, &profile_common, caps, e);

	if (r == 0)
		r = add_profile(&p, own, caps, e);
	return r < 0 ? r : policy_plan(&p, cache, ret, e);
}
