/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_oracle.h: what a linux.seccomp says about a call of this machine's own ABI, read from the rules themselves. It
 * shares nothing with what compiles them but the numbers of the calls.
 */
#ifndef TESTS_SECCOMP_ORACLE_H
#define TESTS_SECCOMP_ORACLE_H

#include <errno.h>
#include <linux/seccomp.h>

#include "seccomp/abi.h"
#include "spec/spec.h"

static inline uint32_t oracle_action(uint32_t action, const struct opt_u32 *code)
{
	uint32_t data = code->set ? code->v : EPERM;

	switch (action) {
	case ACT_KILL_PROCESS:
		return SECCOMP_RET_KILL_PROCESS;
	case ACT_KILL:
	case ACT_KILL_THREAD:
		return SECCOMP_RET_KILL_THREAD;
	case ACT_TRAP:
		return SECCOMP_RET_TRAP;
	case ACT_ERRNO:
		return SECCOMP_RET_ERRNO | data;
	case ACT_TRACE:
		return SECCOMP_RET_TRACE | data;
	case ACT_LOG:
		return SECCOMP_RET_LOG;
	case ACT_NOTIFY:
		return SECCOMP_RET_USER_NOTIF;
	default:
		return SECCOMP_RET_ALLOW;
	}
}

/* Smaller is stricter. */
static inline int32_t oracle_rank(uint32_t action)
{
	return (int32_t)(action & SECCOMP_RET_ACTION_FULL);
}

static inline bool oracle_holds(const struct spec_seccomp_arg *a, const char *name, const uint64_t *args)
{
	uint64_t bits = abi_arg_is_int(name, a->index) ? UINT32_MAX : UINT64_MAX;
	uint64_t v = args[a->index] & bits, value = a->value & bits;

	switch (a->op) {
	case OP_NE:
		return v != value;
	case OP_LT:
		return v < value;
	case OP_LE:
		return v <= value;
	case OP_EQ:
		return v == value;
	case OP_GE:
		return v >= value;
	case OP_GT:
		return v > value;
	default:
		return (v & value) == (a->value_two & bits);
	}
}

/* All comparisons, or, where two are about one argument, any. */
static inline bool oracle_matches(const struct spec_seccomp_rule *r, const char *name, const uint64_t *args)
{
	size_t held = 0;
	bool twice = false;

	for (size_t i = 0; i < r->n_args; i++) {
		for (size_t k = 0; k < i; k++)
			twice |= r->args[i].index == r->args[k].index;
		held += oracle_holds(&r->args[i], name, args);
	}
	return twice ? held > 0 : held == r->n_args;
}

/* The name by which a rule means a call, or NULL. */
static inline const char *oracle_name(const struct spec_seccomp_rule *r, int64_t number)
{
	const struct abi *abi = &abi_table[abi_native()];

	for (size_t i = 0; i < r->names.n; i++)
		if (abi_call_number(r->names.v[i], abi) == number)
			return r->names.v[i];
	return NULL;
}

static inline uint32_t oracle_default(const struct spec_seccomp *s, int64_t number)
{
	const struct abi *abi = &abi_table[abi_native()];
	uint32_t action = oracle_action(s->default_action, &s->default_errno_ret);
	int64_t newest = -1;

	for (size_t i = 0; i < s->n_rules; i++)
		for (size_t k = 0; k < s->rules[i].names.n; k++)
			newest = MAX(newest, abi_call_number(s->rules[i].names.v[k], abi));
	if (newest >= 0 && number > newest && oracle_rank(action) < oracle_rank(SECCOMP_RET_TRACE))
		return SECCOMP_RET_ERRNO | ENOSYS;
	return action;
}

/*
 * Of the rules without arguments the first counts; those that repeat the default say nothing. Of the others the strictest
 * counts that matches, the first of equals, if it is stricter than that.
 */
static inline uint32_t oracle_answer(const struct spec_seccomp *s, int64_t number, const uint64_t *args)
{
	uint32_t repeated = oracle_action(s->default_action, &s->default_errno_ret);
	uint32_t answer = oracle_default(s, number);
	bool unconditional = false, matched = false;

	for (size_t i = 0; i < s->n_rules && !unconditional; i++) {
		const struct spec_seccomp_rule *r = &s->rules[i];
		uint32_t action = oracle_action(r->action, &r->errno_ret);

		if (r->n_args == 0 && action != repeated && oracle_name(r, number)) {
			answer = action;
			unconditional = true;
		}
	}
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct spec_seccomp_rule *r = &s->rules[i];
		uint32_t action = oracle_action(r->action, &r->errno_ret);
		const char *name = r->n_args ? oracle_name(r, number) : NULL;

		if (!name || !oracle_matches(r, name, args))
			continue;
		if ((!unconditional && !matched) || oracle_rank(action) < oracle_rank(answer)) {
			answer = action;
			matched = true;
		}
	}
	return answer;
}

#endif
