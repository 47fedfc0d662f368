/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h: what a profile comes down to before it is compiled: a list of rules for each filter. Our own profiles and
 * the linux.seccomp of a configuration both become one of these; its bytes are the key of the cache.
 */
#ifndef SECCOMP_POLICY_H
#define SECCOMP_POLICY_H

#include "base/arena.h"
#include "seccomp/abi.h"
#include "seccomp/seccomp.h"

#define SECCOMP_ARGS_MAX 6

/* These calls, with arguments for which all of @args hold, get @action. The lists are owned by who lives longer. */
struct rule {
	uint32_t action; /* SECCOMP_RET_* with its data, which are libseccomp's SCMP_ACT_* too */
	const char *const *names;
	size_t n_names;
	const struct spec_seccomp_arg *args;
	size_t n_args;
};

/* The source of one filter. */
struct program {
	uint32_t default_action;
	unsigned flags;	   /* SECCOMP_FILTER_FLAG_* */
	bool newer_enosys; /* calls newer than all that are named get ENOSYS instead of the default */
	bool native_only;  /* says nothing about other ABIs than this machine's own */
	struct rule *rules;
	size_t n, room;
};

struct policy {
	struct arena arena;
	struct program programs[SECCOMP_FILTERS_MAX]; /* in the order of their installation */
	size_t n;
	uint32_t abis; /* BIT() of indices into abi_table: those whose calls the rules are about */
};

void policy_free(struct policy *p);
#define auto_policy __attribute__((cleanup(policy_free)))

/* Append a copy of @r. Return: 0, or -ENOMEM with @e filled. */
int policy_add(struct policy *p, struct program *g, const struct rule *r, struct err *e);

/**
 * policy_plan() - Turn a policy into filters, from the cache where it has them
 * @cache:	Folder of compiled filters, -1 for none
 *
 * Return: 0, or -errno with @e filled
 */
int policy_plan(const struct policy *p, int cache, struct seccomp_plan *ret, struct err *e);

/* Whether the kernel prefers action @a over @b when two filters disagree. */
bool action_stricter(uint32_t a, uint32_t b);

#endif
